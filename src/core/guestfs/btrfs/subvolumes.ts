import { AppError } from '../../../base/errors.ts';
import type { NodeId } from '../guestFileSystem.ts';
import type { ItemTree } from './itemTree.ts';
import type { ReplayedSubvolume } from './log/replay.ts';
import { readSubvolumeRoot } from './subvolumeRoot.ts';
import type { BtrfsVolume } from './volume.ts';

/** A tree of files: the one at the top, one that was made inside another, or a snapshot of one. */
export interface Subvolume {
  readonly id: number;
  readonly tree: ItemTree;
  /** Why inodes cannot be read. */
  readonly refused: ReadonlyMap<number, AppError>;
  /** Its place among those that were entered. */
  readonly position: number;
  readonly rootInode: number;
}

/** Everything hangs below this one; what a guest mounts as its root may be one further down. */
export const topSubvolumeId = 5;

/** Inodes of different subvolumes have the same numbers: a node's number holds both, and stays below 2^53. */
const inodeSpan = 2 ** 36;
const maxSubvolumes = 2 ** 17;
/** Below those of all files. */
const absentSubvolumeInode = 2;

/** The subvolumes that were entered, and the numbers of their inodes in the one space that nodes have. */
export class Subvolumes {
  readonly #volume: BtrfsVolume;
  readonly #replayed: ReadonlyMap<number, ReplayedSubvolume>;
  readonly #entered: Subvolume[] = [];
  readonly #byId = new Map<number, Subvolume>();

  /** @param replayed  those that had a log, by their ids */
  constructor(volume: BtrfsVolume, replayed: ReadonlyMap<number, ReplayedSubvolume>) {
    this.#volume = volume;
    this.#replayed = replayed;
  }

  /** @throws CORRUPT_DATA if there is no such subvolume */
  async enter(id: number, signal: AbortSignal): Promise<Subvolume> {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const found = await this.#read(id, signal);
    const meanwhile = this.#byId.get(id);
    if (meanwhile !== undefined) return meanwhile;
    const subvolume = { ...found, position: this.#entered.length };
    if (subvolume.position >= maxSubvolumes) throw unsupported(`more than ${maxSubvolumes} subvolumes`);
    this.#entered.push(subvolume);
    this.#byId.set(id, subvolume);
    return subvolume;
  }

  node(subvolume: Subvolume, inode: number): NodeId {
    if (inode >= inodeSpan) throw unsupported(`an inode with the number ${inode}`);
    return (subvolume.position * inodeSpan + inode) as NodeId;
  }

  /** Snapshots do not hold the subvolumes within what they were taken of: a guest sees empty directories instead. */
  absentSubvolume(parent: Subvolume): NodeId {
    return this.node(parent, absentSubvolumeInode);
  }

  locate(node: NodeId): {
    readonly subvolume: Subvolume;
    readonly inode: number;
    readonly isAbsentSubvolume: boolean;
  } {
    const subvolume = this.#entered[Math.floor(node / inodeSpan)];
    const inode = node % inodeSpan;
    if (subvolume === undefined) throw new AppError('INVALID_INPUT', `there is no node ${node}`);
    return { subvolume, inode, isAbsentSubvolume: inode === absentSubvolumeInode };
  }

  async #read(id: number, signal: AbortSignal): Promise<Omit<Subvolume, 'position'>> {
    const { tree, rootInode } = await readSubvolumeRoot(this.#volume, id, signal);
    const replayed = this.#replayed.get(id);
    return { id, rootInode, tree: replayed?.tree ?? tree, refused: replayed?.refused ?? new Map() };
  }
}

function unsupported(what: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `Btrfs with ${what} is not read here`, {
    remedy: 'Restore the whole disk and read the files in a guest',
  });
}
