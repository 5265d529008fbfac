import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { listBackupSets } from '../../src/core/catalog/backupSet.ts';
import { blobIdOf, type BlobId } from '../../src/core/codec/blobId.ts';
import { ChunkCache } from '../../src/core/image/chunkCache.ts';
import { type FileHistory, findFileVersions } from '../../src/core/jobs/guestFiles/fileVersions.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { emptyImage, mounted, mountedNtfs, mountTestWith } from '../support/guestImages.ts';
import { sampleManifest } from '../support/manifests.ts';
import { memoryRepository, sampleDisk, savePoint } from '../support/restorePoints.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const random = seededRandom(20261126);
const first = random.bytes(24 * MiB + 777);
const longer = Buffer.concat([first, random.bytes(3 * MiB)]);
const changed = Buffer.from(longer);
changed.set(random.bytes(4096), 11 * MiB + 5);

/** What happens in the guest between two backups; the file systems are the kernel's and ntfs-3g's own. */
const days: readonly ((folder: string) => void)[] = [
  folder => {
    mkdirSync(join(folder, 'srv'));
    writeFileSync(join(folder, 'srv/large'), first);
    writeFileSync(join(folder, 'srv/small'), 'one\n');
  },
  folder => writeFileSync(join(folder, 'srv/other'), random.bytes(2 * MiB)),
  folder => {
    writeFileSync(join(folder, 'srv/large'), longer);
    writeFileSync(join(folder, 'srv/small'), 'two\n');
  },
  folder => {
    // The same content in another place.
    writeFileSync(join(folder, 'srv/copy'), longer);
    renameSync(join(folder, 'srv/copy'), join(folder, 'srv/large'));
    writeFileSync(join(folder, 'srv/small'), 'one\n');
  },
  folder => writeFileSync(join(folder, 'srv/large'), changed),
  folder => {
    writeFileSync(join(folder, 'srv/large'), first);
    rmSync(join(folder, 'srv/small'));
  },
];

const kinds = [
  ['ext4', ['mkfs.ext4', '-q', '-b', '4096'], 160],
  ['xfs', ['mkfs.xfs', '-q'], 320],
  ['btrfs', ['mkfs.btrfs', '-q'], 320],
  ['ntfs', ['mkntfs', '-q', '-Q', '-F'], 160],
] as const;

for (const [kind, [program, ...options], sizeMiB] of kinds) {
  mountTestWith(program)(
    `files of ${kind} are grouped by content over ${days.length} restore points`,
    async () => {
      const folder = temporaryFolder('versions');
      const image = join(folder, 'disk.img');
      emptyImage(image, sizeMiB * MiB);
      execFileSync(program, [...options, image], { stdio: 'ignore' });
      const mount = kind === 'ntfs' ? mountedNtfs : mounted;
      const repository = await memoryRepository();
      const truth: Record<string, (string | undefined)[]> = { '/srv/large': [], '/srv/small': [] };
      for (const [day, happens] of days.entries()) {
        await mount(image, folder, mountPoint => {
          happens(mountPoint);
          for (const [path, hashes] of Object.entries(truth)) hashes.push(hashOf(join(mountPoint, path)));
        });
        await saveDay(repository, day, readFileSync(image));
      }

      for (const [path, hashes] of Object.entries(truth)) {
        const { history, loads } = await versionsOf(repository, path);
        expect(history.unreadable).toEqual([]);
        expect(daysByContent(history)).toEqual(daysByHash(hashes));
        expect(history.absent.map(dayOf)).toEqual(daysWithout(hashes));
        // What packs its extents can only be told by reading them.
        if (path === '/srv/large' && kind !== 'btrfs') expect(readAgain(first, loads)).toEqual([]);
      }
      await expect(versionsOf(repository, '/srv/nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    },
  );
}

function hashOf(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return undefined;
  }
}

async function saveDay(repository: Repository, day: number, content: Uint8Array): Promise<void> {
  const disk = sampleDisk({ capacityBytes: content.byteLength, partBytes: 64 * MiB });
  const takenAt = new Date(Date.UTC(2026, 10, 1 + day)).toISOString();
  const manifest = sampleManifest({ takenAt, disks: [disk] });
  await savePoint(repository, { manifest, contents: new Map([[disk.key, content]]) });
}

/** With a cache that keeps two chunks, so that what is loaded twice shows. */
async function versionsOf(repository: Repository, path: string) {
  const loads = new Map<BlobId, number>();
  const counting: Pick<Repository, 'loadBlob'> = {
    loadBlob: async (type, id, reading) => {
      loads.set(id, (loads.get(id) ?? 0) + 1);
      return await repository.loadBlob(type, id, reading);
    },
  };
  const { sets } = await listBackupSets(repository, signal);
  const points = sets[0]?.points ?? [];
  const chunks = new ChunkCache(counting, 3 * MiB);
  const history = await findFileVersions(repository, points, path, {}, () => undefined, signal, chunks);
  return { history, loads };
}

/** Chunks of nothing but the file, wherever it begins in them, that were loaded more than once. */
function readAgain(content: Uint8Array, loads: ReadonlyMap<BlobId, number>): BlobId[] {
  const own = new Set<BlobId>();
  for (let offset = 0; offset < 8 * MiB; offset += 4096)
    own.add(blobIdOf(content.subarray(offset, offset + MiB)));
  const loaded = [...loads].filter(([id]) => own.has(id));
  expect(loaded.length).toBeGreaterThan(5);
  return loaded.filter(([, count]) => count > 2).map(([id]) => id);
}

function dayOf({ takenAt }: { readonly takenAt: Date }): number {
  return takenAt.getUTCDate() - 1;
}

function daysByContent({ versions }: FileHistory): number[][] {
  return versions.map(({ seen }) => seen.map(({ point }) => dayOf(point)));
}

function daysByHash(hashes: readonly (string | undefined)[]): number[][] {
  const byHash = new Map<string, number[]>();
  for (const [day, hash] of [...hashes.entries()].toReversed()) {
    if (hash === undefined) continue;
    byHash.set(hash, [...(byHash.get(hash) ?? []), day]);
  }
  return [...byHash.values()];
}

function daysWithout(hashes: readonly (string | undefined)[]): number[] {
  return [...hashes.entries()]
    .filter(([, hash]) => hash === undefined)
    .map(([day]) => day)
    .toReversed();
}
