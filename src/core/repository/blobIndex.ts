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

/** A blob within its pack. */
export type PackedBlob = Omit<IndexedBlob, 'packId'>;

/**
 * Where blobs lie. Asynchronous, because an index of a large repository lies on disk. Disposing closes its files.
 * Any number of calls at once; what one of them adds, those begun later find.
 */
export interface BlobIndex extends AsyncDisposable {
  /**
   * One place of the blob; of several, always the same one as long as nothing is added.
   * @throws CORRUPT_DATA if what lies on disk is damaged
   */
  lookup(type: BlobType, id: BlobId, signal: AbortSignal): Promise<BlobLocation | undefined>;
  /** Adds blobs of one pack. A blob that is known from this pack already keeps its place in it. */
  add(packId: string, blobs: readonly PackedBlob[], signal: AbortSignal): Promise<void>;
}

/** What one index file says of one pack. */
export interface PackOfFile {
  readonly packId: string;
  /** Its blobs, in the form of `blobRecord.ts`; the numbers of packs in them are nobody's yet. */
  readonly records: Uint32Array;
}

/** The blobs that the index files of a repository name. What one file says can be taken out again. */
export interface FiledBlobIndex extends AsyncDisposable {
  /** The index files whose blobs it finds, all of them. */
  readonly fileIds: ReadonlySet<string>;
  /** @throws CORRUPT_DATA as `BlobIndex.lookup`; from then on `fileIds` lacks the files that have to be added anew */
  lookup(type: BlobType, id: BlobId, signal: AbortSignal): Promise<BlobLocation | undefined>;
  /** Takes a file in, all of it or, if `packs` throws, none. */
  addFile(fileId: string, packs: Iterable<PackOfFile>, signal: AbortSignal): Promise<void>;
  /** From now on finds only what these files name. */
  keepOnly(fileIds: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
  /** A good moment to put on disk what is not there yet, and to put in order what is. */
  settle(signal: AbortSignal): Promise<void>;
  /** Every pack of these files, some of them more than once. */
  packIds(signal: AbortSignal): AsyncIterable<string>;
}
