import fc from 'fast-check';
import { expect, test } from 'vitest';

import { systemClock } from '../../../../src/base/clock.ts';
import { KiB } from '../../../../src/base/units.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import type { ManifestDisk } from '../../../../src/core/catalog/manifest.ts';
import { ChunkSet } from '../../../../src/core/changes/chunkSet.ts';
import type { DiskReader, DiskStream, RandomAccessDisk } from '../../../../src/core/disk/diskTransport.ts';
import { backUpChangedAreas } from '../../../../src/core/jobs/backupVm/backupChangedAreas.ts';
import { backUpDisk } from '../../../../src/core/jobs/backupVm/backupDisk.ts';
import { DiskProgress } from '../../../../src/core/jobs/backupVm/diskProgress.ts';
import { openKnownChanges } from '../../../../src/core/jobs/backupVm/knownChanges.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { sampleManifest } from '../../../support/manifests.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { createTestRepository, testDeps, testPassword } from '../../../support/repositories.ts';

const chunkBytes = 256 * KiB;
const geometry = { chunkBytes, partBytes: 2 * chunkBytes };
const blockBytes = 64 * KiB;
const silent = new DiskProgress('', () => undefined, systemClock);

const cases = fc.integer({ min: 1, max: 6 * chunkBytes }).chain(sizeBytes =>
  fc.record({
    sizeBytes: fc.constant(sizeBytes),
    before: writes(sizeBytes),
    after: writes(sizeBytes),
    /** A host may say of anything that it has changed. */
    besides: writes(sizeBytes),
    sampled: fc.array(fc.nat(Math.ceil(sizeBytes / chunkBytes) - 1), { maxLength: 4 }),
  }),
);

interface Write {
  readonly startBytes: number;
  readonly lengthBytes: number;
  /** 0: zeros. */
  readonly seed: number;
}

function writes(sizeBytes: number): fc.Arbitrary<Write[]> {
  return fc.array(
    fc.nat(sizeBytes - 1).chain(startBytes =>
      fc.record({
        startBytes: fc.constant(startBytes),
        lengthBytes: fc.integer({ min: 1, max: sizeBytes - startBytes }),
        seed: fc.nat(3),
      }),
    ),
    { maxLength: 4 },
  );
}

function written(disk: Uint8Array, changes: readonly Write[]): Uint8Array {
  const copy = disk.slice();
  for (const { startBytes, lengthBytes, seed } of changes)
    copy.set(seed === 0 ? new Uint8Array(lengthBytes) : pattern(lengthBytes, seed), startBytes);
  return copy;
}

/** As a lease sends a disk: blocks of 64 KiB without those of zeros. Counts what was unpacked. */
function asStream(disk: Uint8Array, unpacked: number[] = []): DiskStream {
  return {
    shape: 'stream',
    sizeBytes: disk.byteLength,
    receivedBytes: 0,
    blocks: async function* (_signal, isWanted = () => true) {
      for (let offsetBytes = 0; offsetBytes < disk.byteLength; offsetBytes += blockBytes) {
        const bytes = disk.slice(offsetBytes, offsetBytes + blockBytes);
        if (bytes.every(byte => byte === 0)) continue;
        if (!isWanted({ startBytes: offsetBytes, lengthBytes: bytes.byteLength })) continue;
        unpacked.push(offsetBytes);
        yield { offsetBytes, bytes };
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Counts what was read. */
function atRandomAccess(disk: Uint8Array, read: number[] = []): RandomAccessDisk {
  const source = memorySource(disk);
  return {
    shape: 'random-access',
    sizeBytes: disk.byteLength,
    receivedBytes: 0,
    reads: { maxBytes: 3 * chunkBytes, inFlight: 2 },
    allocatedAreas: async () => [{ startBytes: 0, lengthBytes: disk.byteLength }],
    read: async (offsetBytes, target, signal) => {
      for (let at = offsetBytes; at < offsetBytes + target.byteLength; at += chunkBytes) read.push(at);
      await source.read(offsetBytes, target, signal);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function inRepository(
  work: (repository: Repository, disk: Uint8Array, signal: AbortSignal) => Promise<void>,
  disk: Uint8Array,
): Promise<void> {
  const deps = testDeps();
  const { store } = await createTestRepository(deps);
  await using repository = await openRepository(store, testPassword, deps, anySignal);
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, anySignal);
  await work(repository, disk, lock.lost);
}

async function storeWhole(repository: Repository, disk: Uint8Array, signal: AbortSignal) {
  return await backUpDisk(repository, asStream(disk), geometry, undefined, silent, signal);
}

function described(disk: Uint8Array): ManifestDisk {
  return { ...sampleManifest().disks[0]!, ...geometry, capacityBytes: disk.byteLength };
}

async function storeChanged(
  repository: Repository,
  reader: DiskReader,
  previous: { readonly disk: ManifestDisk; readonly tree: Awaited<ReturnType<typeof storeWhole>>['tree'] },
  changed: ChunkSet,
  sample: ChunkSet,
  signal: AbortSignal,
) {
  const known = await openKnownChanges(repository, previous, changed, signal);
  return await backUpChangedAreas(repository, reader, geometry, known, sample, silent, signal);
}

test('in both shapes the tree is that of the whole disk, and only what was asked for is looked at', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ sizeBytes, before, after, besides, sampled }) => {
      const old = written(new Uint8Array(sizeBytes), before);
      await inRepository(
        async (repository, disk, signal) => {
          const { tree } = await storeWhole(repository, old, signal);
          const changed = new ChunkSet({ chunkBytes, diskBytes: sizeBytes });
          for (const area of [...after, ...besides]) changed.addArea(area);
          const sample = new ChunkSet(changed);
          for (const index of sampled) if (!changed.has(index)) sample.add(index);
          const previous = { disk: described(disk), tree };
          const wanted = changed.union(sample);
          const [unpacked, read]: [number[], number[]] = [[], []];
          const results = [
            await storeChanged(repository, asStream(disk, unpacked), previous, changed, sample, signal),
            await storeChanged(repository, atRandomAccess(disk, read), previous, changed, sample, signal),
          ];
          const whole = await storeWhole(repository, disk, signal);
          const audit = { chunks: sample.size, mismatches: 0 };
          for (const result of results)
            expect(result).toMatchObject({
              kind: 'stored',
              tree: whole.tree,
              readBytes: wanted.sizeBytes,
              audit,
            });
          expect(whole.storedBytes).toBe(0);
          for (const offset of unpacked) expect(wanted.has(Math.floor(offset / chunkBytes))).toBe(true);
          expect(read.map(offset => offset / chunkBytes).sort((one, other) => one - other)).toEqual(
            [...wanted.runs()].flatMap(({ first, end }) =>
              Array.from({ length: end - first }, (_, index) => first + index),
            ),
          );
        },
        written(old, after),
      );
    }),
    { numRuns: 40 },
  );
});

test('a chunk of the sample that has changed is no incremental backup, and a full one counts them all', async () => {
  const old = pattern(6 * chunkBytes, 1);
  const disk = written(old, [
    { startBytes: 0, lengthBytes: 10, seed: 2 },
    { startBytes: 3 * chunkBytes, lengthBytes: 10, seed: 3 },
    { startBytes: 5 * chunkBytes, lengthBytes: 10, seed: 0 },
  ]);
  await inRepository(async (repository, now, signal) => {
    const { tree } = await storeWhole(repository, old, signal);
    const changed = new ChunkSet({ chunkBytes, diskBytes: now.byteLength });
    changed.add(0);
    const sample = new ChunkSet(changed);
    for (const index of [1, 5]) sample.add(index);
    const previous = { disk: described(now), tree };
    for (const reader of [asStream(now), atRandomAccess(now)])
      expect(await storeChanged(repository, reader, previous, changed, sample, signal)).toMatchObject({
        kind: 'distrusted',
        audit: { chunks: 2, mismatches: 1 },
      });
    const known = await openKnownChanges(repository, previous, changed, signal);
    const whole = await backUpDisk(repository, asStream(now), geometry, known, silent, signal);
    expect(whole.audit).toEqual({ chunks: 5, mismatches: 2 });
  }, disk);
});
