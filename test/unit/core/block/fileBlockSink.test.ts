import fc from 'fast-check';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KiB, MiB } from '../../../../src/base/units.ts';
import { createFileBlockSink } from '../../../../src/core/block/node/fileBlockSink.ts';
import { openFileBlockSource } from '../../../../src/core/block/node/fileBlockSource.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

test('any sequence of writes, zeros over data included, leaves what an array would hold', async () => {
  const sizeBytes = 3 * MiB + 5;
  const write = fc.record({
    offset: fc.nat({ max: sizeBytes - 1 }),
    length: fc.oneof(fc.nat({ max: 5000 }), fc.nat({ max: 300 * KiB })),
    kind: fc.constantFrom('data', 'zeros', 'holes'),
    seed: fc.nat({ max: 9 }),
  });
  const folder = temporaryFolder('sink');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 8 }), async writes => {
      const path = join(folder, `disk-${(run += 1)}.raw`);
      const model = new Uint8Array(sizeBytes);
      await using sink = await createFileBlockSink(path, sizeBytes);
      for (const { offset, length, kind, seed } of writes) {
        const bytes = pattern(Math.min(length, sizeBytes - offset), offset, seed);
        if (kind === 'zeros') bytes.fill(0);
        if (kind === 'holes') bytes.fill(0, 10_000, -10_000);
        await sink.write(offset, bytes, anySignal);
        model.set(bytes, offset);
      }
      await sink.commit(anySignal);
      expect(Buffer.compare(readFileSync(path), model)).toBe(0);
    }),
    { numRuns: 30 },
  );
  expect(readdirSync(folder).filter(name => name.includes('partial'))).toEqual([]);
});

test.skipIf(process.platform === 'win32')('zeros take no space', async () => {
  const path = join(temporaryFolder('sink'), 'disk.raw');
  await using sink = await createFileBlockSink(path, 64 * MiB);
  const block = new Uint8Array(8 * MiB);
  block.set(pattern(100), 4 * MiB);
  for (let offset = 0; offset < 64 * MiB; offset += 8 * MiB) await sink.write(offset, block, anySignal);
  await sink.commit(anySignal);
  const { size, blocks } = statSync(path);
  expect(size).toBe(64 * MiB);
  expect(blocks * 512).toBeLessThanOrEqual(MiB);
});

test('zeros are written once others may have written the file', async () => {
  const path = join(temporaryFolder('sink'), 'disk.raw');
  await using sink = await createFileBlockSink(path, MiB);
  const { descriptor } = sink.file;
  writeSync(descriptor, pattern(MiB), 0, MiB, 0);
  await sink.write(128 * KiB, new Uint8Array(256 * KiB), anySignal);
  await sink.commit(anySignal);
  const expected = pattern(MiB).fill(0, 128 * KiB, 384 * KiB);
  expect(Buffer.compare(readFileSync(path), expected)).toBe(0);
});

test('nothing is at the target before the commit, and nothing stays behind without one', async () => {
  const folder = temporaryFolder('sink');
  const path = join(folder, 'new', 'disk.raw');
  {
    await using sink = await createFileBlockSink(path, MiB);
    await sink.write(0, pattern(1000), anySignal);
    expect(existsSync(path)).toBe(false);
  }
  expect(readdirSync(join(folder, 'new'))).toEqual([]);
});

test('what is at the target is never overwritten, not even at the commit', async () => {
  const path = join(temporaryFolder('sink'), 'disk.raw');
  {
    await using sink = await createFileBlockSink(path, MiB);
    writeFileSync(path, 'somebody else');
    await expect(sink.commit(anySignal)).rejects.toMatchObject({ code: 'CONFLICT', object: path });
  }
  await expect(createFileBlockSink(path, MiB)).rejects.toMatchObject({ code: 'CONFLICT', object: path });
  expect(readFileSync(path, 'utf8')).toBe('somebody else');
});

test('a write that leaves the disk or is cancelled is refused', async () => {
  await using sink = await createFileBlockSink(join(temporaryFolder('sink'), 'disk.raw'), 1000);
  await expect(sink.write(999, new Uint8Array(2), anySignal)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
  const cancelled = AbortSignal.abort();
  await expect(sink.write(0, new Uint8Array(2), cancelled)).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a missing file is named', async () => {
  const path = join(temporaryFolder('source'), 'absent.raw');
  await expect(openFileBlockSource(path)).rejects.toMatchObject({ code: 'NOT_FOUND', object: path });
});
