import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import { InterruptedProcess } from '../faults/interruptedProcess.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { filesBelow } from '../support/faultBench.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { pattern } from '../support/pattern.ts';
import { backUpCycle, checkAll, expectWholePoints, pruneAll, removePoint } from '../support/pruneCycle.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { saveFiles } from '../support/repositories.ts';
import { mountTest, SmallFileSystem, UnsteadyMount } from '../support/smallFileSystem.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');
const fileSystemTest = mountTest();

/** Restore points 1 and 2 of the cycle. */
async function twoPointsIn(folder: string): Promise<LocalRepository> {
  const local = new LocalRepository(folder);
  await using repository = await local.create();
  for (const seed of [1, 2]) await backUpCycle(repository, seed);
  return local;
}

async function expectAllThere(local: LocalRepository, count: number): Promise<void> {
  await local.restic.checkEverything();
  await using repository = await local.open();
  expect(await expectWholePoints(repository, [1, 2, 3])).toBe(count);
}

describe('a repository', () => {
  fileSystemTest('on a full disk says so, and makes itself room', async () => {
    using disk = new SmallFileSystem(24 * MiB);
    const local = await twoPointsIn(join(disk.folder, 'repository'));
    await using repository = await local.open();
    const large = { 'disk.raw': randomBytes(40 * MiB) };
    await expect(saveFiles(repository, large, MiB)).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      message: expect.stringContaining(local.folder) as string,
      remedy: expect.stringMatching(/[Ff]ree space/) as string,
    });
    expect(filesBelow(join(local.folder, 'tmp'))).toEqual([]);
    expect(await repository.listLocks(signal)).toEqual([]);
    await expectAllThere(local, 2);
    // What the backup had stored so far is named by nothing, and fills the disk.
    await using anew = await local.open();
    const { removed } = await pruneAll(anew);
    expect(removed.removedPacks.count).toBeGreaterThan(0);
    await backUpCycle(anew, 3);
    await expectAllThere(local, 3);
  });

  fileSystemTest(
    'in a folder that turns read-only can be read, and says why nothing else works',
    async () => {
      using disk = new SmallFileSystem(64 * MiB);
      const local = await twoPointsIn(join(disk.folder, 'repository'));
      await using repository = await local.open();
      disk.setReadOnly(true);
      const refused = {
        code: 'PERMISSION',
        message: expect.stringContaining(local.folder) as string,
        remedy: expect.stringMatching(/./) as string,
      };
      const [point] = await collect(repository.listSnapshots(signal));
      await expect(backUpCycle(repository, 3)).rejects.toMatchObject(refused);
      await expect(removePoint(repository, point!.id)).rejects.toMatchObject(refused);
      await expect(pruneAll(repository)).rejects.toMatchObject(refused);
      expect(await expectWholePoints(repository, [1, 2])).toBe(2);
      expect(await local.restic.run('check', '--read-data', '--no-lock')).toContain('no errors were found');
      disk.setReadOnly(false);
      await backUpCycle(repository, 3);
      await expectAllThere(local, 3);
    },
  );

  fileSystemTest('whose mount vanishes at any moment of a backup is not taken for an empty one', async () => {
    const base = await twoPointsIn(join(temporaryFolder('mounted'), 'repository'));
    using mount = new UnsteadyMount(join(base.folder, '..'));
    const local = new LocalRepository(join(mount.folder, 'repository'));
    const backUp = async (store: ObjectStore): Promise<unknown> => {
      await using repository: Repository = await local.open(store);
      return await saveFiles(repository, { 'disk.raw': pattern(2 * MiB, 0, 20) }, MiB / 4).catch(
        (error: unknown) => error,
      );
    };
    let vanished = 0;
    for (let at = 8; at <= 20; at += 3) {
      const machine = new InterruptedProcess();
      const ended = machine.begin({ kind: 'sleep', at, when: 'before' });
      const outcome = backUp(machine.store(local.store, () => 0));
      const isUnderWay = await Promise.race([ended.then(() => true), outcome.then(() => false)]);
      if (!isUnderWay) break;
      mount.unmount();
      vanished += 1;
      machine.wake();
      expect(await outcome, `operation ${at}`).toMatchObject({
        code: 'UNREACHABLE',
        message: expect.stringContaining(local.folder) as string,
        remedy: expect.stringContaining('Mount') as string,
      });
      // Nothing is written below the bare mount point.
      expect(readdirSync(mount.folder)).toEqual([]);
      mount.mount();
      await local.restic.run('unlock', '--remove-all');
    }
    expect(vanished).toBeGreaterThan(3);
    await local.restic.checkEverything();
    await using repository = await local.open();
    await backUpCycle(repository, 3);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0 });
  });

  test('that two processes forget from and prune at once is whole, and who has to wait is told', async () => {
    const cli = [new QuiesceCli(temporaryFolder('one')), new QuiesceCli(temporaryFolder('two'))] as const;
    const local = await twoPointsIn(join(temporaryFolder('shared'), 'repository'));
    for (const user of cli)
      await user.ok(
        'repo',
        'open',
        'main',
        '--location',
        local.folder,
        '--password-file',
        local.passwordFile,
      );
    for (const seed of [3, 1, 2]) {
      const before = await localPoints(local);
      const results = await Promise.all([
        cli[0].run('repo', 'prune', '--max-unused', '0'),
        cli[1].run('forget', before[0]!.slice(0, 12), '--yes', '--allow-last'),
        cli[1].run('repo', 'check'),
        local.open().then(async repository => {
          await using own = repository;
          return await backUpCycle(own, seed).then(
            () => ({ code: 0, stderr: '' }),
            (error: unknown) => ({ code: 6, stderr: String(error) }),
          );
        }),
      ]);
      for (const { code, stderr } of results) {
        expect([0, 6], stderr).toContain(code);
        if (code === 6) expect(stderr).toMatch(/in use by|locked by/);
      }
      await local.restic.checkEverything();
      const [, forgotten, , backedUp] = results;
      const count = before.length - (forgotten.code === 0 ? 1 : 0) + (backedUp.code === 0 ? 1 : 0);
      await expectAllThere(local, count);
    }
  });
});

async function localPoints(local: LocalRepository): Promise<string[]> {
  return (JSON.parse(await local.restic.run('snapshots', '--json')) as { id: string }[]).map(({ id }) => id);
}
