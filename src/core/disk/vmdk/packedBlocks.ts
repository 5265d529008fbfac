import type { Grain, GrainStream } from './grainStream.ts';
import type { SparseHeader } from './sparseHeader.ts';
import type { IsWanted } from '../diskTransport.ts';

/** An aligned piece of a disk as it came: its grains, still compressed. */
export interface PackedBlock {
  readonly offsetBytes: number;
  /** Of the disk. */
  readonly lengthBytes: number;
  /** Ascending. What no grain covers is zeros. */
  readonly grains: readonly PackedGrain[];
  /** Where the compressed bytes of the grains lie; whoever has unpacked them gives it back. */
  readonly packed: Uint8Array<ArrayBuffer>;
}

export interface PackedGrain {
  /** In the block. */
  readonly atBytes: number;
  /** The compressed bytes, in `packed`. */
  readonly startBytes: number;
  readonly endBytes: number;
  /** Of the marker, in the stream. */
  readonly positionBytes: number;
}

/** What deflate adds to what it cannot shrink is less. */
const growthBytes = 1024;

/**
 * The grains of a stream, put together to blocks.
 * @param blockBytes  a multiple of the grain's size
 * @param isWanted    grains for which it says no are left out
 * @param spent       memory of blocks that were unpacked; it is used again
 */
export async function* packedBlocks(
  grains: GrainStream,
  { grainBytes, capacityBytes }: SparseHeader,
  blockBytes: number,
  isWanted: IsWanted | undefined,
  spent: Uint8Array<ArrayBuffer>[],
): AsyncGenerator<PackedBlock, void, undefined> {
  const usualBytes = (blockBytes / grainBytes) * (grainBytes + growthBytes);
  let block: OpenBlock | undefined;
  for (let grain = await grains.next(); grain !== undefined; grain = await grains.next()) {
    const { offsetBytes: startBytes } = grain;
    const lengthBytes = Math.min(grainBytes, capacityBytes - startBytes);
    if (isWanted?.({ startBytes, lengthBytes }) === false) {
      await grains.pass(grain);
      continue;
    }
    const offsetBytes = startBytes - (startBytes % blockBytes);
    if (block !== undefined && block.offsetBytes !== offsetBytes) {
      yield block;
      block = undefined;
    }
    block ??= new OpenBlock(
      offsetBytes,
      Math.min(blockBytes, capacityBytes - offsetBytes),
      spent.pop() ?? new Uint8Array(usualBytes),
    );
    await grains.takeInto(block.room(grain));
  }
  if (block !== undefined) yield block;
}

class OpenBlock implements PackedBlock {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly grains: PackedGrain[] = [];
  packed: Uint8Array<ArrayBuffer>;
  #usedBytes = 0;

  constructor(offsetBytes: number, lengthBytes: number, packed: Uint8Array<ArrayBuffer>) {
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.packed = packed;
  }

  /** For the compressed bytes of the next grain. */
  room({ offsetBytes, positionBytes, compressedBytes }: Grain): Uint8Array {
    const startBytes = this.#usedBytes;
    const endBytes = startBytes + compressedBytes;
    if (endBytes > this.packed.byteLength) {
      const larger = new Uint8Array(2 * endBytes);
      larger.set(this.packed.subarray(0, startBytes));
      this.packed = larger;
    }
    this.#usedBytes = endBytes;
    this.grains.push({ atBytes: offsetBytes - this.offsetBytes, startBytes, endBytes, positionBytes });
    return this.packed.subarray(startBytes, endBytes);
  }
}
