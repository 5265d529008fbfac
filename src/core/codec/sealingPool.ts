import type { BlobId } from './blobId.ts';

/**
 * Where the processor's work of a repository is done: hashing, compressing, encrypting and back. It holds the keys.
 *
 * Ownership: every call takes the bytes it is given over, for it may move their memory to another thread; the caller
 * does not touch them again, not even after a rejection. Bytes that do not fill their buffer are copied instead.
 * Calls beyond what the pool works on wait in a queue; the caller bounds it by awaiting.
 *
 * @throws every call: CANCELLED when `signal` is aborted before the work began; WORKER_LOST when the thread that
 *   worked on it died
 */
export interface SealingPool extends AsyncDisposable {
  /** Hashes, and gives the bytes back: the id decides whether they need to be sealed at all. */
  hash(plain: Uint8Array, signal: AbortSignal): Promise<HashedBytes>;
  /** Compresses if that makes it smaller, encrypts and authenticates. */
  seal(hashed: HashedBytes, signal: AbortSignal): Promise<SealedBlob>;
  /**
   * The plain bytes of a stored blob, the caller's own.
   * @throws CorruptDataError if the MAC, the length or the SHA-256 is not what `expected` says
   */
  unseal(sealed: Uint8Array, expected: ExpectedBlob, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

export interface HashedBytes {
  readonly id: BlobId;
  readonly plain: Uint8Array;
}

export interface SealedBlob {
  readonly id: BlobId;
  /** As it lies in a pack, overhead of the encryption included. */
  readonly sealed: Uint8Array;
  readonly plainLengthBytes: number;
  readonly compressed: boolean;
}

export interface ExpectedBlob {
  readonly id: BlobId;
  readonly plainLengthBytes: number;
  readonly compressed: boolean;
}
