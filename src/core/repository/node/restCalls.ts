import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Secret } from '../../../base/secret.ts';
import { isConfidential, type RepositoryLocation } from '../location.ts';
import { objectFolders } from '../objectFolders.ts';
import type { ListedObject, ObjectKind, ObjectName } from '../objectStore.ts';
import { type HttpAnswer, HttpExchange } from './httpExchange.ts';
import { type ByteRange, type ListedPage, type RemoteBody, type RemoteCalls } from './remoteCalls.ts';
import { appendOnly, statusError } from './remoteErrors.ts';

export interface RestOptions {
  readonly location: RepositoryLocation & { readonly kind: 'rest' };
  readonly account: { readonly user: string; readonly password: Secret } | undefined;
  readonly ca: string | undefined;
}

const listType = 'application/vnd.x.restic.rest.v2';

/** 64 digits and a number take less than 100 bytes: two million objects, twice what a repository should hold. */
const maxListBytes = 200 * 1024 * 1024;

/**
 * restic's REST server, version 2 of its protocol. It knows the folders of the format and no other, but repositories
 * inside of repositories: the audit record is kept as the snapshots of one named `audit`.
 */
export class RestCalls implements RemoteCalls {
  readonly location: string;
  readonly #root: string;
  readonly #host: string;
  readonly #http: HttpExchange;

  /**
   * @param name  the location as people know it
   * @throws INVALID_INPUT if the password would travel unencrypted
   */
  constructor(name: string, { location, account, ca }: RestOptions) {
    const url = new URL(location.url);
    if (account !== undefined && !isConfidential(url)) {
      throw new AppError('INVALID_INPUT', `${name}: the password would travel without encryption`, {
        object: name,
        remedy: 'Use https',
      });
    }
    this.location = name;
    this.#root = location.url;
    this.#host = url.host;
    this.#http = new HttpExchange({
      ca,
      authorization:
        account === undefined
          ? undefined
          : `Basic ${Buffer.from(`${account.user}:${account.password.reveal()}`).toString('base64')}`,
    });
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const url = new URL(`${this.#root}?create=true`);
    const status = await this.#http.status({ method: 'POST', url }, signal);
    if (status !== 200) throw this.#refused(status, 'create', this.location);
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const url = this.#url(name);
    const headers = { 'Content-Type': 'application/octet-stream' };
    const status = await this.#http.status({ method: 'POST', url, headers, body: bytes }, signal);
    if (status === 200) return;
    // It says the same of a name that is taken and of an account that may not write.
    if (status === 403 && (await this.#http.status({ method: 'HEAD', url }, signal)) === 200) {
      throw new AppError('CONFLICT', `${url.pathname} exists already on ${this.#host}`, {
        object: url.pathname,
      });
    }
    throw this.#refused(status, 'put', url.pathname);
  }

  async get(name: ObjectName, range: ByteRange | undefined, signal: AbortSignal): Promise<RemoteBody> {
    const url = this.#url(name);
    const headers: Readonly<Record<string, string>> =
      range === undefined
        ? {}
        : { Range: `bytes=${range.offsetBytes}-${range.offsetBytes + range.lengthBytes - 1}` };
    const answer = await this.#http.ask({ method: 'GET', url, headers }, signal);
    const wanted = range === undefined ? 200 : 206;
    if (answer.status !== wanted) {
      answer.close();
      throw answer.status === 416
        ? new CorruptDataError(`${url.pathname} on ${this.#host} ends earlier than expected`, {
            object: url.pathname,
          })
        : this.#refused(answer.status, 'get', url.pathname);
    }
    return { lengthBytes: this.#lengthOf(answer, url), bytes: answer.bytes, close: () => answer.close() };
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    const url = this.#url(name);
    const answer = await this.#http.ask({ method: 'HEAD', url }, signal);
    await answer.discard();
    if (answer.status !== 200) throw this.#refused(answer.status, 'get', url.pathname);
    return this.#lengthOf(answer, url);
  }

  async listPage(kind: ObjectKind, _: string | undefined, signal: AbortSignal): Promise<ListedPage> {
    const url = new URL(`${this.#root}${folderOf(kind)}/`);
    const answer = await this.#http.ask({ method: 'GET', url, headers: { Accept: listType } }, signal);
    if (answer.status === 200) return { objects: await readList(answer, url), next: undefined };
    answer.close();
    // A folder comes with its first object.
    if (answer.status === 404) return { objects: [], next: undefined };
    throw this.#refused(answer.status, 'list', url.pathname);
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    const url = this.#url(name);
    const status = await this.#http.status({ method: 'DELETE', url }, signal);
    if (status === 403) throw appendOnly(url.pathname, this.#host);
    if (status !== 200) throw this.#refused(status, 'remove', url.pathname);
  }

  #url({ kind, id }: ObjectName): URL {
    return new URL(`${this.#root}${kind === 'config' ? 'config' : `${folderOf(kind)}/${id}`}`);
  }

  #lengthOf(answer: HttpAnswer, url: URL): number {
    const length = Number(answer.headers['content-length'] ?? NaN);
    if (Number.isSafeInteger(length)) return length;
    answer.close();
    throw new AppError('UNSUPPORTED_FORMAT', `${this.#host} does not say how long ${url.pathname} is`, {
      object: this.#host,
    });
  }

  #refused(status: number, call: string, what: string): AppError {
    switch (status) {
      case 404:
        return new AppError('NOT_FOUND', `${what} does not exist on ${this.#host}`, { object: what });
      case 401:
        return new AppError('AUTHENTICATION', `${this.#host} refuses name or password`, {
          object: this.#host,
          remedy: 'Check both, and that this account may use the path',
        });
      case 403:
        return new AppError('PERMISSION', `${this.#host} does not allow this account to ${call} ${what}`, {
          object: what,
          remedy: 'Use an account that may',
        });
      default:
        return statusError(this.#host, status, `${call} of ${what}`);
    }
  }
}

function folderOf(kind: ObjectKind): string {
  if (kind === 'config') return '';
  return kind === 'audit' ? 'audit/snapshots' : objectFolders[kind];
}

/** `[{"name": …, "size": …}, …]`; `null` for none. */
async function readList({ bytes, headers }: HttpAnswer, url: URL): Promise<readonly ListedObject[]> {
  if (headers['content-type']?.startsWith(listType) !== true) {
    throw new AppError('UNSUPPORTED_FORMAT', `${url.host} lists objects in an unknown way`, {
      object: url.host,
      remedy: 'Check that the address is that of a REST server of restic, version 0.10 or newer',
    });
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > maxListBytes)
      throw new CorruptDataError(`${url.href} is a list without end`, { object: url.href });
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString();
  if (text.trim() === 'null') return [];
  return JsonReader.parse(`{"objects":${text}}`, url.href)
    .objects('objects')
    .map(object => ({ id: object.string('name'), sizeBytes: object.count('size') }));
}
