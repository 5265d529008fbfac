import { toHex, type Random } from '../../base/random.ts';
import type { DiskPosition } from '../disk/versionedDisk.ts';

/**
 * What a host's change tracking file of a disk knows: at which moments of the disk it can tell what has changed since.
 * Moments are named `<UUID>/<sequence>`; the UUID is another one after every loss of what was tracked.
 */
export class ChangeTracking {
  #uuid: string | undefined;
  /** By sequence, which begins at 1. */
  #moments: DiskPosition[] = [];
  /** The file is there but cannot be read: all that is asked of it fails. */
  isUnusable = false;

  get isActive(): boolean {
    return this.#uuid !== undefined;
  }

  /** The last named moment; undefined while nothing is tracked. */
  get changeId(): string | undefined {
    return this.#uuid === undefined ? undefined : `${this.#uuid}/${this.#moments.length}`;
  }

  /** Begins anew: nothing is known of what changed before `position`. */
  start(position: DiskPosition, random: Random): void {
    const bytes = random.bytes(16);
    // As all UUIDs that a host makes of its own.
    bytes[0] = 0x52;
    const pairs = toHex(bytes).match(/../g) ?? [];
    this.#uuid = `${pairs.slice(0, 8).join(' ')}-${pairs.slice(8).join(' ')}`;
    this.#moments = [position];
    this.isUnusable = false;
  }

  /** What was tracked is lost. */
  stop(): void {
    this.#uuid = undefined;
    this.#moments = [];
  }

  /** Names the moment `position`; undefined while nothing is tracked. */
  mark(position: DiskPosition): string | undefined {
    if (this.#uuid !== undefined) this.#moments.push(position);
    return this.changeId;
  }

  /** The moment a name stands for; undefined if it is not one of these, or was lost. */
  momentOf(changeId: string): DiskPosition | undefined {
    const [, uuid, sequence] = /^(.+)\/(\d{1,9})$/.exec(changeId) ?? [];
    return uuid !== undefined && uuid === this.#uuid ? this.#moments[Number(sequence) - 1] : undefined;
  }
}
