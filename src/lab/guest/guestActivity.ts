import type { Clock } from '../../base/clock.ts';
import { KiB } from '../../base/units.ts';
import type { Extent } from '../../core/block/extent.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import { SeededRandom } from './seededRandom.ts';

/** A disk on which a guest is active, while `running` says so. */
export interface ActiveDisk {
  readonly disk: VersionedDisk;
  /** The blocks of the file the guest writes to. */
  readonly extents: readonly Extent[];
  readonly running: () => boolean;
}

export interface Burst {
  readonly bytes: number;
  /** Where in the file, in bytes; wraps around at its end. */
  readonly offset: number;
  /** In pieces of 4 KiB all over the file instead of in one run. */
  readonly scattered: boolean;
}

const blockBytes = 4 * KiB;

/**
 * What the guests do: small writes into one preallocated file on each disk, so that the file systems stay whole. With
 * the same seed, the n-th write of a disk always goes to the same place with the same bytes.
 */
export class GuestActivity {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #disks: readonly (ActiveDisk & { readonly random: SeededRandom })[];
  enabled: boolean;

  constructor(options: {
    readonly clock: Clock;
    readonly disks: readonly ActiveDisk[];
    readonly seed: number;
    readonly intervalMs: number;
    readonly enabled: boolean;
  }) {
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
    this.#disks = options.disks.map((active, index) => ({
      ...active,
      random: new SeededRandom(options.seed + index),
    }));
    this.enabled = options.enabled;
  }

  /** The blocks of the file the guest writes to, in the order of the file; none if nothing is known of one. */
  fileOn(disk: VersionedDisk): readonly Extent[] {
    return this.#disks.find(active => active.disk === disk)?.extents ?? [];
  }

  /** Goes on until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const active of this.#disks) {
        if (!this.enabled || !active.running()) continue;
        const bytes = blockBytes * (1 + active.random.below(4));
        const offset = blockBytes * active.random.below(Math.floor(sizeOf(active.extents) / blockBytes));
        await writeToFile(active, offset, bytes);
      }
      try {
        await this.#clock.sleep(this.#intervalMs, signal);
      } catch {
        return;
      }
    }
  }

  /** Writes at once, whether the guest runs or not. False if nothing is known of a file on that disk. */
  async burst(disk: VersionedDisk, burst: Burst): Promise<boolean> {
    const active = this.#disks.find(candidate => candidate.disk === disk);
    if (active === undefined) return false;
    if (!burst.scattered) {
      await writeToFile(active, burst.offset, burst.bytes);
      return true;
    }
    const blocks = Math.floor(sizeOf(active.extents) / blockBytes);
    for (let left = burst.bytes; left > 0; left -= blockBytes)
      await writeToFile(active, blockBytes * active.random.below(blocks), Math.min(blockBytes, left));
    return true;
  }
}

function sizeOf(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.lengthBytes, 0);
}

/** Writes fresh bytes at an offset of the file, extent by extent, beginning again at its start. */
async function writeToFile(
  active: ActiveDisk & { readonly random: SeededRandom },
  fileOffset: number,
  lengthBytes: number,
): Promise<void> {
  const sizeBytes = sizeOf(active.extents);
  for (let left = Math.min(lengthBytes, sizeBytes), at = fileOffset % sizeBytes; left > 0;) {
    const { diskOffset, runBytes } = locate(active.extents, at);
    const bytes = new Uint8Array(Math.min(left, runBytes));
    active.random.fill(bytes);
    await active.disk.write(diskOffset, bytes);
    left -= bytes.length;
    at = (at + bytes.length) % sizeBytes;
  }
}

function locate(extents: readonly Extent[], fileOffset: number): { diskOffset: number; runBytes: number } {
  let before = 0;
  for (const extent of extents) {
    const within = fileOffset - before;
    if (within < extent.lengthBytes)
      return { diskOffset: extent.startBytes + within, runBytes: extent.lengthBytes - within };
    before += extent.lengthBytes;
  }
  throw new RangeError(`the file has no byte ${fileOffset}`);
}
