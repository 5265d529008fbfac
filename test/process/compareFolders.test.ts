import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { listBackupSets } from '../../src/core/catalog/backupSet.ts';
import { openRestorePoint } from '../../src/core/catalog/restorePoint.ts';
import { blobIdOf } from '../../src/core/codec/blobId.ts';
import { ChunkCache } from '../../src/core/image/chunkCache.ts';
import { openDiskImage } from '../../src/core/image/diskImage.ts';
import { compareFolders, type FolderChange } from '../../src/core/jobs/guestFiles/compareFolders.ts';
import { findGuestPath } from '../../src/core/jobs/guestFiles/guestVolumes.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { emptyImage, mounted, mountedNtfs, mountTestWith } from '../support/guestImages.ts';
import { sampleManifest } from '../support/manifests.ts';
import { memoryRepository, sampleDisk, savePoint } from '../support/restorePoints.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const random = seededRandom(20261126);
const same = random.bytes(24 * MiB);
const large = random.bytes(16 * MiB);
const changed = Buffer.from(large);
changed.set([1, 2, 3], 13 * MiB + 7);

function firstDay(folder: string): void {
  mkdirSync(join(folder, 'srv/kept/deep'), { recursive: true });
  writeFileSync(join(folder, 'srv/same.bin'), same);
  writeFileSync(join(folder, 'srv/patched.bin'), large);
  for (const name of ['one', 'two', 'three', 'gone', 'mode', 'touched'])
    writeFileSync(join(folder, 'srv/kept', name), `${name}\n`);
  mkdirSync(join(folder, 'srv/old/inner'), { recursive: true });
  writeFileSync(join(folder, 'srv/old/inner/file'), 'old\n');
  writeFileSync(join(folder, 'srv/turned'), 'a file\n');
  mkdirSync(join(folder, 'etc'));
}

function secondDay(folder: string): void {
  writeFileSync(join(folder, 'srv/patched.bin'), changed);
  writeFileSync(join(folder, 'srv/kept/one'), 'ONE\n');
  appendTo(join(folder, 'srv/kept/two'));
  rmSync(join(folder, 'srv/kept/gone'));
  // The same content in another place.
  copyFileSync(join(folder, 'srv/kept/three'), join(folder, 'srv/kept/copy'));
  renameSync(join(folder, 'srv/kept/copy'), join(folder, 'srv/kept/three'));
  utimesSync(join(folder, 'srv/kept/touched'), 1, 1);
  rmSync(join(folder, 'srv/old'), { recursive: true });
  mkdirSync(join(folder, 'srv/new/inner'), { recursive: true });
  writeFileSync(join(folder, 'srv/new/inner/größe'), 'new\n');
  rmSync(join(folder, 'srv/turned'));
  mkdirSync(join(folder, 'srv/turned'));
  writeFileSync(join(folder, 'etc/outside'), 'x');
}

function appendTo(path: string): void {
  writeFileSync(path, 'more\n', { flag: 'a' });
}

const kinds = [
  ['ext4', ['mkfs.ext4', '-q', '-b', '4096'], 160],
  ['xfs', ['mkfs.xfs', '-q'], 320],
  ['ntfs', ['mkntfs', '-q', '-Q', '-F'], 160],
] as const;

for (const [kind, [program, ...options], sizeMiB] of kinds) {
  mountTestWith(program)(`two states of a folder of ${kind} differ as diff says`, async () => {
    const isUnix = kind !== 'ntfs';
    const folder = temporaryFolder('compare');
    const image = join(folder, 'disk.img');
    emptyImage(image, sizeMiB * MiB);
    execFileSync(program, [...options, image], { stdio: 'ignore' });
    const mount = isUnix ? mounted : mountedNtfs;
    const repository = await memoryRepository();
    for (const [day, happens] of [firstDay, secondDay].entries()) {
      await mount(image, folder, mountPoint => {
        happens(mountPoint);
        if (isUnix && day === 1) {
          chmodSync(join(mountPoint, 'srv/kept/mode'), 0o600);
          symlinkSync('kept/one', join(mountPoint, 'srv/link'));
        }
        cpSync(join(mountPoint, 'srv'), join(folder, `day-${day}`), {
          recursive: true,
          verbatimSymlinks: true,
        });
      });
      await saveDay(repository, day, readFileSync(image));
    }

    const loaded = new Set<string>();
    const counting: Pick<Repository, 'loadBlob'> = {
      loadBlob: async (type, id, reading) => {
        loaded.add(id);
        return await repository.loadBlob(type, id, reading);
      },
    };
    const { sets } = await listBackupSets(repository, signal);
    const [newer, older] = sets[0]?.points ?? [];
    const chunks = new ChunkCache(counting, 8 * MiB);
    const at = async (id: SnapshotId) =>
      await findGuestPath(
        repository,
        await openRestorePoint(repository, id, signal),
        '/srv',
        {},
        signal,
        chunks,
      );
    const states = [await at(older!.id), await at(newer!.id)] as const;
    const point = await openRestorePoint(repository, newer!.id, signal);
    const disk = await openDiskImage(repository, point, states[1].disk.key, signal);
    const stored = (await disk.fingerprint?.(0, disk.sizeBytes, signal)) ?? '';
    loaded.clear();
    const changes: FolderChange[] = [];
    const onProblem = (path: string, problem: string) => expect.unreachable(`${path}: ${problem}`);
    for await (const change of compareFolders(...states, onProblem, signal)) changes.push(change);

    expect(
      changes
        .filter(({ kind: what }) => what !== 'attributes')
        .map(lineOf)
        .sort(),
    ).toEqual(differencesBetween(join(folder, 'day-0'), join(folder, 'day-1')));
    expect(changes.filter(({ kind: what }) => what === 'attributes').map(({ path }) => path)).toEqual(
      isUnix ? ['/kept/mode'] : [],
    );
    expect(changes.length).toBeGreaterThan(10);
    // Of what is the same in both, hardly anything was read: a piece whose extents were split or joined meanwhile.
    const own = Array.from({ length: 20 * 256 }, (_, index) => index * 4096).map(offset =>
      blobIdOf(same.subarray(offset, offset + MiB)),
    );
    expect(own.filter(id => stored.includes(id)).length).toBeGreaterThan(15);
    expect(own.filter(id => loaded.has(id)).length).toBeLessThanOrEqual(2);
  });
}

async function saveDay(repository: Repository, day: number, content: Uint8Array): Promise<void> {
  const disk = sampleDisk({ capacityBytes: content.byteLength, partBytes: 64 * MiB });
  const takenAt = new Date(Date.UTC(2026, 10, 1 + day)).toISOString();
  const manifest = sampleManifest({ takenAt, disks: [disk] });
  await savePoint(repository, { manifest, contents: new Map([[disk.key, content]]) });
}

function lineOf({ kind, path }: FolderChange): string {
  return `${kind} ${path}`;
}

/** What diff says, and everything in what it says is only in one of them. */
function differencesBetween(before: string, after: string): string[] {
  const { stdout } = spawnSync('diff', ['-rq', '--no-dereference', before, after], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const lines: string[] = [];
  const addAll = (kind: string, root: string, path: string): void => {
    const { stdout: found } = spawnSync('find', [`.${path}`], { cwd: root, encoding: 'utf8' });
    lines.push(
      ...found
        .split('\n')
        .filter(Boolean)
        .map(name => `${kind} ${name.slice(1)}`),
    );
  };
  for (const line of stdout.split('\n').filter(Boolean)) {
    const only = /^Only in (.*): (.*)$/.exec(line);
    const turned = /^File (\S+) is a .* while file (\S+) is a /.exec(line);
    const differ = /^Files (\S+) and \S+ differ$/.exec(line);
    if (only !== null) {
      const isRemoved = only[1]!.startsWith(before);
      const root = isRemoved ? before : after;
      addAll(isRemoved ? 'removed' : 'added', root, `${only[1]!.slice(root.length)}/${only[2]!}`);
    } else if (turned !== null) {
      addAll('removed', before, turned[1]!.slice(before.length));
      addAll('added', after, turned[2]!.slice(after.length));
    } else if (differ !== null) lines.push(`content ${differ[1]!.slice(before.length)}`);
    else throw new Error(`diff says ${line}`);
  }
  return lines.sort();
}
