import { AppError } from '../../../../base/errors.ts';
import { StoredTree, type ItemTree } from '../itemTree.ts';
import { firstKey, keyTypes, lastKey } from '../keys.ts';
import { findSubvolume, readSubvolumeRoot } from '../subvolumeRoot.ts';
import { parseRoot } from '../superblock.ts';
import type { BtrfsVolume } from '../volume.ts';
import { replayLog, type ReplayedSubvolume } from './replay.ts';

/** What became of the logs of a file system. */
export interface ReplayedLogs {
  /** By their ids. */
  readonly subvolumes: ReadonlyMap<number, ReplayedSubvolume>;
  /** `none`: there are logs, and not one of them can be replayed. */
  readonly state: 'none' | 'clean' | 'replayed';
  readonly problems: readonly string[];
}

const maxLogs = 10_000;

/**
 * Replays what was forced to the disk since the last commit, in every subvolume that has a log. Where a log cannot be
 * read, the subvolume stays as it was at the last commit, which is told.
 */
export async function replayLogs(volume: BtrfsVolume, signal: AbortSignal): Promise<ReplayedLogs> {
  const subvolumes = new Map<number, ReplayedSubvolume>();
  const problems: string[] = [];
  if (volume.superblock.logTree === undefined) return { subvolumes, problems, state: 'clean' };
  await orTell('The logs of what was forced to the disk last cannot be read', problems, async () => {
    for (const [id, log] of await readLogs(volume, signal)) {
      const what = `What was forced to the disk last in subvolume ${id} is not seen`;
      await orTell(what, problems, async () => {
        // One that was removed since has nothing to be replayed into.
        if ((await findSubvolume(volume, id, signal)) === undefined) return;
        const { tree } = await readSubvolumeRoot(volume, id, signal);
        const replayed = await replayLog(tree, log, volume.superblock, signal);
        subvolumes.set(id, replayed);
        const { size } = replayed.refused;
        if (size > 0)
          problems.push(`${size} files and folders cannot be read: the log of them makes no sense`);
      });
    }
  });
  return { subvolumes, problems, state: subvolumes.size === 0 && problems.length > 0 ? 'none' : 'replayed' };
}

async function orTell(what: string, problems: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    problems.push(`${what}: ${error.message}`);
  }
}

async function readLogs(
  { superblock, trees }: BtrfsVolume,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, ItemTree>> {
  const logs = new Map<number, ItemTree>();
  if (superblock.logTree === undefined) return logs;
  for await (const items of trees.items(superblock.logTree, firstKey, lastKey, signal)) {
    for (const { key, bytes } of items) {
      if (key.type !== keyTypes.root) continue;
      logs.set(key.offset, new StoredTree(trees, parseRoot(bytes, `Btrfs log of subvolume ${key.offset}`)));
      if (logs.size > maxLogs) throw new AppError('UNSUPPORTED_FORMAT', 'too many subvolumes have a log');
    }
  }
  return logs;
}
