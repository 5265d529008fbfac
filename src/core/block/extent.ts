/** A run of bytes: `[startBytes, startBytes + lengthBytes)`. */
export interface Extent {
  readonly startBytes: number;
  readonly lengthBytes: number;
}
