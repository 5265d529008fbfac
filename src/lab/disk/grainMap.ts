import { KiB } from '../../base/units.ts';

/** The unit in which a lab disk knows what was written: the same as a grain of a streamed VMDK. */
export const grainBytes = 64 * KiB;

/** One bit per grain of a disk: set where the disk may hold something else than zeros. */
export class GrainMap {
  readonly grainCount: number;
  readonly #bits: Uint8Array;

  private constructor(grainCount: number, bits: Uint8Array) {
    this.grainCount = grainCount;
    this.#bits = bits;
  }

  static empty(sizeBytes: number): GrainMap {
    const grainCount = Math.ceil(sizeBytes / grainBytes);
    return new GrainMap(grainCount, new Uint8Array(Math.ceil(grainCount / 8)));
  }

  /** Back from `toBase64`. */
  static fromBase64(sizeBytes: number, text: string): GrainMap {
    const map = GrainMap.empty(sizeBytes);
    map.#bits.set(Buffer.from(text, 'base64').subarray(0, map.#bits.length));
    return map;
  }

  toBase64(): string {
    return Buffer.from(this.#bits).toString('base64');
  }

  has(grain: number): boolean {
    return ((this.#bits[grain >> 3] ?? 0) & (1 << (grain & 7))) !== 0;
  }

  add(grain: number): void {
    this.#bits[grain >> 3] = (this.#bits[grain >> 3] ?? 0) | (1 << (grain & 7));
  }

  /** Marks every grain that `[offsetBytes, offsetBytes + lengthBytes)` touches. */
  addRange(offsetBytes: number, lengthBytes: number): void {
    if (lengthBytes === 0) return;
    const last = Math.floor((offsetBytes + lengthBytes - 1) / grainBytes);
    for (let grain = Math.floor(offsetBytes / grainBytes); grain <= last; grain += 1) this.add(grain);
  }

  /** The set grains, ascending. */
  *grains(): Generator<number> {
    for (let index = 0; index < this.#bits.length; index += 1) {
      if (this.#bits[index] === 0) continue;
      for (let grain = index * 8; grain < index * 8 + 8; grain += 1) if (this.has(grain)) yield grain;
    }
  }
}
