import { isZero } from '../../block/zeros.ts';
import { type InflateContext, inflateContext } from './inflateContext.ts';
import type { PackedBlock, PackedGrain } from './packedBlocks.ts';

/** What a block holds, or what is wrong with one of its grains. */
export type Unpacked =
  | { readonly kind: 'bytes' }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'corrupt'; readonly positionBytes: number; readonly problem: string };

/** Unpacks blocks one after the other, which takes some milliseconds for each MiB, in whatever thread. */
export class BlockUnpacker {
  readonly #context: InflateContext = inflateContext();
  /** For a grain behind which nothing may be written. */
  #scratch = new Uint8Array(0);

  /** @param target  of the block's length, whatever is in it */
  unpack({ grains, packed }: PackedBlock, grainBytes: number, target: Uint8Array): Unpacked {
    let filledBytes = 0;
    for (const grain of grains) {
      const { atBytes, startBytes, endBytes, positionBytes } = grain;
      target.fill(0, filledBytes, atBytes);
      const wantedBytes = Math.min(grainBytes, target.byteLength - atBytes);
      const problem = this.#inflate(packed.subarray(startBytes, endBytes), target, grain, grainBytes);
      if (problem !== undefined) return { kind: 'corrupt', positionBytes, problem };
      filledBytes = atBytes + wantedBytes;
    }
    target.fill(0, filledBytes);
    return { kind: isZero(target) ? 'zeros' : 'bytes' };
  }

  /** @returns what is wrong */
  #inflate(
    compressed: Uint8Array,
    target: Uint8Array,
    { atBytes }: PackedGrain,
    grainBytes: number,
  ): string | undefined {
    // One byte more than a grain: who inflates to more shows by it.
    const roomBytes = grainBytes + 1;
    const isInPlace = atBytes + roomBytes <= target.byteLength;
    if (!isInPlace && this.#scratch.byteLength !== roomBytes) this.#scratch = new Uint8Array(roomBytes);
    const room = isInPlace ? target.subarray(atBytes, atBytes + roomBytes) : this.#scratch;
    let lengthBytes: number;
    try {
      lengthBytes = this.#context.inflate(compressed, room);
    } catch {
      return 'cannot be inflated';
    }
    // The last grain of a disk is written in full by some, up to the disk's end by others.
    const remainingBytes = Math.min(grainBytes, target.byteLength - atBytes);
    if (lengthBytes !== grainBytes && lengthBytes !== remainingBytes)
      return `inflates to ${lengthBytes} bytes, expected ${grainBytes}`;
    if (!isInPlace) target.set(this.#scratch.subarray(0, remainingBytes), atBytes);
    return undefined;
  }
}
