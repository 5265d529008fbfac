import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { readRestState, type VolumeRest } from '../../src/core/guestfs/rest/readRestState.ts';
import { anySignal } from '../support/anySignal.ts';
import { writeRestartArea } from '../support/ntfsLog.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

// Images of real file systems, frozen and not, by the kernel; what it says of them is the truth.
const isRoot = process.getuid?.() === 0;
if (!isRoot && process.env['CI'] === 'true')
  throw new Error('mounting needs root, and CI must run every test');
const kernelTest = (tool: string) => (isRoot ? toolTest(tool) : test.skip);

interface Images {
  /** As mkfs leaves it. */
  readonly fresh: string;
  /** Mounted, with changes on their way. */
  readonly live: string;
  readonly frozen: string;
  readonly unmounted: string;
}

/** Copies of one file system in its four states, its bytes read as a snapshot of the disk would have them. */
function imagesOf(mkfs: readonly [string, ...string[]], sizeBytes: number): Images {
  const folder = temporaryFolder('rest');
  const path = (name: string) => join(folder, `${name}.img`);
  const disk = path('disk');
  writeFileSync(disk, '');
  truncateSync(disk, sizeBytes);
  const [program, ...options] = mkfs;
  execFileSync(program, [...options, disk], { stdio: 'ignore' });
  const copy = (name: string): string => {
    copyFileSync(disk, path(name));
    return path(name);
  };
  const fresh = copy('fresh');
  const mount = join(folder, 'mount');
  mkdirSync(mount);
  execFileSync('mount', ['-o', 'loop', disk, mount]);
  try {
    change(mount, 'first');
    const live = copy('live');
    execFileSync('fsfreeze', ['-f', mount]);
    const frozen = copy('frozen');
    execFileSync('fsfreeze', ['-u', mount]);
    change(mount, 'second');
    execFileSync('umount', [mount]);
    return { fresh, live, frozen, unmounted: copy('unmounted') };
  } catch (error) {
    execFileSync('umount', [mount]);
    throw error;
  }
}

/** Enough metadata that the log is not empty a moment later. */
function change(mount: string, name: string): void {
  const folder = join(mount, name);
  mkdirSync(folder);
  for (let index = 0; index < 300; index += 1) writeFileSync(join(folder, `file ${index}`), `${index}`);
  for (const file of readdirSync(folder).slice(0, 100)) rmSync(join(folder, file));
  execFileSync('sync', ['-f', mount]);
  for (let index = 0; index < 300; index += 1) writeFileSync(join(folder, `more ${index}`), 'x');
  // A log that is forced out without its blocks being written back.
  const last = join(folder, 'last');
  execFileSync('dd', ['if=/dev/zero', `of=${last}`, 'bs=4k', 'count=1', 'conv=fsync'], { stdio: 'ignore' });
}

/** Of a device: told of a file, xfs_logprint 6.1 looks for the log in the wrong place. */
function logOf(image: string): string {
  const device = execFileSync('losetup', ['--read-only', '--find', '--show', image], {
    encoding: 'utf8',
  }).trim();
  try {
    return execFileSync('xfs_logprint', ['-t', device], { encoding: 'utf8', maxBuffer: 256 * MiB });
  } finally {
    execFileSync('losetup', ['--detach', device]);
  }
}

async function restOf(image: string): Promise<VolumeRest> {
  await using source = await openFileBlockSource(image);
  return await readRestState(source, anySignal);
}

describe('ext4', () => {
  kernelTest('mkfs.ext4')('says by its superblock what dumpe2fs says', async () => {
    const images = imagesOf(['mkfs.ext4', '-q', '-F'], 200 * MiB);
    for (const [name, state] of [
      ['fresh', 'clean'],
      ['live', 'in-use'],
      ['frozen', 'clean'],
      ['unmounted', 'clean'],
    ] as const) {
      const rest = await restOf(images[name]);
      expect({ name, ...rest }).toMatchObject({ name, fileSystem: 'ext4', state, isConclusive: true });
      const features = execFileSync('dumpe2fs', ['-h', images[name]], { encoding: 'utf8', stdio: 'pipe' });
      expect([name, /needs_recovery/.test(features)]).toEqual([name, state === 'in-use']);
    }
  });

  kernelTest('mkfs.ext4')('without a journal tells of a mount by its state alone', async () => {
    const images = imagesOf(['mkfs.ext4', '-q', '-F', '-O', '^has_journal'], 100 * MiB);
    const states = await Promise.all(Object.values(images).map(async (image: string) => await restOf(image)));
    // Freezing does not touch the mark: a frozen one cannot be told from one in use.
    expect(states.map(({ state }) => state)).toEqual(['clean', 'in-use', 'in-use', 'clean']);
  });
});

describe('XFS', () => {
  const variants: readonly (readonly string[])[] = [[], ['-b', 'size=1024', '-l', 'su=32k']];
  kernelTest('mkfs.xfs').each(variants.map(options => [options]))(
    'says by the span of its log what xfs_logprint says: %j',
    async options => {
      const images = imagesOf(['mkfs.xfs', '-q', '-f', ...options], 512 * MiB);
      for (const [name, state, isConclusive] of [
        ['fresh', 'clean', true],
        ['live', 'in-use', true],
        ['frozen', 'clean', false],
        ['unmounted', 'clean', true],
      ] as const) {
        expect({ name, ...(await restOf(images[name])) }).toMatchObject({
          ...{ name, fileSystem: 'xfs', state, isConclusive },
        });
        const printed = logOf(images[name]);
        const [, tail, head, word] = /log tail: (\d+) head: (\d+) state: <(\w+)>/.exec(printed) ?? [];
        const spanBlocks = Number(head) - Number(tail);
        // Its word for a frozen log is dirty: one small record makes the next mount look for unlinked files.
        expect([name, word]).toEqual([name, isConclusive && state === 'clean' ? 'CLEAN' : 'DIRTY']);
        if (name === 'live') expect(spanBlocks).toBeGreaterThan(64);
        if (name === 'frozen') expect(spanBlocks).toBeLessThanOrEqual(options.length === 0 ? 64 : 256);
      }
    },
  );

  kernelTest('mkfs.xfs')('finds the head of a log that has gone around', async () => {
    const folder = temporaryFolder('rest-around');
    const disk = join(folder, 'disk.img');
    writeFileSync(disk, '');
    truncateSync(disk, 120 * MiB);
    execFileSync('mkfs.xfs', ['--unsupported', '-q', '-f', '-l', 'size=6m', disk], { stdio: 'ignore' });
    const mount = join(folder, 'mount');
    mkdirSync(mount);
    execFileSync('mount', ['-o', 'loop', disk, mount]);
    try {
      for (let round = 0; round < 12; round += 1) change(mount, `round ${round}`);
      copyFileSync(disk, join(folder, 'live.img'));
    } finally {
      execFileSync('umount', [mount]);
    }
    const printed = logOf(join(folder, 'live.img'));
    const logBlocks = (6 * MiB) / 512;
    const live = await restOf(join(folder, 'live.img'));
    const [, tail, head] = /log tail: (\d+) head: (\d+)/.exec(printed) ?? [];
    const blocks = (Number(head) - Number(tail) + logBlocks) % logBlocks;
    expect(live.finding).toContain(`${Math.ceil(blocks / 2)} KiB`);
    expect(printed).toContain('<DIRTY>');
  });
});

describe('NTFS', () => {
  /** Whether ntfs-3g would mount it for writing; it refuses one whose log was left open. */
  const acceptsNtfs3g = (disk: string): boolean => {
    try {
      execFileSync('ntfs-3g.probe', ['--readwrite', disk], { stdio: 'ignore' });
      return true;
    } catch (error) {
      // 15: "unclean unmount"
      expect((error as { readonly status: number }).status).toBe(15);
      return false;
    }
  };

  kernelTest('mkntfs').each([['512'], ['4096'], ['65536']])(
    'clusters of %s bytes: by the mark and by the log, as ntfs-3g and ntfsfix have them',
    async cluster => {
      const folder = temporaryFolder('rest-ntfs');
      const disk = join(folder, 'disk.img');
      writeFileSync(disk, '');
      truncateSync(disk, 64 * MiB);
      execFileSync('mkntfs', ['-F', '-Q', '-c', cluster, disk], { stdio: 'ignore' });
      expect(await restOf(disk)).toMatchObject({ fileSystem: 'ntfs', state: 'unknown', isConclusive: false });
      expect(acceptsNtfs3g(disk)).toBe(true);
      for (const [area, state, isConclusive, isAccepted] of [
        [{ clientInUse: true, isClosed: false }, 'in-use', false, false],
        [{ clientInUse: true, isClosed: true }, 'clean', true, true],
        [{ clientInUse: false, isClosed: false }, 'clean', true, true],
      ] as const) {
        const copy = join(folder, 'copy.img');
        copyFileSync(disk, copy);
        writeRestartArea(copy, area);
        expect(await restOf(copy)).toMatchObject({ state, isConclusive });
        expect(acceptsNtfs3g(copy)).toBe(isAccepted);
        // It empties a log that was left open, and marks the volume to be checked.
        execFileSync('ntfsfix', [copy], { stdio: 'ignore' });
        expect(await restOf(copy)).toMatchObject({ state: 'in-use', isConclusive: true });
        execFileSync('ntfsfix', ['-d', copy], { stdio: 'ignore' });
        expect(await restOf(copy)).toMatchObject({ state: isAccepted ? 'clean' : 'unknown' });
        expect(acceptsNtfs3g(copy)).toBe(true);
      }
    },
  );
});
