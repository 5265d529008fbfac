import type { BlobId } from '../codec/blobId.ts';
import { sealOverheadBytes } from '../codec/sealer.ts';
import type { ExpectedBlob } from '../codec/sealingPool.ts';

/** Data and tree blobs lie in packs of their own; the same bytes may be both. */
export type BlobType = 'data' | 'tree';

/** Where a blob lies. */
export interface BlobLocation {
  /** The pack's file name. */
  readonly packId: string;
  readonly offsetBytes: number;
  /** As stored. */
  readonly lengthBytes: number;
  /** Present only for a compressed blob. */
  readonly uncompressedLengthBytes?: number;
}

/** What a blob at that place has to be once it is unsealed. */
export function expectedBlob(
  id: BlobId,
  { lengthBytes, uncompressedLengthBytes }: Pick<BlobLocation, 'lengthBytes' | 'uncompressedLengthBytes'>,
): ExpectedBlob {
  return {
    id,
    compressed: uncompressedLengthBytes !== undefined,
    plainLengthBytes: uncompressedLengthBytes ?? lengthBytes - sealOverheadBytes,
  };
}

export interface IndexedBlob extends BlobLocation {
  readonly type: BlobType;
  readonly id: BlobId;
}

/**
 * All blobs of a repository. Asynchronous, because an index of a large repository lies on disk; the order in which
 * things are added says nothing.
 */
export interface BlobIndex {
  lookup(type: BlobType, id: BlobId, signal: AbortSignal): Promise<BlobLocation | undefined>;
  /** Adds the blobs of one pack. A blob that is known already keeps its first place. */
  add(packId: string, blobs: readonly PackedBlob[]): Promise<void>;
  /** Every pack once that at least one call of `add` named. */
  packIds(): AsyncIterable<string>;
  blobs(): AsyncIterable<IndexedBlob>;
  readonly blobCount: number;
}

/** A blob within its pack. */
export type PackedBlob = Omit<IndexedBlob, 'packId'>;
