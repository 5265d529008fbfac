import fc from 'fast-check';
import { expect, test } from 'vitest';

import { systemClock } from '../../../../src/base/clock.ts';
import { KiB } from '../../../../src/base/units.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import type { DiskStream, RandomAccessDisk } from '../../../../src/core/disk/diskTransport.ts';
import { backUpDisk } from '../../../../src/core/jobs/backupVm/backupDisk.ts';
import { DiskProgress } from '../../../../src/core/jobs/backupVm/diskProgress.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { createTestRepository, testDeps, testPassword } from '../../../support/repositories.ts';

const silent = new DiskProgress('', () => undefined, systemClock);

const chunkBytes = 256 * KiB;
const geometry = { chunkBytes, partBytes: 2 * chunkBytes };
const blockBytes = 64 * KiB;

/** A disk of which only some blocks of 64 KiB hold anything; the last one may be short. */
function diskOf(sizeBytes: number, written: readonly number[]): Uint8Array {
  const disk = new Uint8Array(sizeBytes);
  for (const block of written) {
    const end = Math.min(sizeBytes, (block + 1) * blockBytes);
    if (block * blockBytes < end) disk.set(pattern(end - block * blockBytes, block), block * blockBytes);
  }
  return disk;
}

function asStream(disk: Uint8Array, written: readonly number[]): DiskStream {
  return {
    shape: 'stream',
    sizeBytes: disk.byteLength,
    receivedBytes: 0,
    blocks: async function* () {
      for (const block of written) {
        const bytes = disk.slice(block * blockBytes, (block + 1) * blockBytes);
        if (bytes.byteLength > 0) yield { offsetBytes: block * blockBytes, bytes };
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function atRandomAccess(disk: Uint8Array, written: readonly number[]): RandomAccessDisk {
  const areas = written
    .map(block => ({
      startBytes: block * blockBytes,
      endBytes: Math.min(disk.byteLength, (block + 1) * blockBytes),
    }))
    .filter(({ startBytes, endBytes }) => startBytes < endBytes)
    .map(({ startBytes, endBytes }) => ({ startBytes, lengthBytes: endBytes - startBytes }));
  return {
    ...memorySource(disk),
    shape: 'random-access',
    receivedBytes: 0,
    reads: { maxBytes: 3 * chunkBytes, inFlight: 2 },
    allocatedAreas: async () => areas,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test('both shapes of a disk become the same tree, and the second one stores nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 * chunkBytes }),
      fc.uniqueArray(fc.nat(20), { maxLength: 8 }),
      async (sizeBytes, blocks) => {
        const written = blocks.toSorted((a, b) => a - b);
        const disk = diskOf(sizeBytes, written);
        const deps = testDeps();
        const { store } = await createTestRepository(deps);
        await using repository = await openRepository(store, testPassword, deps, anySignal);
        await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, anySignal);
        const back = async (reader: DiskStream | RandomAccessDisk) =>
          await backUpDisk(repository, reader, geometry, undefined, silent, lock.lost);
        const first = await back(asStream(disk, written));
        const second = await back(atRandomAccess(disk, written));
        expect(second).toMatchObject({ tree: first.tree, storedBytes: 0 });
      },
    ),
    { numRuns: 25 },
  );
});
