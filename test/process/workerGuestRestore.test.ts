import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import { statGuestNode } from '../../src/protocol/guest.ts';
import { beginSearch, continueSearch, type FoundNodeDto } from '../../src/protocol/guestSearch.ts';
import {
  cancelJob,
  type JobDto,
  listJobs,
  readJobLog,
  startBackup,
  startGuestRestore,
} from '../../src/protocol/job.ts';
import { closeLiveGuest, openLiveGuest, readLiveFile } from '../../src/protocol/liveGuest.ts';
import { planGuestRestore } from '../../src/protocol/plan.ts';
import type { VmRef } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { quiesced } from '../support/policies.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const numbers = '/home/user/numbers.txt';

describe('guest files back into the running guest, by the bundled worker', () => {
  const user = new WorkerUser(suiteFolder('wg'));
  let lab: RunningLab;
  let client: WorkerClient;
  let vm: VmRef;
  let point: string;
  let password: string;
  let original: Buffer;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    password = readFileSync(lab.ready.guestAccounts[0]!.passwordFile, 'utf8').trim();
    await connect();
    vm = await vmNamed(client, 'web01');
    const { jobId } = await client.request(
      startBackup,
      { vm, repository: 'main', policy: quiesced },
      anySignal,
    );
    const { result } = await new WatchedJob(client, jobId).ended;
    if (result?.kind !== 'backup') throw new Error('no backup');
    point = result.point;
    original = await lab.guestBytes('web01', numbers);
  });
  afterEach(async () => await lab.clearFaults());
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function connect(): Promise<void> {
    client = await user.connect();
    await user.openPlaces(client, lab);
  }

  async function open(word = password): Promise<void> {
    await client.request(openLiveGuest, { vm, user: 'root', password: word }, anySignal);
  }

  function paramsOf(...paths: readonly string[]) {
    const volume = { repository: 'main', point, deviceKey: 2000, volumeIndex: 1 };
    return { ...volume, paths, guest: { vm, user: 'root' } };
  }

  async function restore(): Promise<WatchedJob> {
    const { jobId } = await client.request(startGuestRestore, paramsOf(numbers), anySignal);
    return new WatchedJob(client, jobId);
  }

  async function temporaryFiles(): Promise<string[]> {
    return (await lab.guestFolder('web01', '/home/user')).filter(name => name.startsWith('.quiesce-'));
  }

  test('before, the file is searched: what is found comes page by page, and a search that is over is gone', async () => {
    const ref = { repository: 'main', point };
    const wanted = { ...ref, path: '/var', text: '^disk: ', isExpression: true, isCaseSensitive: true };
    const { search } = await client.request(beginSearch, wanted, anySignal);
    const found: FoundNodeDto[] = [];
    for (let isEnd = false; !isEnd;) {
      const page = await client.request(continueSearch, { search }, anySignal);
      found.push(...page.found);
      ({ isEnd } = page);
    }
    const at = { ...ref, deviceKey: 2000, volumeIndex: 1, path: '/var/lib/guest/identity.txt' };
    expect(found).toMatchObject([{ at, kind: 'file', lines: [{ number: 2, column: 0, length: 6 }] }]);
    expect(found[0]?.node).toEqual(await client.request(statGuestNode, at, anySignal));
    await expect(client.request(continueSearch, { search }, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(client.request(beginSearch, { ...wanted, text: '(' }, anySignal)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  test('nothing goes without the password, a wrong one names VM and account, and a closed one is forgotten', async () => {
    await expect(client.request(planGuestRestore, paramsOf(numbers), anySignal)).rejects.toMatchObject({
      code: 'AUTHENTICATION',
    });
    await expect(open('wrong')).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: 'the guest of web01 does not accept the user root with this password',
    });
    await open();
    await client.request(planGuestRestore, paramsOf(numbers), anySignal);
    await client.request(closeLiveGuest, { vm, user: 'root' }, anySignal);
    expect((await (await restore()).ended).error).toMatchObject({ code: 'AUTHENTICATION' });
  });

  test('a file of the running guest is read as it is now, and a large one is not', async () => {
    await open();
    await lab.writeGuestFile('web01', '/etc/hostname', 'changed\n');
    const file = { vm, user: 'root', path: '/etc/hostname' };
    const { content } = await client.request(readLiveFile, file, anySignal);
    expect(Buffer.from(content, 'base64').toString()).toBe('changed\n');
    const large = { ...file, path: '/home/user/sparse.dat' };
    await expect(client.request(readLiveFile, large, anySignal)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  test('the plan shows the live file, the job replaces it, and the former one is named', async () => {
    await open();
    await lab.writeGuestFile('web01', numbers, 'former\n', { modifiedAt: '2026-02-01T00:00:00Z' });
    const plan = await client.request(planGuestRestore, paramsOf(numbers), anySignal);
    expect(plan).toMatchObject({
      ...{ vmName: 'web01', user: 'root', itemCount: 1, replacedCount: 1, totalBytes: original.length },
      items: [
        {
          ...{ action: 'replace', guestPath: numbers, pointPath: numbers, mode: 0o644, uid: 0, gid: 0 },
          live: { sizeBytes: 7, modifiedAt: '2026-02-01T00:00:00.000Z' },
        },
      ],
    });
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
    const job = await restore();
    const { state, result } = await job.ended;
    expect(state).toBe('succeeded');
    expect(result).toMatchObject({
      kind: 'restoreToGuest',
      restoredCount: 1,
      keptAsideCount: 1,
      problems: [],
    });
    expect(await lab.guestBytes('web01', numbers)).toEqual(original);
    if (result?.kind !== 'restoreToGuest') throw new Error('no result of a restore');
    const kept = result.keptAside[0]!.asidePath;
    expect((await lab.guestBytes('web01', kept)).toString()).toBe('former\n');
    expect(user.journalRecords()).toEqual([]);
  });

  test('cancelled in the middle, it leaves the former file and no temporary one', async () => {
    await open();
    await lab.writeGuestFile('web01', numbers, 'former\n');
    await lab.setFaults({ guestTransfers: [{ kind: 'stall', direction: 'from', afterBytes: 1000 }] });
    const job = await restore();
    await job.until(({ doneBytes }) => doneBytes > 0);
    await client.request(cancelJob, { jobId: job.id }, anySignal);
    expect((await job.ended).state).toBe('cancelled');
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
    expect(await temporaryFiles()).toEqual([]);
    expect(user.journalRecords()).toEqual([]);
  });

  test('after a SIGKILL the next worker removes the temporary file once it knows the password again', async () => {
    await open();
    await lab.writeGuestFile('web01', numbers, 'former\n');
    await lab.setFaults({ guestTransfers: [{ kind: 'stall', direction: 'from', afterBytes: 1000 }] });
    const job = await restore();
    await job.until(({ doneBytes }) => doneBytes > 0);
    await user.kill(client);
    expect(await temporaryFiles()).toHaveLength(1);

    await connect();
    // Only the guest's file waits; what was left in the repository is given back at once.
    const isOver = async (count: number) =>
      user.journalRecords().length === count &&
      (await client.request(listJobs, {}, anySignal)).jobs.every(
        (other: JobDto) => other.finishedAt !== undefined,
      );
    await until(async () => await isOver(1));
    expect(await temporaryFiles()).toHaveLength(1);
    await open();
    await until(async () => await isOver(0));
    expect(await temporaryFiles()).toEqual([]);
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
  });

  test("the guest's password is in no file, log, argument or environment of the worker", async () => {
    const { jobs } = await client.request(listJobs, {}, anySignal);
    const logs = await Promise.all(
      jobs.map(async ({ id }) => await client.request(readJobLog, { jobId: id }, anySignal)),
    );
    const processes = user
      .workers()
      .flatMap(({ processId }) =>
        ['cmdline', 'environ'].map(name => readFileSync(`/proc/${processId}/${name}`, 'latin1')),
      );
    expect(processes.length).toBeGreaterThan(0);
    const texts = [JSON.stringify([jobs, logs]), ...processes];
    for (const path of filesBelow(user.folder)) texts.push(readFileSync(path, 'latin1'));
    expect(texts.filter(text => text.includes(password))).toEqual([]);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 1) {
    if (waited > 1000) throw new Error('waited for too long');
    await systemClock.sleep(20, anySignal);
  }
}
