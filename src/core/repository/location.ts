import { AppError } from '../../base/errors.ts';

/**
 * Where a repository is, as people write it, in the words that restic takes too:
 * `s3:https://host[:port]/bucket[/prefix]`, `rest:https://host[:port]/path`, or the path of a folder.
 */
export type RepositoryLocation =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 's3';
      /** `https://host[:port]`. */
      readonly endpoint: string;
      readonly bucket: string;
      /** Without slashes at its ends; empty for the whole bucket. */
      readonly prefix: string;
    }
  /** Ends with a slash. */
  | { readonly kind: 'rest'; readonly url: string };

/** @throws INVALID_INPUT for a URL that names no such place, or that holds a password */
export function parseLocation(text: string): RepositoryLocation {
  const [, kind, address] = /^(s3|rest):(.*)$/s.exec(text) ?? [];
  if (kind === undefined || address === undefined) return { kind: 'folder', path: text };
  return kind === 's3' ? s3Location(text, address) : restLocation(text, address);
}

/** The one way to write a location, so that the same place is the same text. */
export function formatLocation(location: RepositoryLocation): string {
  switch (location.kind) {
    case 'folder':
      return location.path;
    case 's3':
      return `s3:${[location.endpoint, location.bucket, location.prefix].filter(part => part !== '').join('/')}`;
    case 'rest':
      return `rest:${location.url}`;
  }
}

function s3Location(text: string, address: string): RepositoryLocation {
  const wanted = 'Write s3:https://HOST/BUCKET/PREFIX';
  const url = webAddress(text, address, wanted);
  const [bucket = '', ...prefix] = decodeURIComponent(url.pathname)
    .split('/')
    .filter(part => part !== '');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw invalid(text, 'names no bucket', wanted);
  if (prefix.some(part => part === '.' || part === '..'))
    throw invalid(text, 'holds a relative path', wanted);
  return { kind: 's3', endpoint: url.origin, bucket, prefix: prefix.join('/') };
}

function restLocation(text: string, address: string): RepositoryLocation {
  const url = webAddress(text, address, 'Write rest:https://HOST/PATH');
  return { kind: 'rest', url: `${url.origin}${url.pathname.replace(/\/*$/, '/')}` };
}

/** Without encryption a password could be read on the way; to this machine there is no way. */
export function isConfidential(url: URL): boolean {
  return url.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

function webAddress(text: string, address: string, remedy: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  // Neither is repeated in the message, which would end up in a log: not even what is no URL because of a slash in it.
  if (url === undefined ? address.includes('@') : url.username !== '' || url.password !== '') {
    throw new AppError('INVALID_INPUT', 'the address of the repository holds a password', {
      object: url?.host ?? 'location',
      remedy: 'Leave name and password out of it; they are asked for, or read from where you say',
    });
  }
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    throw invalid(text, 'holds no address of a server', remedy);
  if (url.search !== '' || url.hash !== '') throw invalid(text, 'is more than a place', remedy);
  return url;
}

function invalid(text: string, problem: string, remedy: string): AppError {
  return new AppError('INVALID_INPUT', `${text} ${problem}`, { object: text, remedy });
}
