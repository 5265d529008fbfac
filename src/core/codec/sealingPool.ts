import type { SharedFile } from '../../base/sharedFile.ts';
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
  /** There will be work soon: what takes a while to start may start now. */
  prepare(): void;
  /** Hashes, and gives the bytes back: the id decides whether they need to be sealed at all. */
  hash(plain: Uint8Array, signal: AbortSignal): Promise<HashedBytes>;
  /** Compresses if that makes it smaller, encrypts and authenticates; gives the plain bytes back. */
  seal(hashed: HashedBytes, signal: AbortSignal): Promise<SealResult>;
  /**
   * The plain bytes of a stored blob, the caller's own.
   * @throws CorruptDataError if the MAC, the length or the SHA-256 is not what `expected` says
   */
  unseal(sealed: Uint8Array, expected: ExpectedBlob, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Looks at a whole pack: hashes it, and finds out which of its blobs cannot be had, or are not what they should be. */
  verify(pack: Uint8Array, blobs: readonly EnclosedBlob[], signal: AbortSignal): Promise<PackVerdict>;
  /**
   * Unseals the blobs in a piece of a pack to where they belong; plain bytes do not come back to the caller's thread.
   * @returns those that could not be had, of which nothing was written
   * @throws what writing throws
   */
  unsealTo(
    piece: Uint8Array,
    blobs: readonly PlacedBlob[],
    target: BlobTarget,
    signal: AbortSignal,
  ): Promise<readonly BlobProblem[]>;
}

/** A blob in a piece of a pack. */
export interface EnclosedBlob extends ExpectedBlob {
  /** Where its sealed bytes begin in the piece, and how many they are. */
  readonly startBytes: number;
  readonly sealedBytes: number;
}

/** What there is to say against a blob. */
export interface BlobProblem {
  readonly id: BlobId;
  readonly message: string;
}

export interface PackVerdict {
  readonly sha256: string;
  readonly problems: readonly BlobProblem[];
}

/** A blob whose bytes belong to at least one place. */
export interface PlacedBlob extends EnclosedBlob {
  readonly offsetsBytes: readonly number[];
}

/** Where plain bytes go. */
export interface BlobTarget {
  /** Stores all of `bytes`; they may be used again once the promise is settled. */
  write(offsetBytes: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The same as an open file, new or full of zeros, which threads write themselves. It stays open until they have ended. */
  readonly file?: SharedFile;
}

export interface HashedBytes {
  readonly id: BlobId;
  readonly plain: Uint8Array;
}

/** A sealed blob, and the plain bytes given back. */
export interface SealResult extends SealedBlob {
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
