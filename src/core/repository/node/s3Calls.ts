import { systemClock, type Clock } from '../../../base/clock.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { Secret } from '../../../base/secret.ts';
import type { RepositoryLocation } from '../location.ts';
import { objectFolders } from '../objectFolders.ts';
import type { ListedObject, ObjectKind, ObjectName } from '../objectStore.ts';
import { type ByteRange, type ListedPage, type RemoteBody, type RemoteCalls } from './remoteCalls.ts';
import { type S3Call, s3Error } from './s3Errors.ts';
import type { S3Sdk } from './s3Sdk.ts';

export interface S3Account {
  readonly keyId: string;
  readonly secret: Secret;
  readonly sessionToken: Secret | undefined;
}

export interface S3Options {
  readonly location: RepositoryLocation & { readonly kind: 's3' };
  readonly account: S3Account;
  /** By default the one in the name of Amazon's endpoint, else the one that other servers call their only one. */
  readonly region: string | undefined;
  readonly ca: string | undefined;
}

const connectTimeoutMs = 15_000;
const stallTimeoutMs = 120_000;

/**
 * A bucket of an S3-compatible server, in restic's layout. Objects are one `PutObject` each: the largest, a pack of
 * 128 MiB and a little, is far below the 5 GiB from which S3 asks for several parts, and a single put is all or nothing.
 */
export class S3Calls implements RemoteCalls {
  readonly location: string;
  readonly #sdk: S3Sdk;
  readonly #prefix: string;
  readonly #host: string;
  readonly #bucket: string;
  /** Until a server says that it knows no conditions. */
  #isConditional = true;

  private constructor(sdk: S3Sdk, location: string, { endpoint, bucket, prefix }: S3Options['location']) {
    this.#sdk = sdk;
    this.location = location;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#host = new URL(endpoint).host;
    this.#bucket = bucket;
  }

  /** @param name  the location as people know it */
  static async load(name: string, options: S3Options, clock: Clock): Promise<S3Calls> {
    const { location, account, region, ca } = options;
    const { S3Sdk: Sdk } = await import('./s3Sdk.ts');
    const { hostname } = new URL(location.endpoint);
    const isAmazon = hostname.endsWith('.amazonaws.com');
    const sdk = new Sdk({
      endpoint: location.endpoint,
      bucket: location.bucket,
      // Amazon wants the bucket in the name, for which a certificate holds unless the bucket's name has dots.
      pathStyle: !isAmazon || location.bucket.includes('.'),
      region: region ?? (isAmazon ? regionIn(hostname) : undefined) ?? 'us-east-1',
      accessKeyId: account.keyId,
      secretAccessKey: account.secret.reveal(),
      ...(account.sessionToken !== undefined && { sessionToken: account.sessionToken.reveal() }),
      ...(ca !== undefined && { ca }),
      ...{ connectTimeoutMs, stallTimeoutMs },
      clockOffsetMs: () => clock.now().getTime() - systemClock.now().getTime(),
    });
    return new S3Calls(sdk, name, location);
  }

  /** The bucket is made by whoever administers the server; folders are nothing but names. */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.#call(
      'list',
      this.#bucket,
      signal,
      async () => await this.#sdk.list(this.#prefix, undefined, signal),
    );
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const key = this.#key(name);
    await this.#call('put', key, signal, async () => {
      try {
        await this.#sdk.put(key, bytes, this.#isConditional, signal);
      } catch (error) {
        if (!this.#isConditional || !knowsNoConditions(error)) throw error;
        this.#isConditional = false;
        await this.#sdk.put(key, bytes, false, signal);
      }
    });
  }

  async get(name: ObjectName, range: ByteRange | undefined, signal: AbortSignal): Promise<RemoteBody> {
    const key = this.#key(name);
    const header =
      range === undefined
        ? undefined
        : `bytes=${range.offsetBytes}-${range.offsetBytes + range.lengthBytes - 1}`;
    const { contentLength, contentRange, body } = await this.#call(
      'get',
      key,
      signal,
      async () => await this.#sdk.get(key, header, signal),
    );
    const isAsWanted =
      contentLength !== undefined &&
      (range === undefined || contentRange?.startsWith(`bytes ${range.offsetBytes}-`) === true);
    if (!isAsWanted) {
      body.destroy();
      throw new AppError('UNSUPPORTED_FORMAT', `${this.#host} does not give parts of objects`, {
        object: this.#host,
        remedy: 'Use a server that does',
      });
    }
    const bytes = async function* (this: S3Calls): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* body as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw s3Error(error, { call: 'get', what: key, host: this.#host }, signal);
      }
    };
    return { lengthBytes: contentLength, bytes: bytes.call(this), close: () => body.destroy() };
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    const key = this.#key(name);
    return await this.#call('get', key, signal, async () => {
      try {
        return (await this.#sdk.head(key, signal)) ?? 0;
      } catch (error) {
        if (!isRefusalWithoutReason(error)) throw error;
        // An answer to HEAD has no body that could tell why. The same question as GET has one.
        const { body } = await this.#sdk.get(key, 'bytes=0-0', signal);
        body.destroy();
        throw error;
      }
    });
  }

  async listPage(kind: ObjectKind, after: string | undefined, signal: AbortSignal): Promise<ListedPage> {
    const folder = kind === 'config' ? this.#prefix : `${this.#prefix}${objectFolders[kind]}/`;
    const { objects, next } = await this.#call(
      'list',
      folder,
      signal,
      async () => await this.#sdk.list(folder, after, signal),
    );
    return {
      objects: objects.map(({ key, sizeBytes }): ListedObject => ({
        id: key.slice(key.lastIndexOf('/') + 1),
        sizeBytes,
      })),
      next,
    };
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    const key = this.#key(name);
    await this.#call('remove', key, signal, async () => await this.#sdk.remove(key, signal));
  }

  #key({ kind, id }: ObjectName): string {
    if (kind === 'config') return `${this.#prefix}config`;
    const folder = `${this.#prefix}${objectFolders[kind]}`;
    return kind === 'pack' ? `${folder}/${id.slice(0, 2)}/${id}` : `${folder}/${id}`;
  }

  async #call<T>(call: S3Call, what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CorruptDataError) throw error;
      throw s3Error(error, { call, what, host: this.#host }, signal);
    }
  }
}

/** `s3.eu-central-1.amazonaws.com`, `s3.dualstack.eu-central-1.amazonaws.com`. */
function regionIn(hostname: string): string | undefined {
  return /\b([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com$/.exec(hostname)?.[1];
}

function knowsNoConditions(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotImplemented';
}

function isRefusalWithoutReason(error: unknown): boolean {
  return statusOf(error) === 403 || statusOf(error) === 400;
}

function statusOf(error: unknown): number | undefined {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}
