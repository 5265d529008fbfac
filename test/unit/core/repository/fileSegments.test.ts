import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type * as fileSystem from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import { AppError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { toHex } from '../../../../src/base/random.ts';
import { parseBlobId } from '../../../../src/core/codec/blobId.ts';
import { LayeredBlobIndex } from '../../../../src/core/repository/layeredBlobIndex.ts';
import { fileSegmentStores } from '../../../../src/core/repository/node/fileSegmentStore.ts';
import { addFile, expectSame, type FileContent, IndexModel } from '../../../contract/blobIndex.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { seededRandom } from '../../../support/seededRandom.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const repositoryId = '5'.repeat(64);
const otherId = '6'.repeat(64);
const limits = { maxRecordsInMemory: 300, minRecordsToKeep: 1 };
const random = seededRandom(31);
const fileIds = Array.from({ length: 13 }, () => toHex(random.bytes(32)));
const files = fileIds.map(() => fileOf(80));

const calls = vi.hoisted(() => ({ before: (): void => undefined }));
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof fileSystem>();
  const told =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      calls.before();
      return await call(...args);
    };
  return { ...real, rename: told(real.rename), link: told(real.link), rm: told(real.rm) };
});
afterEach(() => {
  vi.restoreAllMocks();
  calls.before = () => undefined;
});

describe('an index kept on disk', () => {
  test('stopped before any write is right for what it stands for, and the rest is added again', async () => {
    const folder = temporaryFolder('index');
    const copies = temporaryFolder('index-copies');
    let count = 0;
    const keepCopy = () => {
      count += 1;
      cpSync(folder, join(copies, String(count)), { recursive: true });
    };
    const writes = await onEachWrite(keepCopy);
    calls.before = keepCopy;
    await liveThrough(folder);
    keepCopy();
    calls.before = () => undefined;
    writes.mockRestore();
    expect(count).toBeGreaterThan(60);

    for (let copy = 1; copy <= count; copy += 1) {
      const index = await openIn(join(copies, String(copy)));
      const model = new IndexModel();
      for (const [number, fileId] of fileIds.entries())
        if (index.fileIds.has(fileId)) model.addFile(fileId, files[number]!);
      await expectSame(index, model);
      for (const [number, fileId] of fileIds.entries()) {
        await addFile(index, fileId, files[number]!);
        model.addFile(fileId, files[number]!);
      }
      await index.settle(signal);
      await expectSame(index, model);
      await index[Symbol.asyncDispose]();
    }
  });

  test('of which any byte is damaged says so, and never a wrong place', async () => {
    const folder = temporaryFolder('index');
    await using first = await openIn(folder);
    const model = new IndexModel();
    for (const number of [0, 1, 2]) {
      await addFile(first, fileIds[number]!, files[number]!);
      model.addFile(fileIds[number]!, files[number]!);
    }
    await first.settle(signal);
    const [name] = segmentsIn(folder);
    const whole = readFileSync(join(folder, repositoryId, name!));
    expect(segmentsIn(folder)).toHaveLength(1);
    const damages = [
      ...Array.from({ length: Math.ceil(whole.length / 149) }, (_, n) => flipped(whole, n * 149)),
      ...Array.from({ length: 48 }, (_, at) => flipped(whole, at * 2)),
      ...[0, 1, 4095, 4096, whole.length - 4096, whole.length - 1].map(end => whole.subarray(0, end)),
      Buffer.concat([whole, Buffer.alloc(1)]),
      Buffer.alloc(whole.length),
    ];
    let told = 0;
    for (const damaged of damages) {
      if (damaged.equals(whole)) continue;
      const place = temporaryCopy(folder, name!, damaged);
      await using index = await openIn(place);
      for (const { type, id } of model.blobs) {
        try {
          const found = await index.lookup(type, id, signal);
          if (found === undefined) expect(index.fileIds.size).toBe(0);
          else expect(model.placesOf(type, id)).toContainEqual(found);
        } catch (error) {
          if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
          told += 1;
          expect(index.fileIds.size).toBe(0);
        }
      }
      // What the keeper of the index does when it hears of it.
      for (const number of [0, 1, 2]) await addFile(index, fileIds[number]!, files[number]!);
      await index.settle(signal);
      await expectSame(index, model);
    }
    expect(told).toBeGreaterThan(0);
  });

  test('is not taken for that of another repository', async () => {
    const folder = temporaryFolder('index');
    {
      await using index = await openIn(folder);
      await addFile(index, fileIds[0]!, files[0]!);
      await index.settle(signal);
    }
    mkdirSync(join(folder, otherId));
    cpSync(join(folder, repositoryId), join(folder, otherId), { recursive: true });
    await using other = await openIn(folder, otherId);
    expect(other.fileIds.size).toBe(0);
    expect(segmentsIn(folder, otherId)).toEqual([]);
  });

  test('is small files that are put together, and what nothing needs goes', async () => {
    const folder = temporaryFolder('index');
    await using index = await openIn(folder);
    for (const [number, fileId] of fileIds.entries()) {
      await addFile(index, fileId, files[number]!);
      await index.settle(signal);
      expect(segmentsIn(folder).length).toBeLessThanOrEqual(9);
    }
    await index.keepOnly(new Set(fileIds.slice(0, 1)), signal);
    await index.settle(signal);
    expect(sizeOf(folder)).toBeLessThan(40_000);
    await index.keepOnly(new Set(), signal);
    await index.settle(signal);
    expect(segmentsIn(folder)).toEqual([]);
  });

  test('leaves what somebody else is writing, and removes what nobody has written to its end for a day', async () => {
    const folder = temporaryFolder('index');
    mkdirSync(join(folder, repositoryId));
    const [young, old] = ['.a.segment.1.partial', '.b.segment.2.partial'];
    for (const name of [young, old]) writeFileSync(join(folder, repositoryId, name), 'half');
    const longAgo = new Date(systemClock.now().getTime() - 25 * 60 * 60 * 1000);
    utimesSync(join(folder, repositoryId, old), longAgo, longAgo);
    await using index = await openIn(folder);
    expect(index.fileIds.size).toBe(0);
    expect(readdirSync(join(folder, repositoryId))).toEqual([young]);
  });

  test('of a folder that cannot be written stays in memory', async () => {
    const folder = join(temporaryFolder('index'), 'file');
    writeFileSync(folder, 'no folder');
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    await using index = await LayeredBlobIndex.open(
      { logger, segments: storesIn(folder).kept, ...limits },
      signal,
    );
    const model = new IndexModel();
    for (const [number, fileId] of fileIds.entries()) {
      await addFile(index, fileId, files[number]!);
      model.addFile(fileId, files[number]!);
    }
    await index.settle(signal);
    await expectSame(index, model);
    expect(warnings).toContain('the index of blobs stays in memory');
  });

  test('answers while it is put together', async () => {
    const folder = temporaryFolder('index');
    await using index = await openIn(folder);
    const model = new IndexModel();
    let isOver = false;
    const adding = (async () => {
      for (const [number, fileId] of fileIds.entries()) {
        await addFile(index, fileId, files[number]!);
        model.addFile(fileId, files[number]!);
        await index.settle(signal);
      }
      isOver = true;
    })();
    while (!isOver) {
      for (const { type, id } of model.blobs.slice(-40))
        expect(model.placesOf(type, id)).toContainEqual(await index.lookup(type, id, signal));
      await new Promise(resolve => setImmediate(resolve));
    }
    await adding;
    await expectSame(index, model);
  });
});

/** Files come, are put together, and go. */
async function liveThrough(folder: string): Promise<void> {
  const index = await openIn(folder);
  for (const [number, fileId] of fileIds.entries()) {
    await addFile(index, fileId, files[number]!);
    await index.settle(signal);
  }
  await index.keepOnly(new Set(fileIds.slice(7)), signal);
  await index.settle(signal);
  await index[Symbol.asyncDispose]();
}

/** Told before each write of a file's bytes, and before they are flushed. */
async function onEachWrite(listener: () => void) {
  const probe = await open(import.meta.filename, 'r');
  const prototype = Reflect.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  const write = Reflect.get(prototype, 'write') as (...args: unknown[]) => Promise<never>;
  return vi.spyOn(prototype, 'write').mockImplementation(async function (this: unknown, ...args) {
    listener();
    return await write.apply(this, args);
  });
}

async function openIn(folder: string, id = repositoryId): Promise<LayeredBlobIndex> {
  return await LayeredBlobIndex.open(
    { logger: silentLogger, segments: storesIn(folder, id).kept, ...limits },
    signal,
  );
}

function storesIn(folder: string, id = repositoryId) {
  return fileSegmentStores({ folder, clock: systemClock, random, logger: silentLogger })(id);
}

function fileOf(blobCount: number): FileContent {
  return Array.from({ length: 4 }, () => ({
    packId: toHex(random.bytes(32)),
    blobs: Array.from({ length: blobCount / 4 }, (_, number) => ({
      type: number % 5 === 0 ? ('tree' as const) : ('data' as const),
      id: parseBlobId(toHex(random.bytes(32)), 'test'),
      offsetBytes: number * 5000,
      lengthBytes: 5000,
      ...(number % 3 === 0 && { uncompressedLengthBytes: 9000 }),
    })),
  }));
}

function segmentsIn(folder: string, id = repositoryId): string[] {
  return readdirSync(join(folder, id)).filter(name => name.endsWith('.segment'));
}

function sizeOf(folder: string): number {
  return segmentsIn(folder).reduce((sum, name) => sum + statSync(join(folder, repositoryId, name)).size, 0);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ 0x10;
  return copy;
}

function temporaryCopy(folder: string, name: string, bytes: Buffer): string {
  const copy = join(folder, 'damaged', String((damagedCount += 1)));
  mkdirSync(join(copy, repositoryId), { recursive: true });
  writeFileSync(join(copy, repositoryId, name), bytes);
  return copy;
}

let damagedCount = 0;
