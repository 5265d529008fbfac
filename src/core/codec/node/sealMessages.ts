import type { ErrorCode } from '../../../base/errors.ts';
import type { SharedFile } from '../../../base/sharedFile.ts';
import type { Compression } from '../compression.ts';
import type { MasterKey } from '../masterKey.ts';
import type {
  BlobProblem,
  EnclosedBlob,
  ExpectedBlob,
  HashedBytes,
  PackVerdict,
  PlacedBlob,
  SealResult,
} from '../sealingPool.ts';

/** What a sealing thread is given when it starts. */
export interface SealWorkerData {
  readonly key: MasterKey;
  readonly compression: Compression;
}

export type SealTask =
  | { readonly kind: 'hash'; readonly plain: Uint8Array }
  | { readonly kind: 'seal'; readonly hashed: HashedBytes }
  | { readonly kind: 'unseal'; readonly sealed: Uint8Array; readonly expected: ExpectedBlob }
  | { readonly kind: 'verify'; readonly pack: Uint8Array; readonly blobs: readonly EnclosedBlob[] }
  | {
      readonly kind: 'unsealTo';
      readonly piece: Uint8Array;
      readonly blobs: readonly PlacedBlob[];
      readonly file: SharedFile;
    };

/** The result of each kind of task. */
export interface SealResults {
  readonly hash: HashedBytes;
  readonly seal: SealResult;
  readonly unseal: Uint8Array<ArrayBuffer>;
  readonly verify: PackVerdict;
  readonly unsealTo: readonly BlobProblem[];
}

export interface SealRequest {
  readonly taskNumber: number;
  readonly task: SealTask;
}

export type SealReply =
  | { readonly taskNumber: number; readonly result: SealResults[keyof SealResults] }
  | { readonly taskNumber: number; readonly problem: SealProblem };

/** What of an error goes from thread to thread. */
export interface SealProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly object: string | undefined;
  readonly remedy: string | undefined;
}

/**
 * The memory of `bytes` if it can change threads: all of a buffer, and an ordinary one. Anything else is copied by
 * the message itself.
 */
export function transferable(bytes: Uint8Array): ArrayBuffer[] {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? [buffer] : [];
}
