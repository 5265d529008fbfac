// The only file that knows the library, and a bundle of its own: whoever never uses an object store never loads it.
import type { Readable } from 'node:stream';

import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

export interface S3SdkOptions {
  /** `https://host[:port]`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** The bucket in the path instead of in front of the host's name. */
  readonly pathStyle: boolean;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Certificates of authorities in PEM, instead of those the system trusts. */
  readonly ca?: string;
  readonly connectTimeoutMs: number;
  /** No byte for that long ends a request. */
  readonly stallTimeoutMs: number;
  /** What the injected clock says beyond the machine's own. */
  readonly clockOffsetMs: () => number;
}

/** The calls of one bucket, one try each; they throw what the library throws. */
export class S3Sdk {
  readonly #client: S3Client;
  readonly #options: S3SdkOptions;

  constructor(options: S3SdkOptions) {
    this.#options = options;
    const { accessKeyId, secretAccessKey, sessionToken, ca } = options;
    this.#client = new S3Client({
      endpoint: options.endpoint,
      region: options.region,
      forcePathStyle: options.pathStyle,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      maxAttempts: 1,
      // Servers of others know no checksums of their own; objects are named by their hash, and sealed.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: options.connectTimeoutMs,
        socketTimeout: options.stallTimeoutMs,
        httpsAgent: { keepAlive: true, ...(ca !== undefined && { ca }) },
        httpAgent: { keepAlive: true },
      },
    });
  }

  async put(key: string, bytes: Uint8Array, isNew: boolean, signal: AbortSignal): Promise<void> {
    const condition = isNew ? { IfNoneMatch: '*' } : {};
    const command = new PutObjectCommand({ ...this.#at(key), Body: bytes, ...condition });
    await this.#prepared().send(command, { abortSignal: signal });
  }

  async get(
    key: string,
    range: string | undefined,
    signal: AbortSignal,
  ): Promise<{
    readonly contentLength: number | undefined;
    readonly contentRange: string | undefined;
    readonly body: Readable;
  }> {
    const command = new GetObjectCommand({ ...this.#at(key), Range: range });
    const { ContentLength, ContentRange, Body } = await this.#prepared().send(command, {
      abortSignal: signal,
    });
    return { contentLength: ContentLength, contentRange: ContentRange, body: Body as Readable };
  }

  async head(key: string, signal: AbortSignal): Promise<number | undefined> {
    const command = new HeadObjectCommand(this.#at(key));
    return (await this.#prepared().send(command, { abortSignal: signal })).ContentLength;
  }

  async list(
    prefix: string,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<{
    readonly objects: readonly { readonly key: string; readonly sizeBytes: number }[];
    readonly next: string | undefined;
  }> {
    const { bucket } = this.#options;
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token });
    const { Contents = [], NextContinuationToken } = await this.#prepared().send(command, {
      abortSignal: signal,
    });
    return {
      objects: Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, sizeBytes: Size })),
      next: NextContinuationToken,
    };
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await this.#prepared().send(new DeleteObjectCommand(this.#at(key)), { abortSignal: signal });
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#options.bucket, Key: key };
  }

  /** The library would silently follow the server's clock; the age of locks is told by ours, so that ours has to be right. */
  #prepared(): S3Client {
    this.#client.config.systemClockOffset = this.#options.clockOffsetMs();
    return this.#client;
  }
}
