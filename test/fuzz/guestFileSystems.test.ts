import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { BlockSource } from '../../src/core/block/blockSource.ts';
import { memorySource } from '../../src/core/block/memorySource.ts';
import type { GuestFileSystem, NodeId } from '../../src/core/guestfs/guestFileSystem.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { readImage } from '../images/images.ts';
import { anySignal } from '../support/anySignal.ts';
import { fuzzShare, fuzzTimeoutMs } from './fuzzing.ts';
import { mutationsOf } from './mutations.ts';

/** Without checksums the structures themselves are reached; with them, the refusals. */
const readers: Readonly<Record<string, readonly string[]>> = {
  ext4: ['ext2-1k', 'ext4-inode128', 'ext4-inline', 'ext4-metabg-1k', 'crashed-plain', 'crashed-ext4'],
  xfs: ['xfs-v4', 'xfs-1k', 'crashed-xfs'],
  btrfs: ['btrfs-lzo', 'btrfs-unchecked', 'btrfs-forced'],
  ntfs: ['ntfs-4k', 'ntfs-512'],
  fat: ['fat12', 'fat16', 'fat32'],
  exfat: ['exfat'],
};
/** Chosen anew in each run: all of them together see the whole file system. */
const maxNodes = 40;

describe.each(Object.entries(readers))('%s', (_, images) => {
  test.each(images)(
    'a damaged file system is read or refused, with typed errors and bounded work: %s',
    async name => {
      await fc.assert(survivesDamage(readImage(name)), fuzzShare(images.length));
    },
    fuzzTimeoutMs,
  );
});

/** Damage that was not survived once. */
const kept = [{ image: 'btrfs-unchecked', seed: 101, path: '7014:8:3:5:5:4:4:4:4:4' }];

test.each(kept)('what was found once stays mended: $image, seed $seed', async ({ image, seed, path }) => {
  await fc.assert(survivesDamage(readImage(image)), { seed, path, numRuns: 1 });
});

function survivesDamage(image: Uint8Array) {
  return fc.asyncProperty(mutationsOf(image), fc.nat({ max: 2 ** 16 }), async (mutation, choice) => {
    const { mutated, undo } = mutation.apply(image);
    try {
      const { source, readBytes } = counting(memorySource(mutated));
      await tolerating(async () => await walk(await openGuestFileSystem(source, anySignal), choice));
      expect(readBytes()).toBeLessThan(1 << 30);
    } finally {
      undo();
    }
  });
}

async function walk(fileSystem: GuestFileSystem, choice: number): Promise<void> {
  const waiting: NodeId[] = [fileSystem.root];
  const seen = new Set<NodeId>();
  while (waiting.length > 0 && seen.size < maxNodes) {
    const [node] = waiting.splice((choice * (seen.size + 1)) % waiting.length, 1);
    if (node === undefined || seen.has(node)) continue;
    seen.add(node);
    const current = node;
    await tolerating(async () => {
      const { kind } = await fileSystem.stat(current, anySignal);
      await tolerating(async () => {
        await fileSystem.details(current, anySignal);
      });
      if (kind === 'directory') {
        const { entries } = await fileSystem.list(current, anySignal);
        waiting.push(...entries.map(entry => entry.node));
      }
      if (kind === 'symlink') await fileSystem.readlink(current, anySignal);
      if (kind !== 'file') return;
      let pieces = 0;
      for await (const piece of fileSystem.readFile(current, { offsetBytes: 0 }, anySignal)) {
        expect(piece.byteLength).toBeLessThanOrEqual(1 << 20);
        if ((pieces += 1) === 3) break;
      }
    });
  }
}

async function tolerating(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'NOT_FOUND')) throw error;
  }
}

function counting(inner: BlockSource): { readonly source: BlockSource; readonly readBytes: () => number } {
  let total = 0;
  return {
    readBytes: () => total,
    source: {
      sizeBytes: inner.sizeBytes,
      read: async (offsetBytes, target, signal) => {
        total += target.byteLength;
        await inner.read(offsetBytes, target, signal);
      },
    },
  };
}
