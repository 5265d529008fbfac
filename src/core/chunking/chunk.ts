/** A fixed-size, aligned piece of a disk: what is hashed, stored and found again. */
export interface Chunk {
  /** Position in the disk, in chunks. */
  readonly index: number;
  readonly offsetBytes: number;
  /** The chunk size of the geometry, less only for the last chunk of a disk. */
  readonly lengthBytes: number;
  /** The content, the consumer's own; undefined for a chunk of zeros, which nobody needs to look at. */
  readonly bytes: Uint8Array | undefined;
}

/** How a disk is cut. Recorded in the manifest of every restore point. */
export interface ChunkGeometry {
  /** A power of two from 256 KiB to 8 MiB. */
  readonly chunkBytes: number;
  /** A multiple of `chunkBytes`; 16 GiB. */
  readonly partBytes: number;
}

/** What makes the chunks of a disk of `sizeBytes`, by their positions; `bytes` are taken over. */
export function chunkMaker(
  sizeBytes: number,
  { chunkBytes }: Pick<ChunkGeometry, 'chunkBytes'>,
): (index: number, bytes: Uint8Array | undefined) => Chunk {
  return (index, bytes) => ({
    index,
    offsetBytes: index * chunkBytes,
    lengthBytes: Math.min(chunkBytes, sizeBytes - index * chunkBytes),
    bytes,
  });
}
