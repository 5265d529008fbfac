import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, type TestAPI } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { BlockSource } from '../../src/core/block/blockSource.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import type { GuestFileSystem } from '../../src/core/guestfs/guestFileSystem.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { anySignal } from './anySignal.ts';
import { cachedSource } from './cachedSource.ts';
import { toolTest } from './tools.ts';

const images = join(import.meta.dirname, '..', 'images');
const isRoot = process.getuid?.() === 0;

/** For tests that mount what `tool` makes; without root they are skipped, and under CI that is an error. */
export function mountTestWith(tool: string): TestAPI {
  if (!isRoot && process.env['CI'] === 'true') {
    throw new Error('mounting needs root, and CI must run every test');
  }
  return isRoot ? toolTest(tool) : (test.skip as TestAPI);
}

/** A folder filled by `test/images/populate.py`. */
export function populate(tree: string, entries: number, sparseMiB: number, seed: string): void {
  mkdirSync(tree, { recursive: true });
  execFileSync(join(images, 'populate.py'), [tree, String(entries), String(sparseMiB), seed]);
}

/** A mounted folder after `test/images/crash.py` cut its power. */
export function crash(mountPoint: string, flush: number, seed: number): void {
  execFileSync(join(images, 'crash.py'), [mountPoint, String(flush), String(seed)]);
}

export function emptyImage(path: string, sizeBytes: number): void {
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
}

/** Mounts an image while `use` runs. */
export function mounted<T>(
  image: string,
  folder: string,
  use: (mountPoint: string) => T,
  options = 'defaults',
): T {
  const mountPoint = join(folder, 'mnt');
  mkdirSync(mountPoint, { recursive: true });
  execFileSync('mount', ['-o', `loop,${options}`, image, mountPoint]);
  try {
    return use(mountPoint);
  } finally {
    execFileSync('umount', [mountPoint]);
  }
}

/** The same by ntfs-3g. */
export async function mountedNtfs<T>(
  image: string,
  folder: string,
  use: (mountPoint: string) => T,
): Promise<T> {
  const mountPoint = join(folder, 'mnt');
  mkdirSync(mountPoint, { recursive: true });
  execFileSync('ntfs-3g', ['-o', 'compression,streams_interface=windows', image, mountPoint]);
  try {
    return use(mountPoint);
  } finally {
    execFileSync('umount', [mountPoint]);
    // Unmounting returns before the last writes are done.
    for (let tries = 0; tries < 100 && isInUse(image); tries += 1) await delay(100);
  }
}

function isInUse(image: string): boolean {
  return spawnSync('fuser', ['-s', image]).status === 0;
}

/** What our reader says of an image. */
export async function manifestOfImage(path: string): Promise<ManifestLine[]> {
  return await withGuestImage(path, async fileSystem => {
    expect(fileSystem.problems).toEqual([]);
    return await manifestOfGuest(fileSystem);
  });
}

export async function withGuestImage<T>(
  path: string,
  use: (fileSystem: GuestFileSystem) => Promise<T>,
): Promise<T> {
  await using file = await openFileBlockSource(path);
  return await use(
    await openGuestFileSystem(cachedSource(file, { chunkBytes: MiB, maxChunks: 64 }), anySignal),
  );
}

/** The names in the topmost folder of an image, and how many pieces of 1 MiB had to be fetched to tell them. */
export async function fetchesToList(
  path: string,
): Promise<{ readonly names: readonly string[]; readonly fetchCount: number }> {
  await using file = await openFileBlockSource(path);
  let fetchCount = 0;
  const counting: BlockSource = {
    sizeBytes: file.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      fetchCount += 1;
      await file.read(offsetBytes, target, signal);
    },
  };
  const source = cachedSource(counting, { chunkBytes: MiB, maxChunks: 64 });
  const fileSystem = await openGuestFileSystem(source, anySignal);
  const { entries, problems } = await fileSystem.list(fileSystem.root, anySignal);
  expect(problems).toEqual([]);
  return { names: entries.map(({ name }) => name), fetchCount };
}

/** What programs take over that store a tree without mounting; times and the shape of directories are their own. */
export function comparable({ path, kind, mode, owner, links, size, content, target }: ManifestLine) {
  const isDirectory = kind === 'directory';
  if (path === '') return { path, kind };
  return {
    path,
    kind,
    mode,
    owner,
    links: isDirectory ? 0 : links,
    size: isDirectory ? 0 : size,
    content,
    target,
  };
}

/** How often each geometry loses its power: more than twenty times each file system under `npm run proof`. */
export const powerCutRounds = process.env['QUIESCE_PROOF'] === 'full' ? 5 : 1;

/** The seed of a random test, which is printed and can be repeated. */
export function randomSeed(): number {
  const seed = Number(process.env['SEED'] ?? process.hrtime.bigint() % 1_000_000n);
  console.log(`seed ${seed}; SEED=${seed} repeats it`);
  return seed;
}
