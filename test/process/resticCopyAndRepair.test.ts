import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { listBackupSets } from '../../src/core/catalog/backupSet.ts';
import { copyPoints } from '../../src/core/jobs/copyPoints.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import { stopAtWrite } from '../faults/faultyObjectStore.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { FaultBench, filesBelow } from '../support/faultBench.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { sampleManifest } from '../support/manifests.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { pattern } from '../support/pattern.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { fileHash, type Restic } from '../support/restic.ts';
import { savePoint } from '../support/restorePoints.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');

interface ListedSnapshot {
  readonly id: string;
  readonly time: string;
  readonly original?: string;
}

/** A repository of ours with three restore points of one VM. */
async function threePoints(): Promise<LocalRepository> {
  const local = new LocalRepository();
  await using repository = await local.create();
  for (const day of [1, 2, 3]) {
    const manifest = sampleManifest({ takenAt: `2026-11-0${day}T10:00:00.000Z` });
    const content = pattern(manifest.disks[0]!.capacityBytes, 0, 7);
    content.set(pattern(50_000, 0, day), day * 1_000_000);
    await savePoint(repository, { manifest, contents: new Map([[2000, content]]) });
  }
  return local;
}

async function snapshotsIn(local: LocalRepository): Promise<ListedSnapshot[]> {
  return JSON.parse(await local.restic.run('snapshots', '--json')) as ListedSnapshot[];
}

async function copyAll(from: LocalRepository, to: LocalRepository, store: ObjectStore = to.store) {
  await using source = await from.open();
  await using target = await to.open(store);
  const { sets } = await listBackupSets(source, signal);
  const points = sets.flatMap(set => set.points);
  return await copyPoints(source, target, points, memoryJournal(), () => undefined, signal);
}

/** The same disks come out of both by restic. */
async function expectSameDisks(one: LocalRepository, other: LocalRepository): Promise<void> {
  const hashes = async (local: LocalRepository) => {
    const found = new Map<string, string>();
    for (const { id, time } of await snapshotsIn(local))
      found.set(time, await local.restic.diskHash(id, 2000, temporaryFolder('disk')));
    return [...found].toSorted();
  };
  expect(await hashes(other)).toEqual(await hashes(one));
}

describe('a copy into another repository', () => {
  test('is whole for restic, is not made twice, and restic’s own copy finds nothing left to do', async () => {
    const from = await threePoints();
    const to = new LocalRepository();
    await (await to.create())[Symbol.asyncDispose]();
    expect(await copyAll(from, to)).toMatchObject({ copied: { length: 3 }, skipped: [] });
    await to.restic.checkEverything();
    await expectSameDisks(from, to);
    const originals = (await snapshotsIn(to)).map(({ original }) => original);
    expect(originals.toSorted()).toEqual((await snapshotsIn(from)).map(({ id }) => id).toSorted());
    expect(await copyAll(from, to)).toMatchObject({ copied: [], skipped: { length: 3 }, storedBytes: 0 });

    const said = await to.restic.run(
      'copy',
      '--from-repo',
      from.folder,
      '--from-password-file',
      from.passwordFile,
    );
    expect(said.match(/skipping source snapshot/g)).toHaveLength(3);
    expect(await snapshotsIn(to)).toHaveLength(3);
  });

  test('made by restic is taken for one here, and copied on it is none of another', async () => {
    const from = await threePoints();
    const to = new LocalRepository();
    await to.restic.run('init', '--repository-version', '2');
    await to.restic.run('copy', '--from-repo', from.folder, '--from-password-file', from.passwordFile);
    expect(await copyAll(from, to)).toMatchObject({ copied: [], skipped: { length: 3 } });
    const third = new LocalRepository();
    await (await third.create())[Symbol.asyncDispose]();
    await copyAll(to, third);
    expect(await copyAll(from, third)).toMatchObject({ copied: [], skipped: { length: 3 } });
    await third.restic.checkEverything();
    await expectSameDisks(from, third);
    await third.restic.run('forget', '--keep-last', '1', '--prune');
    await third.restic.checkEverything();
  });

  test('that was interrupted goes on where it was', async () => {
    const from = await threePoints();
    const to = new LocalRepository();
    await (await to.create())[Symbol.asyncDispose]();
    for (const n of [3, 5]) {
      await expect(copyAll(from, to, stopAtWrite(to.store, n, 'after'))).rejects.toBeDefined();
      await to.restic.run('unlock', '--remove-all');
      await to.restic.checkEverything();
    }
    await copyAll(from, to);
    await to.restic.checkEverything();
    await expectSameDisks(from, to);
  });
});

describe('a repair', () => {
  test('of a lost or damaged index is whole for restic', async () => {
    const local = await threePoints();
    const [first, second] = readdirSync(join(local.folder, 'index'));
    rmSync(join(local.folder, 'index', first!));
    flip(join(local.folder, 'index', second!), 40);
    await expect(local.restic.checkEverything()).rejects.toBeDefined();
    const cli = userOf(local);
    expect((await cli.run('points')).code).toBe(9);
    const plan = (await cli.json('repo', 'rebuild-index', '--plan')) as { damagedIndexFiles: string[] };
    expect(plan.damagedIndexFiles).toEqual([second]);
    await cli.ok('repo', 'rebuild-index');
    await local.restic.checkEverything();
    expect((await cli.json('points')) as unknown[]).toHaveLength(3);
  });
});

describe('a repair of a pack', () => {
  const folder = suiteFolder('repair');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    // A guest that writes meanwhile no longer has what is lost.
    await bench.lab.setActivity(false);
    await bench.succeeds('backup', 'web01');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  test('names exactly the guest files that cannot be restored, and another backup heals it', async () => {
    const good = join(folder, 'good');
    await bench.succeeds('restore', 'file', 'web01', '/', '--to', good);
    const repository = bench.cli.repositoryFolder;
    const disk = join(folder, 'disk.raw');
    await bench.succeeds('restore', 'disk', 'web01', '--to', disk);
    const { pack, middle } = await placeOf(bench.restic, chunkOfLargestFile(good, disk));
    flip(join(repository, 'data', pack.slice(0, 2), pack), middle);
    expect((await bench.run('repo', 'check', '--read-data')).code).toBe(9);

    const { code, stdout } = await bench.run('repo', 'repair', '--json');
    expect(code).toBe(9);
    const repair = JSON.parse(stdout.toString()) as Repair;
    expect([repair.damagedPacks, repair.lostBlobCount]).toEqual([[pack], 1]);
    const files = repair.affected.flatMap(({ disks }) =>
      disks.flatMap(disk => disk.files.map(({ path }) => path)),
    );

    // What can be restored is right, and it is all but what was named.
    const rest = join(folder, 'rest');
    mkdirSync(rest);
    await bench.run('restore', 'file', 'web01', '/', '--to', rest);
    const restored = new Set(filesBelow(rest).map(path => path.slice(rest.length)));
    const missing = filesBelow(good)
      .map(path => path.slice(good.length))
      .filter(path => !restored.has(path))
      .map(path => path.replace(/^\/disk-\d+-volume-\d+/, ''));
    expect(files).not.toEqual([]);
    const problems = repair.affected.flatMap(({ disks }) => disks.flatMap(disk => disk.problems));
    if (problems.length === 0) expect(missing.toSorted()).toEqual(files.toSorted());
    else expect(missing).toEqual(expect.arrayContaining(files));
    for (const path of restored)
      expect(await fileHash(join(rest, path)), path).toBe(await fileHash(join(good, path)));

    await bench.succeeds('backup', 'web01');
    await bench.restic.checkEverything();
    const healed = JSON.parse((await bench.succeeds('repo', 'repair', '--json')).stdout.toString()) as Repair;
    expect(healed.affected).toEqual([]);
    await bench.succeeds('repo', 'prune');
    await bench.restic.checkEverything();
    await bench.expectNothingLeft();
  });
});

interface Repair {
  readonly damagedPacks: readonly string[];
  readonly lostBlobCount: number;
  readonly affected: readonly {
    readonly disks: readonly {
      readonly files: readonly { readonly path: string }[];
      readonly problems: readonly string[];
    }[];
  }[];
}

/** A chunk in the middle of the guest file with most bytes on disk, which holds no names and no places of files. */
function chunkOfLargestFile(filesFolder: string, diskPath: string): Buffer {
  const largest = filesBelow(filesFolder).toSorted((a, b) => statSync(b).blocks - statSync(a).blocks)[0]!;
  const content = readFileSync(largest);
  const half = content.length >> 1;
  const disk = readFileSync(diskPath);
  const at = disk.indexOf(content.subarray(half, half + 4096));
  const start = at - (at % MiB);
  return disk.subarray(start, start + MiB);
}

interface IndexFile {
  readonly packs: readonly {
    readonly id: string;
    readonly blobs: readonly { readonly id: string; readonly offset: number; readonly length: number }[];
  }[];
}

/** Where a blob of these bytes lies, as restic reads the index. */
async function placeOf(
  restic: Restic,
  chunk: Buffer,
): Promise<{ readonly pack: string; readonly middle: number }> {
  const wanted = createHash('sha256').update(chunk).digest('hex');
  for (const index of (await restic.run('list', 'index')).trim().split('\n')) {
    const { packs } = JSON.parse(await restic.run('cat', 'index', index)) as IndexFile;
    for (const { id: pack, blobs } of packs) {
      const blob = blobs.find(({ id }) => id === wanted);
      if (blob !== undefined) return { pack, middle: blob.offset + (blob.length >> 1) };
    }
  }
  throw new Error('no index names the chunk');
}

function userOf(local: LocalRepository): QuiesceCli {
  const cli = new QuiesceCli(temporaryFolder('user'));
  writeFileSync(
    join(cli.folder, 'config.json'),
    JSON.stringify({
      version: 1,
      vcenters: {},
      repositories: { main: { location: local.folder, password: { file: local.passwordFile } } },
    }),
  );
  return cli;
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  writeFileSync(path, bytes);
}
