import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { systemRandom } from '../../../../src/base/random.ts';
import { KiB, MiB } from '../../../../src/base/units.ts';
import { createFileBlockSink } from '../../../../src/core/block/node/fileBlockSink.ts';
import type { Compression } from '../../../../src/core/codec/compression.ts';
import { inlineSealingPool } from '../../../../src/core/codec/inlineSealingPool.ts';
import { generateMasterKey, masterKeyOf } from '../../../../src/core/codec/masterKey.ts';
import { WorkerSealingPool } from '../../../../src/core/codec/node/workerSealingPool.ts';
import type { EnclosedBlob, SealingPool } from '../../../../src/core/codec/sealingPool.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const key = masterKeyOf(pattern(64, 0, 7));
const script = new URL('../../../../src/core/codec/node/sealWorker.ts', import.meta.url);

const pools: readonly [string, (compression: Compression) => SealingPool][] = [
  ['inline', compression => inlineSealingPool(key, compression, systemRandom)],
  ['threads', compression => new WorkerSealingPool(key, { script, threadCount: 2, compression })],
];

describe.each(pools)('a sealing pool: %s', (_name, open) => {
  test.each(['off', 'fast', 'auto', 'max'] as const)(
    'gives bytes back under compression %s',
    async compression => {
      await using pool = open(compression);
      const contents = [text(100_000), pattern(1 * MiB, 12), systemRandom.bytes(70_000), new Uint8Array([5])];
      for (const content of contents) {
        const hashed = await pool.hash(content.slice(), signal);
        expect(hashed.id).toBe(createHash('sha256').update(content).digest('hex'));
        expect(hashed.plain).toEqual(content);
        const blob = await pool.seal(hashed, signal);
        expect(blob).toMatchObject({ id: hashed.id, plainLengthBytes: content.length });
        expect(blob.compressed).toBe(blob.sealed.length < content.length + 32);
        expect(digest(await pool.unseal(blob.sealed, blob, signal))).toBe(digest(content));
      }
      const ofText = await pool.seal(await pool.hash(text(100_000), signal), signal);
      expect(ofText.compressed).toBe(compression !== 'off');
    },
  );

  test('leaves bytes alone that are part of a larger buffer', async () => {
    await using pool = open('fast');
    const disk = pattern(1 * MiB);
    const piece = disk.subarray(1000, 5000);
    const { id } = await pool.hash(piece, signal);
    expect(id).toBe(digest(pattern(4000, 1000)));
    expect(digest(disk)).toBe(digest(pattern(1 * MiB)));
  });

  test('refuses a blob that is not what is expected', async () => {
    await using pool = open('auto');
    const sealText = async () => await pool.seal(await pool.hash(text(5000), signal), signal);
    const blob = await sealText();
    const other = await pool.hash(text(4999), signal);
    const wrong: readonly [string, Uint8Array, typeof blob][] = [
      ['another id', (await sealText()).sealed, { ...blob, id: other.id }],
      ['shorter', (await sealText()).sealed, { ...blob, plainLengthBytes: 4999 }],
      ['longer', (await sealText()).sealed, { ...blob, plainLengthBytes: 5001 }],
      ['not compressed', (await sealText()).sealed, { ...blob, compressed: false }],
      ['cut', (await sealText()).sealed.slice(0, -1), blob],
    ];
    for (const [name, sealed, expected] of wrong) {
      await expect(pool.unseal(sealed, expected, signal), name).rejects.toMatchObject({
        name: 'CorruptDataError',
        code: 'CORRUPT_DATA',
      });
    }
    expect(await pool.unseal(blob.sealed, blob, signal)).toEqual(text(5000));
  });

  test('tells of a pack what is wrong in it', async () => {
    await using pool = open('auto');
    const plains = [text(90_000), pattern(300_000, 4), text(40_000)];
    const { piece, blobs } = await packed(pool, plains);
    const whole = { sha256: digest(piece), problems: [] };
    expect(await pool.verify(piece.slice(), blobs, signal)).toEqual(whole);
    piece[blobs[1]!.startBytes + 1000]! ^= 1;
    expect(await pool.verify(piece.slice(), blobs, signal)).toEqual({
      sha256: digest(piece),
      problems: [{ id: blobs[1]!.id, message: expect.stringMatching(/authentication code/) as string }],
    });
    const other = blobs.map((blob, index) => (index === 2 ? { ...blob, id: blobs[0]!.id } : blob));
    const { problems } = await pool.verify(piece, other, signal);
    expect(problems.map(({ id }) => id)).toEqual([blobs[1]!.id, blobs[0]!.id]);
  });

  test('unseals a piece of a pack to where its bytes belong, into memory or a file', async () => {
    await using pool = open('auto');
    const plains = [text(64 * KiB), pattern(MiB, 4), text(40_001)];
    plains[1]!.fill(0, 128 * KiB, 640 * KiB);
    const { piece, blobs } = await packed(pool, plains);
    const places = [[0, 3 * MiB], [MiB], [2 * MiB + 77]];
    const placed = blobs.map((blob, index) => ({ ...blob, offsetsBytes: places[index]! }));
    piece[placed[2]!.startBytes + 40]! ^= 1;
    const expected = new Uint8Array(4 * MiB);
    for (const offset of places[0]!) expected.set(plains[0]!, offset);
    expected.set(plains[1]!, MiB);

    const memory = new Uint8Array(4 * MiB);
    const target = {
      write: async (offsetBytes: number, bytes: Uint8Array) => {
        await Promise.resolve();
        memory.set(bytes, offsetBytes);
      },
    };
    const problems = [{ id: blobs[2]!.id, message: expect.stringMatching(/authentication code/) as string }];
    expect(await pool.unsealTo(piece.slice(), placed, target, signal)).toEqual(problems);
    expect(digest(memory)).toBe(digest(expected));

    const path = join(temporaryFolder('pool'), 'disk.raw');
    await using sink = await createFileBlockSink(path, memory.length);
    expect(await pool.unsealTo(piece, placed, sink, signal)).toEqual(problems);
    await sink.commit(signal);
    expect(digest(readFileSync(path))).toBe(digest(expected));
    if (process.platform !== 'win32') expect(statSync(path).blocks * 512).toBeLessThan(MiB);
  });

  test('does nothing for a cancelled caller', async () => {
    await using pool = open('auto');
    const cancelled = AbortSignal.abort();
    await expect(pool.hash(text(10), cancelled)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('keeps many tasks apart', async () => {
  await using pool = new WorkerSealingPool(key, { script, threadCount: 3, compression: 'fast' });
  const one = async (index: number) => {
    const plain = pattern(10_000 + index, index * 512);
    const blob = await pool.seal(await pool.hash(plain.slice(), signal), signal);
    expect(await pool.unseal(blob.sealed, blob, signal)).toEqual(plain);
  };
  await Promise.all(Array.from({ length: 200 }, async (_, index) => await one(index)));
});

test('has one more thread than work', async () => {
  const folder = temporaryFolder('pool');
  const started = join(folder, 'started');
  const counting = join(folder, 'thread.mjs');
  const lines = [
    `import { appendFileSync } from 'node:fs';`,
    `appendFileSync(${JSON.stringify(started)}, '.');`,
  ];
  writeFileSync(counting, [...lines, `await import(${JSON.stringify(script)});`].join('\n'));
  const options = { script: pathToFileURL(counting), threadCount: 4, compression: 'off' } as const;
  await using pool = new WorkerSealingPool(key, options);
  const threads = () => readFileSync(started, 'utf8').length;
  for (let round = 0; round < 5; round += 1) await pool.hash(pattern(10), signal);
  await vi.waitFor(() => expect(threads()).toBe(2), 10_000);
  await Promise.all([pool.hash(pattern(MiB), signal), pool.hash(pattern(MiB), signal)]);
  await vi.waitFor(() => expect(threads()).toBe(3), 10_000);
});

test('moves whole buffers to the thread instead of copying them', async () => {
  await using pool = new WorkerSealingPool(key, { script, threadCount: 1, compression: 'fast' });
  const plain = pattern(1 * MiB);
  await pool.hash(plain, signal);
  expect(plain.byteLength).toBe(0);
});

test('a thread that cannot start rejects its tasks, and every later task tries anew', async () => {
  const missing = new URL('./noSuchWorker.mjs', import.meta.url);
  await using pool = new WorkerSealingPool(key, { script: missing, threadCount: 1, compression: 'fast' });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(pool.hash(pattern(10), signal)).rejects.toMatchObject({
      code: 'WORKER_LOST',
      retryable: true,
    });
  }
});

test('a thread that dies takes only its own tasks with it and is replaced', async () => {
  const dying = new URL('../../../faults/dyingSealWorker.ts', import.meta.url);
  await using pool = new WorkerSealingPool(key, { script: dying, threadCount: 1, compression: 'fast' });
  expect((await pool.hash(pattern(10), signal)).plain).toEqual(pattern(10));
  const victim = pool.hash(new Uint8Array([13]), signal);
  await expect(victim).rejects.toMatchObject({ code: 'WORKER_LOST' });
  expect((await pool.hash(pattern(20), signal)).plain).toEqual(pattern(20));
});

test('two keys do not open each other', async () => {
  await using one = inlineSealingPool(generateMasterKey(systemRandom), 'auto', systemRandom);
  await using other = inlineSealingPool(generateMasterKey(systemRandom), 'auto', systemRandom);
  const blob = await one.seal(await one.hash(text(100), signal), signal);
  await expect(other.unseal(blob.sealed, blob, signal)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});

test('a file that cannot be written is named, with what to do', async () => {
  await using pool = new WorkerSealingPool(key, { script, threadCount: 1, compression: 'fast' });
  const { piece, blobs } = await packed(pool, [pattern(70_000)]);
  const path = join(temporaryFolder('pool'), 'read-only');
  writeFileSync(path, '');
  const reading = await openFile(path, 'r');
  const file = { path, descriptor: reading.fd, directDescriptor: undefined };
  const placed = blobs.map(blob => ({ ...blob, offsetsBytes: [0] }));
  const target = { file, write: async () => await Promise.reject(new Error('not asked')) };
  await expect(pool.unsealTo(piece, placed, target, signal)).rejects.toThrow(/EBADF|EPERM/);
  await reading.close();
});

/** Blobs one behind the other, with something between them. */
async function packed(
  pool: SealingPool,
  plains: readonly Uint8Array[],
): Promise<{ readonly piece: Uint8Array; readonly blobs: readonly EnclosedBlob[] }> {
  const blobs: EnclosedBlob[] = [];
  const parts: Uint8Array[] = [];
  let startBytes = 0;
  for (const plain of plains) {
    const { sealed, ...blob } = await pool.seal(await pool.hash(plain.slice(), signal), signal);
    blobs.push({ ...blob, startBytes, sealedBytes: sealed.length });
    parts.push(sealed, new Uint8Array(3));
    startBytes += sealed.length + 3;
  }
  return { piece: new Uint8Array(Buffer.concat(parts)), blobs };
}

/** Compared instead of the bytes: deep equality of megabytes takes seconds. */
function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function text(lengthBytes: number): Uint8Array<ArrayBuffer> {
  const line = (index: number) => `line ${index} of a text that compresses well\n`;
  const lines = Array.from({ length: Math.ceil(lengthBytes / 30) }, (_, index) => line(index)).join('');
  return new Uint8Array(Buffer.from(lines).subarray(0, lengthBytes));
}
