import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { settleAll } from '../../../base/async/settleAll.ts';
import type { BlockSource } from '../../block/blockSource.ts';

/** A piece of the address space of the file system and where its bytes lie on the devices. */
export interface Chunk {
  readonly startBytes: number;
  readonly lengthBytes: number;
  readonly layout: ChunkLayout;
  readonly stripeBytes: number;
  readonly stripes: readonly Stripe[];
}

interface Stripe {
  readonly deviceId: number;
  readonly offsetBytes: number;
}

/** `copies`: every stripe holds all (single, DUP, RAID 1). `striped`: rows of stripes, each in so many copies. */
type ChunkLayout =
  | { readonly kind: 'copies' }
  | { readonly kind: 'striped'; readonly copies: number }
  | { readonly kind: 'parity'; readonly parityStripes: number };

const chunkHeadBytes = 48;
const stripeEntryBytes = 32;
const profiles = { raid0: 0x8n, raid10: 0x40n, raid5: 0x80n, raid6: 0x100n } as const;

/** @see Btrfs documentation, "On-disk Format", "CHUNK_ITEM" */
export function parseChunk(startBytes: number, bytes: Uint8Array): Chunk {
  const reader = new BinaryReader(bytes, `Btrfs chunk at ${startBytes}`);
  const lengthBytes = reader.u64le('length', 0, { min: 1 });
  const stripeBytes = reader.u64le('stripe length', 16, { min: 512, max: 1024 ** 3 });
  const profile = reader.bits64le('type', 24);
  const count = reader.u16le('stripe count', 44, { min: 1 });
  const copies = reader.u16le('copies in a row', 46);
  const stripes = Array.from({ length: count }, (_, index) => {
    const at = chunkHeadBytes + index * stripeEntryBytes;
    return { deviceId: reader.u64le('device', at), offsetBytes: reader.u64le('stripe offset', at + 8) };
  });
  return { startBytes, lengthBytes, stripeBytes, stripes, layout: layoutOf(reader, profile, count, copies) };
}

/** Bytes of the chunk that stands at the start of `bytes`. */
export function chunkSizeBytes(bytes: Uint8Array): number {
  const count = new BinaryReader(bytes, 'Btrfs chunk').u16le('stripe count', 44);
  return chunkHeadBytes + count * stripeEntryBytes;
}

function layoutOf(reader: BinaryReader, profile: bigint, count: number, copies: number): ChunkLayout {
  const has = (bit: bigint) => (profile & bit) !== 0n;
  if (has(profiles.raid5) || has(profiles.raid6)) {
    const parityStripes = has(profiles.raid5) ? 1 : 2;
    if (count <= parityStripes) throw reader.error(`${count} stripes hold nothing but parity`, 44);
    return { kind: 'parity', parityStripes };
  }
  if (has(profiles.raid0)) return { kind: 'striped', copies: 1 };
  if (!has(profiles.raid10)) return { kind: 'copies' };
  if (copies === 0 || count % copies !== 0) throw reader.error(`${count} stripes of ${copies} copies`, 46);
  return { kind: 'striped', copies };
}

/**
 * The address space of a file system over the devices it lies on. Reads take the first copy that lies on a device that
 * is there.
 */
export class LogicalSpace implements BlockSource {
  readonly #devices: ReadonlyMap<number, BlockSource>;
  /** Ascending, without overlap. */
  #chunks: readonly Chunk[] = [];

  constructor(devices: ReadonlyMap<number, BlockSource>) {
    this.#devices = devices;
  }

  get sizeBytes(): number {
    const last = this.#chunks.at(-1);
    return last === undefined ? 0 : last.startBytes + last.lengthBytes;
  }

  /** @throws CORRUPT_DATA if they overlap */
  setChunks(chunks: readonly Chunk[]): void {
    const sorted = chunks.toSorted((one, other) => one.startBytes - other.startBytes);
    for (const [index, chunk] of sorted.entries()) {
      const next = sorted[index + 1];
      const endBytes = chunk.startBytes + chunk.lengthBytes;
      if (!Number.isSafeInteger(endBytes) || (next !== undefined && next.startBytes < endBytes)) {
        throw new CorruptDataError(`the Btrfs chunk at ${chunk.startBytes} leaves its place`);
      }
    }
    this.#chunks = sorted;
  }

  /** How many copies there are of the bytes at an address. */
  copiesAt(offsetBytes: number): number {
    const { layout, stripes } = this.#chunkAt(offsetBytes);
    if (layout.kind === 'copies') return stripes.length;
    return layout.kind === 'striped' ? layout.copies : 1;
  }

  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.readCopy(offsetBytes, target, 0, signal);
  }

  /** Reads from one of the copies; from the next one that is there if its device is missing. */
  async readCopy(offsetBytes: number, target: Uint8Array, copy: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new CancelledError();
    const endBytes = offsetBytes + target.byteLength;
    // Addresses come from the file system itself.
    if (endBytes > this.sizeBytes)
      throw new CorruptDataError(`Btrfs has no chunk for address ${offsetBytes}`);
    const reads: Promise<void>[] = [];
    for (let from = offsetBytes; from < endBytes;) {
      const chunk = this.#chunkAt(from);
      const { device, atBytes, lengthBytes } = this.#locate(chunk, from - chunk.startBytes, copy);
      const until = Math.min(endBytes, from + lengthBytes);
      if (atBytes + (until - from) > device.sizeBytes) {
        throw new CorruptDataError(`the Btrfs chunk at ${chunk.startBytes} leaves its device`);
      }
      reads.push(device.read(atBytes, target.subarray(from - offsetBytes, until - offsetBytes), signal));
      from = until;
    }
    // Nobody writes into the target once the read has ended.
    await settleAll(reads);
  }

  #chunkAt(offsetBytes: number): Chunk {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.startBytes ?? 0) <= offsetBytes) low = middle + 1;
      else high = middle;
    }
    const chunk = this.#chunks[low - 1];
    if (chunk === undefined || offsetBytes >= chunk.startBytes + chunk.lengthBytes) {
      throw new CorruptDataError(`Btrfs has no chunk for address ${offsetBytes}`);
    }
    return chunk;
  }

  /** The device of an address, and how far the bytes behind it follow each other there. */
  #locate(
    chunk: Chunk,
    inChunk: number,
    copy: number,
  ): { readonly device: BlockSource; readonly atBytes: number; readonly lengthBytes: number } {
    const { layout, stripes, stripeBytes, lengthBytes } = chunk;
    if (layout.kind === 'copies') {
      const { device, offsetBytes } = this.#present(chunk, stripes, copy);
      return { device, atBytes: offsetBytes + inChunk, lengthBytes: lengthBytes - inChunk };
    }
    const stripe = Math.floor(inChunk / stripeBytes);
    const inStripe = inChunk % stripeBytes;
    const perRow =
      layout.kind === 'striped' ? stripes.length / layout.copies : stripes.length - layout.parityStripes;
    const row = Math.floor(stripe / perRow);
    const column = stripe % perRow;
    const candidates =
      layout.kind === 'striped'
        ? stripes.slice(column * layout.copies, (column + 1) * layout.copies)
        : // Parity takes turns: every row begins one device further.
          stripes.slice((row + column) % stripes.length).slice(0, 1);
    const { device, offsetBytes } = this.#present(chunk, candidates, copy);
    return {
      device,
      atBytes: offsetBytes + row * stripeBytes + inStripe,
      lengthBytes: stripeBytes - inStripe,
    };
  }

  #present(
    chunk: Chunk,
    copies: readonly Stripe[],
    wanted: number,
  ): { readonly device: BlockSource; readonly offsetBytes: number } {
    for (let index = 0; index < copies.length; index += 1) {
      const stripe = copies[(wanted + index) % copies.length];
      const device = stripe === undefined ? undefined : this.#devices.get(stripe.deviceId);
      if (stripe !== undefined && device !== undefined) return { device, offsetBytes: stripe.offsetBytes };
    }
    const missing = copies.map(({ deviceId }) => deviceId).join(', ');
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `the Btrfs chunk at ${chunk.startBytes} lies on device ${missing} of the file system, which is missing`,
      { remedy: 'Choose a restore point that holds all disks of the file system' },
    );
  }
}
