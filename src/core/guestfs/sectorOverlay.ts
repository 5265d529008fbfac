import { begin, readRange, type BlockSource } from '../block/blockSource.ts';

const sectorBytes = 512;

/**
 * A source whose sectors can be changed in memory: the volume as a recovery would leave it, while the source itself
 * stays as it is.
 */
export class SectorOverlay implements BlockSource {
  readonly sizeBytes: number;
  readonly #source: BlockSource;
  readonly #sectors = new Map<number, Uint8Array>();

  constructor(source: BlockSource) {
    this.#source = source;
    this.sizeBytes = source.sizeBytes;
  }

  /** What the changes take in memory. */
  get changedBytes(): number {
    return this.#sectors.size * sectorBytes;
  }

  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    begin('volume', this.sizeBytes, offsetBytes, target, signal);
    await this.#source.read(offsetBytes, target, signal);
    const endBytes = offsetBytes + target.byteLength;
    for (let sector = Math.floor(offsetBytes / sectorBytes); sector * sectorBytes < endBytes; sector += 1) {
      const changed = this.#sectors.get(sector);
      if (changed === undefined) continue;
      const sectorStart = sector * sectorBytes;
      const from = Math.max(offsetBytes, sectorStart);
      const until = Math.min(endBytes, sectorStart + sectorBytes);
      target.set(changed.subarray(from - sectorStart, until - sectorStart), from - offsetBytes);
    }
  }

  /** What lies in changed sectors is not what the source knows it by. */
  async fingerprint(
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const endBytes = offsetBytes + lengthBytes;
    for (const sector of this.#sectors.keys()) {
      if (sector * sectorBytes < endBytes && (sector + 1) * sectorBytes > offsetBytes) return undefined;
    }
    return await this.#source.fingerprint?.(offsetBytes, lengthBytes, signal);
  }

  /** Changes bytes; takes a copy. */
  async patch(offsetBytes: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const firstSector = Math.floor(offsetBytes / sectorBytes);
    const untilSector = Math.ceil((offsetBytes + bytes.byteLength) / sectorBytes);
    const startBytes = firstSector * sectorBytes;
    const merged = await readRange(this, startBytes, (untilSector - firstSector) * sectorBytes, signal);
    merged.set(bytes, offsetBytes - startBytes);
    for (let sector = firstSector; sector < untilSector; sector += 1) {
      const at = (sector - firstSector) * sectorBytes;
      this.#sectors.set(sector, merged.slice(at, at + sectorBytes));
    }
  }
}
