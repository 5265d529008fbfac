import { describe, expect, test } from 'vitest';

import { silentLogger } from '../../../../src/base/logger.ts';
import { systemRandom } from '../../../../src/base/random.ts';
import { GiB, KiB, MiB } from '../../../../src/base/units.ts';
import type { BlobId } from '../../../../src/core/codec/blobId.ts';
import { masterKeyOf } from '../../../../src/core/codec/masterKey.ts';
import { openSealer } from '../../../../src/core/codec/sealer.ts';
import { IndexKeeper } from '../../../../src/core/repository/internal/indexKeeper.ts';
import { loadPacksOfFile } from '../../../../src/core/repository/internal/indexFiles.ts';
import type { PackContents } from '../../../../src/core/repository/internal/indexFile.ts';
import { LayeredBlobIndex } from '../../../../src/core/repository/layeredBlobIndex.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { pattern } from '../../../support/pattern.ts';

const sealer = await openSealer(masterKeyOf(pattern(64)));

async function keeper() {
  const store = new MemoryObjectStore();
  const clock = new ManualClock();
  const logger = silentLogger;
  const index = new IndexKeeper({
    ...{ store, sealer, clock, random: systemRandom, logger },
    filed: await LayeredBlobIndex.open({ logger }, anySignal),
    locksLapsed: async () => await Promise.resolve(false),
    onPacksLost: async reason => await Promise.reject(reason),
    emptyIndex: () => new LayeredBlobIndex({ logger }),
  });
  let count = 0;
  const add = async (packBytes: number) => {
    count += 1;
    await index.add(packOf(count, packBytes), anySignal);
  };
  return { index, store, clock, add };
}

/** As the index sees one; nobody reads what is in it. */
function packOf(number: number, lengthBytes: number): PackContents {
  const id = number.toString(16).padStart(64, '0');
  const blob = {
    type: 'data',
    id: id as BlobId,
    offsetBytes: 0,
    lengthBytes,
    plainBytes: lengthBytes,
  } as const;
  return { packId: id, blobs: [blob] };
}

async function packsOfFiles(store: MemoryObjectStore): Promise<readonly number[]> {
  const counts: number[] = [];
  for await (const { id } of store.list('index', anySignal))
    counts.push([...(await loadPacksOfFile(store, sealer, id, anySignal))].length);
  return counts;
}

describe('index files are written', () => {
  test('from 256 MiB on that no other one names, whole packs at a time', async () => {
    const { store, add } = await keeper();
    for (let pack = 0; pack < 15; pack += 1) await add(16 * MiB);
    await add(16 * MiB - KiB);
    expect(await packsOfFiles(store)).toEqual([]);
    await add(KiB);
    expect(await packsOfFiles(store)).toEqual([17]);
    await add(255 * MiB);
    expect(await packsOfFiles(store)).toEqual([17]);
    await add(MiB);
    expect((await packsOfFiles(store)).toSorted()).toEqual([17, 2]);
  });

  test('for a 25th of a long backup, 4 GiB at most: a crash costs no more, and there are few of them', async () => {
    const { store, add } = await keeper();
    let [takenBytes, unwrittenBytes, files] = [0, 0, 0];
    for (let pack = 0; pack < 2400; pack += 1) {
      await add(128 * MiB);
      takenBytes += 128 * MiB;
      unwrittenBytes += 128 * MiB;
      const most = Math.min(4 * GiB, Math.max(256 * MiB, 0.04 * takenBytes));
      const count = (await collect(store.list('index', anySignal))).length;
      const isWritten = count > files;
      expect({ takenBytes, isWritten }).toEqual({ takenBytes, isWritten: unwrittenBytes >= most });
      if (isWritten) unwrittenBytes = 0;
      files = count;
    }
    expect(takenBytes).toBe(300 * GiB);
    expect(files).toBeLessThan(150);
  });

  test('anew from 256 MiB on after a flush, which leaves nothing unnamed', async () => {
    const { index, store, add } = await keeper();
    for (let pack = 0; pack < 100; pack += 1) await add(GiB);
    await index.flush(anySignal);
    const before = (await packsOfFiles(store)).reduce((sum, packs) => sum + packs, 0);
    expect(before).toBe(100);
    await add(255 * MiB);
    expect((await packsOfFiles(store)).reduce((sum, packs) => sum + packs, 0)).toBe(100);
    await add(MiB);
    expect((await packsOfFiles(store)).reduce((sum, packs) => sum + packs, 0)).toBe(102);
  });

  test('after ten minutes, however little it is', async () => {
    const { store, clock, add } = await keeper();
    await add(KiB);
    await clock.advance(10 * 60_000 - 1);
    await add(KiB);
    expect(await packsOfFiles(store)).toEqual([]);
    await clock.advance(1);
    await add(KiB);
    expect(await packsOfFiles(store)).toEqual([3]);
  });
});
