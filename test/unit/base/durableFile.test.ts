import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  placeNew,
  requireAbsent,
  temporaryName,
  writeFileDurably,
  writeStreamDurably,
} from '../../../src/base/node/durableFile.ts';
import { fileError } from '../../../src/base/node/fileErrors.ts';
import { anySignal } from '../../support/anySignal.ts';
import { pattern } from '../../support/pattern.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

describe('a file is replaced whole or not at all', () => {
  test('by content at hand, in a folder that is made for it', async () => {
    const path = join(temporaryFolder('durable'), 'new', 'file');
    await writeFileDurably(path, pattern(1000));
    await writeFileDurably(path, pattern(2000, 7));
    expect(Buffer.compare(readFileSync(path), pattern(2000, 7))).toBe(0);
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  test('by content that arrives, telling how far it is', async () => {
    const path = join(temporaryFolder('durable'), 'file');
    const written: number[] = [];
    const pieces = [pattern(10), pattern(0), pattern(5, 10)];
    const onWritten = (bytes: number) => written.push(bytes);
    expect(await writeStreamDurably(path, arriving(pieces), { onWritten }, anySignal)).toBe(15);
    expect(written).toEqual([10, 10, 15]);
    expect(Buffer.compare(readFileSync(path), pattern(15))).toBe(0);
  });

  test('without space for long runs of zeros, in front, between and at the end', async () => {
    const path = join(temporaryFolder('durable'), 'file');
    const MiB = 1024 * 1024;
    const content = Buffer.alloc(8 * MiB + 5);
    content.set(pattern(100), 3 * MiB + 7);
    content.set(pattern(70_000, 3), 5 * MiB - 30_000);
    // Pieces that begin and end nowhere in particular.
    const pieces = [content.subarray(0, 3 * MiB + 50), content.subarray(3 * MiB + 50)];
    expect(await writeStreamDurably(path, arriving(pieces), {}, anySignal)).toBe(content.length);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(statSync(path).blocks * 512).toBeLessThan(MiB);
  });

  test.each(['a source that fails', 'a cancelled job'])(
    '%s leaves the old one and nothing else',
    async why => {
      const folder = temporaryFolder('durable');
      const path = join(folder, 'file');
      writeFileSync(path, 'old');
      const abort = new AbortController();
      const source = async function* () {
        yield pattern(10);
        if (why === 'a cancelled job') abort.abort();
        else throw new Error('the source broke');
        yield pattern(10);
      };
      await expect(writeStreamDurably(path, source(), {}, abort.signal)).rejects.toMatchObject({
        code: why === 'a cancelled job' ? 'CANCELLED' : 'INTERNAL',
      });
      expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['old', ['file']]);
    },
  );
});

describe('a file that must be new', () => {
  test('takes its name', async () => {
    const folder = temporaryFolder('durable');
    const path = join(folder, 'file');
    const temporary = temporaryName(path);
    writeFileSync(temporary, 'content');
    await placeNew(temporary, path);
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['content', ['file']]);
  });

  test('does not take that of another, nor of a link that leads nowhere', async () => {
    const folder = temporaryFolder('durable');
    const [taken, dangling, temporary] = [join(folder, 'a'), join(folder, 'b'), join(folder, 't')];
    writeFileSync(taken, 'old');
    symlinkSync(join(folder, 'absent'), dangling);
    writeFileSync(temporary, 'new');
    for (const path of [taken, dangling]) {
      await expect(placeNew(temporary, path)).rejects.toMatchObject({ code: 'CONFLICT', object: path });
      await expect(requireAbsent(path)).rejects.toMatchObject({ code: 'CONFLICT', object: path });
    }
    expect([readFileSync(taken, 'utf8'), existsSync(join(folder, 'absent'))]).toEqual(['old', false]);
  });
});

test.each([
  ['ENOENT', 'NOT_FOUND', false],
  ['ENOTDIR', 'NOT_FOUND', false],
  ['EEXIST', 'CONFLICT', false],
  ['EACCES', 'PERMISSION', false],
  ['EROFS', 'PERMISSION', false],
  ['ENOSPC', 'STORAGE_FULL', false],
  ['EDQUOT', 'STORAGE_FULL', false],
  ['EIO', 'UNREACHABLE', true],
  ['ESTALE', 'UNREACHABLE', true],
  ['EHOSTUNREACH', 'UNREACHABLE', true],
  ['EWHATEVER', 'INTERNAL', false],
])('what the system calls %s is %s to a user', (systemCode, code, retryable) => {
  const thrown = Object.assign(new Error(`${systemCode}: of the system`), { code: systemCode });
  expect(fileError('/backups/x', thrown)).toMatchObject({ code, retryable, cause: thrown });
});

async function* arriving(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
