import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import { type JobDto, type JobRef, startBackup } from '../../src/protocol/job.ts';
import {
  addKey,
  changeRepositoryPassword,
  listKeys,
  makeRecoveryKit,
  planForget,
  removeKey,
  startForget,
  startPrune,
  unlockRepository,
} from '../../src/protocol/maintenance.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { listPoints } from '../../src/protocol/point.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { crashOnly } from '../support/policies.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');
const none = { daily: 0, weekly: 0, monthly: 0, yearly: 0 };

describe('a repository is looked after by the worker', () => {
  const folder = suiteFolder('mj');
  const user = new WorkerUser(folder);
  const restic = new Restic(user.repositoryFolder, user.repositoryPasswordFile);
  let lab: RunningLab;
  let client: WorkerClient;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    client = await user.connect();
    await user.openPlaces(client, lab);
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const ended = async (started: Promise<JobRef>): Promise<JobDto> =>
    await new WatchedJob(client, (await started).jobId).ended;

  async function points(): Promise<string[]> {
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    return sets.flatMap(set => set.points.map(({ id }) => id));
  }

  test('what rules would forget is shown, forgotten exactly so, and pruned; restic agrees', async () => {
    const vm = await vmNamed(client, 'web01');
    for (let round = 0; round < 3; round += 1) {
      await lab.burst('web01', 2000, { bytes: 8 * MiB });
      const backup = { vm, repository: 'main', policy: crashOnly };
      expect((await ended(client.request(startBackup, backup, anySignal))).state).toBe('succeeded');
    }
    const [newest] = await points();
    const params = { repository: 'main', rules: { ...none, last: 1 } };
    const plan = await client.request(planForget, params, anySignal);
    expect(plan).toMatchObject({ vms: [{ vmName: 'web01', keptCount: 1 }], problems: [] });
    const doomed = plan.vms.flatMap(({ forgotten }) => forgotten.map(({ id }) => id));
    expect(doomed).toHaveLength(2);
    expect(await points()).toHaveLength(3);

    const forgetting = { repository: 'main', points: doomed };
    expect(await ended(client.request(startForget, forgetting, anySignal))).toMatchObject({
      state: 'succeeded',
      result: { kind: 'forget', removedCount: 2 },
    });
    expect(await points()).toEqual([newest]);
    const again = await ended(client.request(startForget, forgetting, anySignal));
    expect(again).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND' } });
    const last = await ended(
      client.request(startForget, { repository: 'main', points: [newest!] }, anySignal),
    );
    expect(last).toMatchObject({ state: 'failed', error: { code: 'CONFLICT' } });

    const before = packBytes();
    const pruned = await ended(client.request(startPrune, { repository: 'main' }, anySignal));
    expect(pruned).toMatchObject({ state: 'succeeded', result: { kind: 'prune' } });
    expect(packBytes()).toBeLessThan(before);
    await restic.checkEverything();
    expect(JSON.parse(await restic.run('snapshots', '--json'))).toHaveLength(1);

    const empty = { repository: 'main', rules: { ...none, last: 0 } };
    await expect(client.request(planForget, empty, anySignal)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  test('locks of the dead go, and a recovery kit opens the repository', async () => {
    const unlock = async () => await client.request(unlockRepository, { repository: 'main' }, anySignal);
    const theirs = await resticThatHoldsALock();
    expect(await unlock()).toMatchObject({
      removedCount: 0,
      held: [{ exclusive: false, pid: theirs.pid, hostname: hostname() }],
    });
    await theirs.kill();
    expect(await unlock()).toEqual({ removedCount: 1, held: [] });
    const path = join(folder, 'kit.html');
    const kit = { repository: 'main', path };
    const { keyId } = await client.request(makeRecoveryKit, kit, anySignal);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toContain(keyId.slice(0, 10));
    const [, password] = /<code class="password">([^<]+)</.exec(readFileSync(path, 'utf8'))!;
    const paper = join(folder, 'paper');
    writeFileSync(paper, `${password!}\n`, { mode: 0o600 });
    expect(await new Restic(user.repositoryFolder, paper).run('key', 'list')).toContain(
      `*${keyId.slice(0, 8)}`,
    );
    // Written once: a second one must not take the place of the first, nor leave a key behind.
    await expect(client.request(makeRecoveryKit, kit, anySignal)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(filesBelow(join(user.repositoryFolder, 'keys'))).toHaveLength(2);
    await expect(
      client.request(makeRecoveryKit, { repository: 'main', path: 'kit.html' }, anySignal),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('passwords are added, removed and changed for restic to see, and never while others need it', async () => {
    const main = { repository: 'main' };
    const opens = async (password: string) => {
      const path = join(folder, 'password');
      writeFileSync(path, `${password}\n`, { mode: 0o600 });
      return await new Restic(user.repositoryFolder, path).run('snapshots').then(
        () => true,
        () => false,
      );
    };
    const { keyId } = await client.request(addKey, { ...main, password: 'a second one' }, anySignal);
    expect(await opens('a second one')).toBe(true);
    const { keys } = await client.request(listKeys, main, anySignal);
    expect(keys.filter(({ id }) => id === keyId)).toMatchObject([{ isCurrent: false, isRecoveryKit: false }]);
    const current = keys.find(({ isCurrent }) => isCurrent)!.id;
    const remove = async (id: string) => await client.request(removeKey, { ...main, keyId: id }, anySignal);
    await expect(remove(current)).rejects.toMatchObject({ code: 'CONFLICT' });
    const theirs = await resticThatHoldsALock();
    await expect(remove(keyId)).rejects.toMatchObject({ code: 'CONFLICT' });
    await theirs.kill();
    await client.request(unlockRepository, main, anySignal);
    await remove(keyId);
    expect(await opens('a second one')).toBe(false);

    const password = 'quite another';
    await client.request(changeRepositoryPassword, { ...main, password }, anySignal);
    expect(await opens('correct horse battery staple')).toBe(false);
    expect(await opens(password)).toBe(true);
    const place = { name: 'main', location: user.repositoryFolder, password };
    await client.request(openRepository, place, anySignal);
    expect((await points()).length).toBeGreaterThan(0);
    const said = filesBelow(folder).filter(path => /\.log$/.test(path));
    for (const path of said) expect(readFileSync(path, 'utf8')).not.toContain(password);
  });

  /** A backup from a pipe that never ends: restic holds its lock until it is killed. */
  async function resticThatHoldsALock() {
    const child = spawn('restic', ['--no-cache', 'backup', '--stdin'], {
      env: {
        ...process.env,
        RESTIC_REPOSITORY: user.repositoryFolder,
        RESTIC_PASSWORD_FILE: user.repositoryPasswordFile,
      },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const closed = once(child, 'close');
    await expect.poll(() => filesBelow(join(user.repositoryFolder, 'locks'))).toHaveLength(1);
    const kill = async () => {
      child.kill('SIGKILL');
      await closed;
    };
    return { pid: child.pid, kill };
  }

  function packBytes(): number {
    return filesBelow(join(user.repositoryFolder, 'data')).reduce(
      (sum, path) => sum + statSync(path).size,
      0,
    );
  }
});
