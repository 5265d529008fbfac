import { CorruptDataError } from '../../../base/errors.ts';
import type { ByteStream } from '../byteStream.ts';
import { isZero } from '../../block/zeros.ts';
import { grainMarkerBytes, parseMarker, roundUpToSector } from './marker.ts';
import { sectorBytes, type SparseHeader } from './sparseHeader.ts';
import { StreamTail } from './streamTail.ts';

/** A piece of the disk on its way in, of which the marker has arrived. */
export interface Grain {
  /** On the disk. */
  readonly offsetBytes: number;
  /** Of its marker, in the stream. */
  readonly positionBytes: number;
  readonly compressedBytes: number;
}

/** Zeros behind the end mark are padding, up to this. */
const maxPaddingBytes = 1024 * 1024;

/**
 * The grains of a streamOptimized VMDK, one after the other, and the checks of everything around them. The compressed bytes of
 * each are taken or passed over before the next one is asked for.
 */
export class GrainStream {
  readonly #input: ByteStream;
  readonly #header: SparseHeader;
  readonly #name: string;
  readonly #tail: StreamTail;
  #nextOffsetBytes = 0;
  /** What has arrived of the grain with its marker. */
  #inSector: Uint8Array = new Uint8Array(0);

  /** @param input  behind the descriptor */
  constructor(input: ByteStream, header: SparseHeader, headerBytes: Uint8Array, name: string) {
    this.#input = input;
    this.#header = header;
    this.#name = name;
    this.#tail = new StreamTail(header, headerBytes, name);
  }

  /** Undefined after the end mark, once everything was checked. */
  async next(): Promise<Grain | undefined> {
    const { overheadBytes } = this.#header;
    if (this.#input.positionBytes < overheadBytes)
      await this.#input.skip(overheadBytes - this.#input.positionBytes);
    for (;;) {
      const positionBytes = this.#input.positionBytes;
      const sector = await this.#input.take(sectorBytes);
      const marker = parseMarker(sector, this.#name, positionBytes);
      if (marker.kind === 'grain') {
        const offsetBytes = marker.sector * sectorBytes;
        const { compressedBytes } = marker;
        this.#check(offsetBytes, positionBytes, compressedBytes);
        this.#inSector = sector.subarray(grainMarkerBytes);
        return { offsetBytes, positionBytes, compressedBytes };
      }
      if (marker.kind === 'end-of-stream') {
        this.#tail.finish(sector, positionBytes);
        await this.#requireNothingBehind();
        return undefined;
      }
      const sizeBytes = this.#tail.expect(marker.kind, marker.sectors, positionBytes);
      this.#tail.check(marker.kind, await this.#input.take(sizeBytes), positionBytes + sectorBytes);
    }
  }

  /** The compressed bytes of the grain, as many as `target` is long. */
  async takeInto(target: Uint8Array): Promise<void> {
    const first = this.#inSector.subarray(0, target.byteLength);
    target.set(first);
    if (first.byteLength < target.byteLength) await this.#input.takeInto(target.subarray(first.byteLength));
    await this.#input.skip(restOfSectors(target.byteLength) - (target.byteLength - first.byteLength));
  }

  async pass({ compressedBytes }: Grain): Promise<void> {
    await this.#input.skip(restOfSectors(compressedBytes));
  }

  #check(offsetBytes: number, positionBytes: number, compressedBytes: number): void {
    const { grainBytes, capacityBytes } = this.#header;
    const sector = offsetBytes / sectorBytes;
    const corrupt = (problem: string) =>
      new CorruptDataError(`${this.#name}: grain marker at byte ${positionBytes}: ${problem}`, {
        object: this.#name,
        offsetBytes: positionBytes,
      });
    if (offsetBytes % grainBytes !== 0) throw corrupt(`sector ${sector} begins no grain`);
    if (offsetBytes < this.#nextOffsetBytes) throw corrupt(`sector ${sector} comes behind a later one`);
    if (offsetBytes >= capacityBytes) throw corrupt(`sector ${sector} is behind the disk's end`);
    // Deflate grows what it cannot shrink by a few bytes only.
    if (compressedBytes > 2 * grainBytes) throw corrupt(`${compressedBytes} bytes of grain`);
    this.#nextOffsetBytes = offsetBytes + grainBytes;
    this.#tail.noteGrain(positionBytes);
  }

  /** Anything but padding behind the end mark is a second file or a broken one. */
  async #requireNothingBehind(): Promise<void> {
    const endBytes = this.#input.positionBytes;
    for (;;) {
      const rest = await this.#input.takeAny();
      if (rest === undefined) return;
      if (!isZero(rest) || this.#input.positionBytes - endBytes > maxPaddingBytes) {
        throw new CorruptDataError(`${this.#name}: data follows the end mark at byte ${endBytes}`, {
          object: this.#name,
          offsetBytes: endBytes,
        });
      }
    }
  }
}

/** What of a grain comes behind the sector of its marker, to the end of its last sector. */
function restOfSectors(compressedBytes: number): number {
  return roundUpToSector(grainMarkerBytes + compressedBytes) - sectorBytes;
}
