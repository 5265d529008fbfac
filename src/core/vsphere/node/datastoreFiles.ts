import type { IncomingMessage } from 'node:http';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { privilegeRemedy } from '../faultMeanings.ts';
import { openDownload, type HttpTransfer, type StallWatch } from './httpTransfer.ts';
import type { TransferEndpoint } from './vimClient.ts';

/** A server that refuses a file does not say for want of which. */
export const fileReadPrivileges = ['Datastore.Browse', 'Datastore.FileManagement'] as const;

/** A file of a datastore as the API and the inventory name it. */
export interface DatastoreFilePlace {
  /** The whole inventory path of the datacenter, folders included, for instance "Europe/Paris". */
  readonly datacenterPath: string;
  /** `[datastore] folder/file`. */
  readonly path: string;
}

export interface DatastoreFileRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** The version an earlier answer told: if it is another one meanwhile, opening fails with CONFLICT. */
  readonly version?: string;
}

/** A file, or a part of one, that is being read. Disposing ends the connection. */
export interface OpenDatastoreFile extends AsyncDisposable {
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** Names this state of the file: its entity tag, or the time of its last change; undefined if the server tells neither. */
  readonly version: string | undefined;
  /** Exactly the bytes that were asked for, or an error; can be read once. A yielded buffer is the consumer's. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Opens a file of a datastore over the server's `/folder`, whole or a range of it.
 * @throws NOT_FOUND; PERMISSION; AUTHENTICATION; CONFLICT, retryable, if a host has the file locked or, with a
 *   version, the file is another one; INVALID_INPUT for a range behind its end; UNREACHABLE, retryable
 */
export async function openDatastoreFile(
  endpoint: TransferEndpoint,
  place: DatastoreFilePlace,
  range: DatastoreFileRange | undefined,
  watch: StallWatch,
  signal: AbortSignal,
): Promise<OpenDatastoreFile> {
  const download = await openDownload(transferOf(endpoint, place), rangeHeaders(range), watch, signal);
  try {
    const { response } = download;
    requireAnswer(response, place, range);
    const { offsetBytes, lengthBytes, sizeBytes } = answeredRange(response, place);
    if (range !== undefined && response.statusCode === 200 && range.version !== undefined)
      throw changed(place);
    const wanted = range ?? { offsetBytes: 0, lengthBytes: sizeBytes };
    const isWanted =
      offsetBytes === wanted.offsetBytes &&
      lengthBytes === Math.min(wanted.lengthBytes, sizeBytes - offsetBytes);
    if (!isWanted)
      throw new AppError(
        'UNSUPPORTED_FORMAT',
        `${place.path}: the server answers with bytes that were not asked for`,
        { object: place.path, remedy: 'Read the file as a whole, or by another way' },
      );
    return {
      sizeBytes,
      version: response.headers.etag ?? response.headers['last-modified'],
      bytes: exactly(download.bytes, lengthBytes, place.path),
      [Symbol.asyncDispose]: async () => await download[Symbol.asyncDispose](),
    };
  } catch (error) {
    await download[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * A small file as a whole.
 * @throws INVALID_INPUT for one of more than `maxBytes`, before they are read; else as openDatastoreFile
 */
export async function readDatastoreFile(
  endpoint: TransferEndpoint,
  place: DatastoreFilePlace,
  maxBytes: number,
  watch: StallWatch,
  signal: AbortSignal,
): Promise<Uint8Array> {
  await using file = await openDatastoreFile(endpoint, place, undefined, watch, signal);
  if (file.sizeBytes > maxBytes)
    throw new AppError(
      'INVALID_INPUT',
      `${place.path} has ${file.sizeBytes} bytes, more than the ${maxBytes} that are read at once`,
      { object: place.path },
    );
  const content = new Uint8Array(file.sizeBytes);
  let filledBytes = 0;
  for await (const piece of file.bytes) {
    content.set(piece, filledBytes);
    filledBytes += piece.length;
  }
  return content;
}

/** @throws INVALID_INPUT for what is no path of a datastore */
export function datastoreFileUrl(host: string, { datacenterPath, path }: DatastoreFilePlace): URL {
  const match = /^\[([^\]]+)\] *(.+)$/.exec(path);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new AppError('INVALID_INPUT', `"${path}" is no path of a file on a datastore`, {
      remedy: 'Give a path such as [datastore1] web01/web01.vmx',
    });
  const steps = match[2]
    .split('/')
    .filter(step => step !== '')
    .map(encodeURIComponent);
  const url = new URL(`https://${host}/folder/${steps.join('/')}`);
  url.searchParams.set('dcPath', datacenterPath.replace(/^\/+|\/+$/g, ''));
  url.searchParams.set('dsName', match[1]);
  return url;
}

function transferOf(endpoint: TransferEndpoint, place: DatastoreFilePlace): HttpTransfer {
  const { host, identity, cookie } = endpoint;
  return { name: place.path, url: datastoreFileUrl(host, place), identity, cookie };
}

function rangeHeaders(range: DatastoreFileRange | undefined): Record<string, string> {
  if (range === undefined) return {};
  const { offsetBytes, lengthBytes, version } = range;
  if (lengthBytes <= 0) throw new AppError('INVALID_INPUT', `a range of ${lengthBytes} bytes cannot be read`);
  return {
    Range: `bytes=${offsetBytes}-${offsetBytes + lengthBytes - 1}`,
    ...(version !== undefined && { 'If-Range': version }),
  };
}

/** @throws as openDatastoreFile does, for every status that is no success */
function requireAnswer(
  { statusCode = 0 }: IncomingMessage,
  { path }: DatastoreFilePlace,
  range: DatastoreFileRange | undefined,
): void {
  switch (statusCode) {
    case 200:
    case 206:
      return;
    case 401:
      throw new AppError('AUTHENTICATION', `${path}: the server does not know the session`, {
        object: path,
        retryable: true,
        remedy: 'Log in again',
      });
    case 403:
      throw new AppError(
        'PERMISSION',
        `${path} may not be read: that needs the privileges ${fileReadPrivileges.join(' and ')} on its datastore`,
        { object: path, remedy: privilegeRemedy },
      );
    case 404:
      throw new AppError('NOT_FOUND', `${path} is not there`, {
        object: path,
        remedy: 'Look at what is on the datastore',
      });
    case 409:
    case 423:
    case 500:
      // A host that has the file open says no more than that something went wrong.
      throw new AppError('CONFLICT', `${path} cannot be read now: HTTP status ${statusCode}`, {
        object: path,
        retryable: true,
        remedy: 'Try again when no host has the file locked',
      });
    case 416:
      throw new AppError(
        'INVALID_INPUT',
        `${path} ends before byte ${range?.offsetBytes ?? 0}, which was asked for`,
        { object: path },
      );
    default:
      throw new AppError('UNREACHABLE', `${path}: the server answered with HTTP status ${statusCode}`, {
        object: path,
        remedy: 'Look at the load and the log of the server, then try again',
      });
  }
}

function answeredRange(
  { statusCode, headers }: IncomingMessage,
  { path }: DatastoreFilePlace,
): { offsetBytes: number; lengthBytes: number; sizeBytes: number } {
  if (statusCode === 206) {
    const [, first, last, size] =
      /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(headers['content-range'] ?? '') ?? [];
    if (first !== undefined && last !== undefined && size !== undefined)
      return {
        offsetBytes: Number(first),
        lengthBytes: Number(last) - Number(first) + 1,
        sizeBytes: Number(size),
      };
  }
  const length = headers['content-length'];
  if (statusCode === 200 && length !== undefined && /^\d{1,16}$/.test(length))
    return { offsetBytes: 0, lengthBytes: Number(length), sizeBytes: Number(length) };
  throw new AppError('UNSUPPORTED_FORMAT', `${path}: the server does not say which bytes it sends`, {
    object: path,
  });
}

function changed({ path }: DatastoreFilePlace): AppError {
  return new AppError('CONFLICT', `${path} is another file than before`, {
    object: path,
    remedy: 'Read it from its beginning',
  });
}

/** HTTP already refuses a body that ends early; whoever reads a disk by ranges must not depend on it. */
async function* exactly(
  bytes: AsyncIterable<Uint8Array>,
  lengthBytes: number,
  path: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let passedBytes = 0;
  for await (const piece of bytes) {
    passedBytes += piece.length;
    if (passedBytes > lengthBytes) break;
    yield piece;
  }
  if (passedBytes !== lengthBytes)
    throw new CorruptDataError(`${path}: the answer has ${passedBytes} bytes instead of ${lengthBytes}`, {
      object: path,
    });
}
