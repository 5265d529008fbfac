import { expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { prune } from '../../src/core/jobs/retention/prune.ts';
import type { PruneOptions } from '../../src/core/repository/prune.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import { anySignal as signal } from './anySignal.ts';
import { memoryJournal } from './memoryJournal.ts';
import { pattern } from './pattern.ts';
import { readEverything, saveFiles } from './repositories.ts';

export const cycleChunkBytes = 20_000;

/** Copies everything that is not wholly used. */
export const thorough: PruneOptions = { maxUnusedShare: 0 };

/** What a restore point of the cycle holds: half of it every one has, the other half is its own, in turns. */
export function cycleFiles(seed: number): Readonly<Record<string, Uint8Array<ArrayBuffer>>> {
  const bytes = pattern(12 * cycleChunkBytes, 0, 1);
  for (let chunk = 0; chunk < 12; chunk += 2)
    bytes.set(pattern(cycleChunkBytes, chunk, 100 + seed), chunk * cycleChunkBytes);
  return { 'disk.raw': bytes };
}

export async function backUpCycle(repository: Repository, seed: number): Promise<SnapshotId> {
  return await saveFiles(repository, cycleFiles(seed), cycleChunkBytes);
}

export async function removePoint(repository: Repository, id: SnapshotId): Promise<void> {
  await using lock = await repository.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
  await repository.removeSnapshot(id, lock, signal);
}

export async function pruneAll(repository: Repository, options: PruneOptions = thorough) {
  const deps = { journal: memoryJournal(), clock: systemClock, waitMs: 0 };
  return await prune(repository, options, deps, () => undefined, signal);
}

/** Every restore point is one of those backed up, whole to the last byte. @returns how many there are */
export async function expectWholePoints(repository: Repository, seeds: readonly number[]): Promise<number> {
  const expected = seeds.map(seed => Buffer.from(cycleFiles(seed)['disk.raw']!));
  const points = await readEverything(repository);
  for (const files of points.values())
    expect(expected.some(bytes => files.get('disk.raw')?.equals(bytes))).toBe(true);
  return points.size;
}

export async function checkAll(repository: Repository) {
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  return await repository.check({ readData: true }, lock, () => undefined, signal);
}
