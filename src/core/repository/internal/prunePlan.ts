import type { PackTotal, PruneOptions, PrunePlan } from '../prune.ts';
import { isUnneeded, type PackUse, type RepositoryUse } from './packUse.ts';
import type { UsedBlobs } from './usedBlobs.ts';

export interface PrunePlanWithPacks {
  readonly plan: PrunePlan;
  /** Those to be copied, the ones with most to gain first. */
  readonly repacked: readonly PackUse[];
}

/** Which packs are worth copying: the emptiest ones first, until what stays unused is little enough. */
export function planPrune(
  used: Pick<UsedBlobs, 'count' | 'snapshotCount'>,
  { packs, unnamed }: Pick<RepositoryUse, 'packs' | 'unnamed'>,
  { maxUnusedShare, maxRepackBytes = Infinity }: PruneOptions,
): PrunePlanWithPacks {
  const all = [...packs.values()];
  const unused = all.filter(isUnneeded);
  const partly = all.filter(pack => !isUnneeded(pack) && unneededBytes(pack) > 0);
  const usedBytes = all.reduce((sum, { neededBytes }) => sum + neededBytes, 0);
  const maxUnusedBytes = usedBytes * maxUnusedShare;
  let remainingUnusedBytes = partly.reduce((sum, pack) => sum + unneededBytes(pack), 0);
  let copiedBytes = 0;
  const repacked: PackUse[] = [];
  for (const pack of partly.toSorted((a, b) => gain(b) - gain(a))) {
    if (remainingUnusedBytes <= maxUnusedBytes) break;
    if (copiedBytes + pack.neededBytes > maxRepackBytes) continue;
    repacked.push(pack);
    copiedBytes += pack.neededBytes;
    remainingUnusedBytes -= unneededBytes(pack);
  }
  const plan: PrunePlan = {
    snapshotCount: used.snapshotCount,
    usedBlobCount: used.count,
    usedBytes,
    unusedPacks: totalOf(unused.map(({ sizeBytes }) => sizeBytes)),
    unnamedPacks: totalOf([...unnamed.values()]),
    repackedPacks: totalOf(repacked.map(({ sizeBytes }) => sizeBytes)),
    copiedBytes,
    remainingUnusedBytes,
  };
  return { plan, repacked };
}

export function totalOf(sizes: readonly number[]): PackTotal {
  return { count: sizes.length, sizeBytes: sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0) };
}

/** Of blobs that nobody needs from here. A header alone is no reason to copy a pack. */
function unneededBytes({ sizeBytes, neededBytes, headerBytes }: PackUse): number {
  return Math.max(0, sizeBytes - headerBytes - neededBytes);
}

function gain(pack: PackUse): number {
  return unneededBytes(pack) / pack.sizeBytes;
}
