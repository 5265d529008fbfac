import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../../src/base/random.ts';
import { MiB } from '../../../../src/base/units.ts';
import type { Compression } from '../../../../src/core/codec/compression.ts';
import { inlineSealingPool } from '../../../../src/core/codec/inlineSealingPool.ts';
import { generateMasterKey, masterKeyOf } from '../../../../src/core/codec/masterKey.ts';
import { WorkerSealingPool } from '../../../../src/core/codec/node/workerSealingPool.ts';
import type { SealingPool } from '../../../../src/core/codec/sealingPool.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';

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

/** Compared instead of the bytes: deep equality of megabytes takes seconds. */
function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function text(lengthBytes: number): Uint8Array<ArrayBuffer> {
  const line = (index: number) => `line ${index} of a text that compresses well\n`;
  const lines = Array.from({ length: Math.ceil(lengthBytes / 30) }, (_, index) => line(index)).join('');
  return new Uint8Array(Buffer.from(lines).subarray(0, lengthBytes));
}
