/** A run of bytes at its place on a disk; what lies between two blocks of a sequence reads as zeros. */
export interface DiskBlock {
  readonly offsetBytes: number;
  /** The consumer's own; never touched again by whoever made it. */
  readonly bytes: Uint8Array;
}
