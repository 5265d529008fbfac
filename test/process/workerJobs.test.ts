import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { listedVms } from '../../src/client/listedVms.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import { listGuestFolder, listVolumes, readGuestFile, statGuestNode } from '../../src/protocol/guest.ts';
import {
  answerJob,
  cancelJob,
  type JobDto,
  type JobRef,
  listJobs,
  readJobLog,
  startBackup,
  startCheck,
  startDiskRestore,
  startFileRestore,
  startGuard,
  startSnapshot,
  startVmRestore,
} from '../../src/protocol/job.ts';
import {
  listPlacements,
  type PlaceDto,
  planBackup,
  planFileRestore,
  planVmRestore,
} from '../../src/protocol/plan.ts';
import { listPoints, readPoint } from '../../src/protocol/point.ts';
import { closeRepository } from '../../src/protocol/repository.ts';
import { closeVCenter } from '../../src/protocol/vcenter.ts';
import { explainVm, readVm, type VmChangesDto, type VmDto, vmsChanged } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { crashOnly, quiesced } from '../support/policies.ts';
import { fileHash, Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

/** Fast enough to end, slow enough to be disturbed: the small guest's disk exports to about 300 kB. */
const slow = { kind: 'slow', bytesPerSecond: 150_000, times: 1 };
const stalled = { kind: 'stall', afterBytes: 60_000, times: 1 };

const isReading = ({ phase }: JobDto) => phase.startsWith('Reading');

describe('jobs of the bundled worker', () => {
  const user = new WorkerUser(suiteFolder('wj'));
  const restic = new Restic(user.repositoryFolder, user.repositoryPasswordFile);
  let lab: RunningLab;
  let client: WorkerClient;

  beforeAll(async () => {
    lab = await RunningLab.start();
    client = await user.connect();
    await user.openPlaces(client, lab);
  });
  afterEach(async () => await lab.clearFaults());
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function backUp(name: string, by = client): Promise<WatchedJob> {
    const vm = await vmNamed(by, name);
    const started = await by.request(startBackup, { vm, repository: 'main', policy: quiesced }, anySignal);
    return new WatchedJob(by, started.jobId);
  }

  async function watched(started: Promise<JobRef>): Promise<JobDto> {
    return await new WatchedJob(client, (await started).jobId).ended;
  }

  test('every VM of the list says what a backup of it can reach, and why not more', async () => {
    const vms = await listedVms(client, 'lab', anySignal);
    const seen = vms.map(({ name, computePath, predicted: { level, limits, base, outsideDisks } }) => [
      ...[name, computePath?.split('/').slice(1, 4).join('/'), level, base.rule],
      [...limits, ...outsideDisks].map(({ rule }) => rule),
    ]);
    expect(seen.sort()).toEqual([
      ['archive01', 'Lab/host/Cluster', 'crash', 'OS-LINUX-FIFREEZE', ['PWR-02']],
      ['build01', 'Lab/host/Cluster', 'filesystem', 'OS-LINUX-FIFREEZE', ['DSK-01']],
      ['db01', 'Lab/host/Cluster', 'filesystem', 'OS-LINUX-FIFREEZE', []],
      ['web01', 'Lab/host/Cluster', 'filesystem', 'OS-LINUX-FIFREEZE', []],
    ]);
    const vm = await vmNamed(client, 'build01');
    const plan = await client.request(planBackup, { vm, repository: 'main', policy: crashOnly }, anySignal);
    expect(plan).toMatchObject({
      requested: 'crash',
      predicted: 'crash',
      prediction: { level: 'filesystem' },
      leftOutDisks: [{ label: 'Hard disk 2' }],
    });
  });

  test('a VM is explained with remedies and what they buy, the disks left out, and the source of each statement', async () => {
    const explained = async (name: string) =>
      await client.request(explainVm, await vmNamed(client, name), anySignal);
    const { base, ...rest } = await explained('build01');
    expect(base).toMatchObject({ rule: 'OS-LINUX-FIFREEZE', vendorLevel: 'crash' });
    expect(base.source.title).toContain('open-vm-tools');
    expect(rest).toMatchObject({
      ...{ name: 'build01', level: 'filesystem', mechanism: 'freeze', ceiling: 'filesystem' },
      ...{ limits: [], coverage: 'partial' },
      outsideDisks: [{ rule: 'DSK-01', label: 'Hard disk 2' }],
    });

    const archive = await explained('archive01');
    expect(archive).toMatchObject({ level: 'crash', mechanism: 'none', coverage: 'whole-vm' });
    expect(archive.limits).toMatchObject([
      { rule: 'PWR-02', cap: 'crash', source: { title: expect.any(String) as string } },
    ]);
    expect(archive.limits[0]?.remedy).toContain('Shut the guest down cleanly');
    expect(archive.limits[0]?.levelAfterFix).not.toBe('crash');

    const gone = client.request(explainVm, { vcenter: 'lab', id: 'vm-0', name: 'gone' }, anySignal);
    await expect(gone).rejects.toMatchObject({ code: 'NOT_FOUND', object: 'gone' });
  });

  test('a backup stores the bytes of snapshot time, and every client is told at most five times a second', async () => {
    const other = await user.connect();
    await lab.setFaults({ streams: [slow, slow] });
    const job = await backUp('db01');
    const seenByOther = new WatchedJob(other, job.id);
    const { state, result, startedAt, finishedAt } = await job.ended;
    expect(state).toBe('succeeded');
    if (result?.kind !== 'backup') throw new Error('no result of a backup');
    expect(await seenByOther.ended).toEqual(await job.ended);

    const seconds = (Date.parse(finishedAt!) - Date.parse(startedAt)) / 1000;
    console.log(`${job.changes.length} changes in ${seconds.toFixed(1)} s`);
    // One answer to the list that WatchedJob asks for is not a change that was told.
    expect(job.changes.length).toBeGreaterThan(5);
    expect(job.changes.length).toBeLessThanOrEqual(Math.ceil(seconds * 5) + 2);
    const read = job.changes.filter(change => isReading(change) && change.doneBytes > 0);
    expect(read.every(({ doneBytes, totalBytes }) => doneBytes <= totalBytes!)).toBe(true);
    expect(read.some(({ bytesPerSecond, remainingMs }) => bytesPerSecond! > 0 && remainingMs! >= 0)).toBe(
      true,
    );

    const snapshot = (await lab.snapshots()).at(-1)!;
    for (const { deviceKey, position } of snapshot.disks) {
      const stored = await restic.diskHash(result.point, deviceKey, join(user.folder, `restic-${deviceKey}`));
      expect(stored).toBe(await lab.diskHash(snapshot.vm, deviceKey, position));
    }
    await restic.checkEverything();
    await user.expectNothingLeft(lab);
  });

  test('a client that leaves in the middle does not disturb it; the next one finds the job and its end', async () => {
    await lab.setFaults({ streams: [slow] });
    const leaving = await user.connect();
    const job = await backUp('web01', leaving);
    await job.until(isReading);
    const { id } = job;
    leaving[Symbol.dispose]();
    const next = await user.connect();
    const found = (await next.request(listJobs, {}, anySignal)).jobs.find(candidate => candidate.id === id);
    expect(found).toMatchObject({ kind: 'backup', object: 'web01', state: 'running' });
    expect((await new WatchedJob(next, id).ended).state).toBe('succeeded');
    const { lines } = await next.request(readJobLog, { jobId: id }, anySignal);
    expect(lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['Taking a quiesced snapshot', 'Removing the snapshot']),
    );
    await user.expectNothingLeft(lab);
  });

  test('a job keeps the worker alive when no client is left', async () => {
    const alone = new WorkerUser(temporaryFolder('wa'));
    onTestFinished(async () => await alone[Symbol.asyncDispose]());
    const idleTimeoutMs = 100;
    const leaving = await alone.connect({ idleTimeoutMs });
    await alone.openPlaces(leaving, lab);
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp('web01', leaving);
    await job.until(isReading);
    leaving[Symbol.dispose]();
    await systemClock.sleep(15 * idleTimeoutMs, anySignal);
    const next = await alone.connect({ idleTimeoutMs });
    expect(next.worker).toEqual(leaving.worker);
    expect(await next.request(cancelJob, { jobId: job.id }, anySignal)).toEqual({ state: 'cancelling' });
    expect((await new WatchedJob(next, job.id).ended).state).toBe('cancelled');
    await user.expectNothingLeft(lab);
  });

  test('one backup per VM; cancelled, it answers before it ends and leaves nothing', async () => {
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp('web01');
    await job.until(isReading);
    await expect(backUp('web01')).rejects.toMatchObject({ code: 'CONFLICT', object: 'web01' });
    await expect(client.request(closeVCenter, { name: 'lab' }, anySignal)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'the vCenter lab is in use by a job on web01',
    });
    const answer = await client.request(cancelJob, { jobId: job.id }, anySignal);
    // The stream stands still: the answer came although the work had not ended.
    expect(answer).toEqual({ state: 'cancelling' });
    const { state, error } = await job.ended;
    expect({ state, error }).toEqual({ state: 'cancelled', error: undefined });
    await user.expectNothingLeft(lab);
    expect(await client.request(cancelJob, { jobId: job.id }, anySignal)).toEqual({ state: 'cancelled' });
    expect((await (await backUp('web01')).ended).state).toBe('succeeded');
  });

  test('a check says what it looked at, and gives its lock back', async () => {
    const check = async (readData: boolean) =>
      await watched(client.request(startCheck, { repository: 'main', readData }, anySignal));
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    const snapshotCount = sets.flatMap(({ points }) => points).length;
    const quick = await check(false);
    expect(quick).toMatchObject({
      ...{ kind: 'check', object: 'main', state: 'succeeded' },
      result: { errorCount: 0, warningCount: 0, damagedPoints: [], snapshotCount, readBytes: 0 },
    });
    const whole = await check(true);
    if (whole.result?.kind !== 'check') throw new Error('no result of a check');
    expect(whole.result).toMatchObject({ errorCount: 0, readBytes: whole.result.packBytes });
    expect(whole.result.packBytes).toBeGreaterThan(0);
    await user.expectNothingLeft(lab);
  });

  test('a snapshot that is taken stays, under the name it was given', async () => {
    const vm = await vmNamed(client, 'build01');
    const wanted = { vm, name: 'before the update', description: 'ticket 42' };
    const job = await watched(client.request(startSnapshot, { ...wanted, policy: quiesced }, anySignal));
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { kind: 'snapshot', name: 'before the update' },
    });
    const { snapshots } = await client.request(readVm, vm, anySignal);
    expect(snapshots).toMatchObject([
      { name: 'before the update', description: 'ticket 42', isCurrent: true, isOurs: false },
    ]);
    expect(job.result).toMatchObject({ snapshotId: snapshots[0]!.id, isQuiesced: snapshots[0]!.isQuiesced });

    await lab.setFaults({ refuseQuiesce: ['build01'] });
    const refused = await watched(client.request(startSnapshot, { ...wanted, policy: quiesced }, anySignal));
    expect(refused).toMatchObject({ state: 'failed', object: 'build01', error: { code: 'QUIESCE_FAILED' } });

    const asking = { ...quiesced, onShortfall: 'ask' } as const;
    for (const accept of [false, true]) {
      const { jobId } = await client.request(startSnapshot, { ...wanted, policy: asking }, anySignal);
      const asked = new WatchedJob(client, jobId);
      await asked.until(job => job.question !== undefined);
      const { question } = asked.changes.find(job => job.question !== undefined)!;
      expect(question).toMatchObject({ from: 'filesystem', to: 'crash' });
      const questionId = question!.id;
      await client.request(answerJob, { jobId, questionId, accept }, anySignal);
      const result = { requested: 'filesystem', downgrades: [{ to: 'crash' }], isQuiesced: false };
      expect(await asked.ended).toMatchObject(
        accept ? { state: 'succeeded', result } : { state: 'failed', error: { code: 'QUIESCE_FAILED' } },
      );
      await expect(client.request(answerJob, { jobId, questionId, accept }, anySignal)).rejects.toMatchObject(
        { code: 'NOT_FOUND' },
      );
    }
    const { snapshots: both } = await client.request(readVm, vm, anySignal);
    expect(both.map(({ isQuiesced }) => isQuiesced)).toEqual([true, false]);

    await lab.setFaults({ refuseQuiesce: [], taskStepMs: 300 });
    const { jobId } = await client.request(startSnapshot, { ...wanted, policy: crashOnly }, anySignal);
    const cancelled = new WatchedJob(client, jobId);
    await cancelled.until(({ phase }) => phase === 'Taking a snapshot');
    await systemClock.sleep(200, anySignal);
    await client.request(cancelJob, { jobId }, anySignal);
    expect((await cancelled.ended).state).toBe('cancelled');
    expect((await client.request(readVm, vm, anySignal)).snapshots).toEqual(both);
    await lab.deleteVm('build01');
  });

  test('guest files, disks and VMs come back as they were', async () => {
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    const point = sets.find(({ vmName }) => vmName === 'db01')!.points[0]!.id;
    const ref = { repository: 'main', point };
    const { disks, consistency } = await client.request(readPoint, ref, anySignal);
    expect(consistency.requested).toBe('filesystem');
    const snapshot = (await lab.snapshots()).find(({ vm, disks: all }) => vm === 'db01' || all.length === 2)!;

    const listed = await client.request(listVolumes, ref, anySignal);
    expect(listed.disks.map(({ deviceKey }) => deviceKey)).toEqual(disks.map(({ deviceKey }) => deviceKey));
    const data = listed.disks.find(({ deviceKey }) => deviceKey === 2001)!;
    const volume = { ...ref, deviceKey: 2001, volumeIndex: data.volumes[0]!.volumeIndex };
    const folder = await client.request(
      listGuestFolder,
      { ...volume, path: '/var/lib/guest', offset: 0, limit: 100 },
      anySignal,
    );
    expect(folder.fileSystem.kind).toBe('ext4');
    expect(folder.totalCount).toBe(folder.entries.length);
    const path = '/var/lib/guest/identity.txt';
    const listedFile = folder.entries.find(({ name }) => name === 'identity.txt')!;
    expect(await client.request(statGuestNode, { ...volume, path }, anySignal)).toEqual(listedFile);
    const pages: Buffer[] = [];
    for (let offsetBytes = 0; offsetBytes < listedFile.sizeBytes; offsetBytes += 1000) {
      const params = { ...volume, path, offsetBytes, lengthBytes: 1000 };
      pages.push(Buffer.from((await client.request(readGuestFile, params, anySignal)).content, 'base64'));
    }
    expect(Buffer.concat(pages).toString()).toMatch(/^guest: db01\ndisk: db01-data\n/);
    for (const lengthBytes of [1024 * 1024 + 1, -1, 0.5]) {
      const params = { ...volume, path, offsetBytes: 0, lengthBytes };
      await expect(client.request(readGuestFile, params, anySignal)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
    }

    const targetFolder = join(user.folder, 'files');
    const files = { ...volume, paths: [path, '/etc'], targetFolder, onConflict: 'fail' as const };
    const plan = await client.request(planFileRestore, files, anySignal);
    expect(existsSync(targetFolder)).toBe(false);
    const restored = await watched(client.request(startFileRestore, files, anySignal));
    expect(restored.result).toMatchObject({ itemCount: plan.itemCount, totalBytes: plan.totalBytes });
    expect(readFileSync(join(targetFolder, 'identity.txt'))).toEqual(Buffer.concat(pages));
    const again = await watched(client.request(startFileRestore, files, anySignal));
    expect(again).toMatchObject({ state: 'failed', error: { code: 'CONFLICT' } });
    const over = { ...files, onConflict: 'overwrite' as const };
    expect((await client.request(planFileRestore, over, anySignal)).replacedCount).toBeGreaterThan(0);

    const zip = { ...files, zipName: 'files.zip' };
    const zipped = await watched(client.request(startFileRestore, zip, anySignal));
    expect(zipped).toMatchObject({
      result: { zipName: 'files.zip', itemCount: plan.itemCount, problems: [] },
    });
    const beside = { ...zip, onConflict: 'rename' as const };
    expect((await client.request(planFileRestore, beside, anySignal)).zipName).toBe('files (restored).zip');
    const targetPath = join(user.folder, 'disk.raw');
    const raw = { ...ref, deviceKey: 2000, format: 'raw', targetPath } as const;
    expect((await watched(client.request(startDiskRestore, raw, anySignal))).state).toBe('succeeded');
    const { position } = snapshot.disks.find(({ deviceKey }) => deviceKey === 2000)!;
    expect(await fileHash(targetPath)).toBe(await lab.diskHash(snapshot.vm, 2000, position));

    const vm = { ...ref, vcenter: 'lab', name: 'db01-restored', networks: [], connectNetworks: false };
    expect(await client.request(planVmRestore, vm, anySignal)).toMatchObject({ originalName: 'db01' });
    const job = await watched(client.request(startVmRestore, vm, anySignal));
    expect(job).toMatchObject({ state: 'succeeded', result: { kind: 'restoreVm' } });
    for (const { deviceKey, position: at } of snapshot.disks) {
      expect(await lab.diskHash('db01-restored', deviceKey)).toBe(
        await lab.diskHash(snapshot.vm, deviceKey, at),
      );
    }
    await lab.deleteVm('db01-restored');
    await user.expectNothingLeft(lab);
  });

  test('a restore waits while somebody removes something from the repository, and can be cancelled', async () => {
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    const ref = { repository: 'main', point: sets.find(({ vmName }) => vmName === 'db01')!.points[0]!.id };
    const never = { targetFolder: join(user.folder, 'never'), onConflict: 'fail' as const };
    const targetPath = join(user.folder, 'never.raw');
    const disk = { ...ref, deviceKey: 2000, format: 'raw', targetPath } as const;
    const vm = { ...ref, vcenter: 'lab', name: 'db01-never', networks: [], connectNetworks: false };
    const { disks } = await client.request(listVolumes, ref, anySignal);
    const { volumeIndex } = disks.find(({ deviceKey }) => deviceKey === 2001)!.volumes[0]!;
    const files = { ...ref, deviceKey: 2001, volumeIndex, paths: ['/etc'], ...never };
    await using theirs = await new LocalRepository(user.repositoryFolder).open();
    const lock = await theirs.lock({ mode: 'exclusive', journal: memoryJournal() }, anySignal);
    for (const started of [
      client.request(startDiskRestore, disk, anySignal),
      client.request(startFileRestore, files, anySignal),
      client.request(startVmRestore, vm, anySignal),
    ]) {
      const { jobId } = await started;
      const job = new WatchedJob(client, jobId);
      await job.until(({ phase }) => /^Waiting for .*, who keeps the repository from others$/.test(phase));
      await client.request(cancelJob, { jobId }, anySignal);
      expect(await job.ended).toMatchObject({ state: 'cancelled' });
    }
    expect(existsSync(targetPath)).toBe(false);
    const started = await client.request(startDiskRestore, disk, anySignal);
    await lock[Symbol.asyncDispose]();
    expect(await new WatchedJob(client, started.jobId).ended).toMatchObject({ state: 'succeeded' });
  });

  test('a VM lands where it was asked to, in the networks that were chosen', async () => {
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    const point = sets.find(({ vmName }) => vmName === 'db01')!.points[0]!.id;
    const at = { repository: 'main', point, vcenter: 'lab' };
    const offered = await client.request(listPlacements, at, anySignal);
    const paths = (places: readonly PlaceDto[]) =>
      places.map(({ path, isFormer }) => `${path}${isFormer ? ' *' : ''}`);
    expect({ ...offered, folders: [], resourcePools: [], datastores: [], networks: [] }).toMatchObject({
      originalName: 'db01',
      formerNetworks: ['VM Network', 'Backend'],
    });
    expect(paths(offered.folders)).toEqual(['/Lab/vm', '/Lab/vm/Archive', '/Lab/vm/Production *']);
    expect(paths(offered.resourcePools)).toEqual(['/Lab/host/Cluster/Resources *']);
    expect(paths(offered.datastores)).toEqual(['/Lab/datastore/datastore1 *', '/Lab/datastore/datastore2']);
    expect(offered.datastores[1]).toMatchObject({ freeBytes: 1536 * 1024 ** 3 });
    expect(paths(offered.networks)).toEqual(['/Lab/network/Backend *', '/Lab/network/VM Network *']);

    const idOf = (places: readonly PlaceDto[], name: string) => places.find(place => place.name === name)!.id;
    const params = {
      ...{ ...at, name: 'db01-elsewhere', connectNetworks: true },
      folder: idOf(offered.folders, 'Archive'),
      resourcePool: idOf(offered.resourcePools, 'Resources'),
      datastore: idOf(offered.datastores, 'datastore2'),
      networks: [{ from: 'VM Network', to: idOf(offered.networks, 'Backend') }],
    };
    expect(await client.request(planVmRestore, params, anySignal)).toMatchObject({
      ...{ vcenter: 'lab', folder: 'Archive', resourcePool: 'Resources', datastore: 'datastore2' },
      networks: [
        { from: 'VM Network', to: 'Backend' },
        { from: 'Backend', to: 'Backend' },
      ],
      connectNetworks: true,
    });
    const job = await watched(client.request(startVmRestore, params, anySignal));
    if (job.result?.kind !== 'restoreVm') throw new Error(job.error?.message ?? 'no result of a restore');
    expect(await client.request(readVm, job.result.vm, anySignal)).toMatchObject({
      inventoryPath: '/Lab/vm/Archive/db01-elsewhere',
      datastores: ['datastore2'],
      networks: ['Backend'],
      resourcePool: 'Resources',
    });
    await lab.deleteVm('db01-elsewhere');

    const nowhere = { ...params, datastore: 'datastore9' };
    await expect(client.request(planVmRestore, nowhere, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      remedy: expect.stringContaining('datastore2') as string,
    });
    await user.expectNothingLeft(lab);
  });

  test('what is not open is named, with what to do', async () => {
    const vm = { vcenter: 'other', id: 'vm-1', name: 'web01' };
    const known = await vmNamed(client, 'web01');
    for (const params of [
      { vm, repository: 'main', policy: quiesced },
      { vm: known, repository: 'other', policy: quiesced },
    ]) {
      for (const type of [startBackup, planBackup]) {
        await expect(client.request<unknown, unknown>(type, params, anySignal)).rejects.toMatchObject({
          code: 'NOT_FOUND',
          object: 'other',
          remedy: expect.stringContaining('Connect') as string,
        });
      }
    }
  });

  test('a killed worker is noticed by whoever waits, and the next one gives back what it left', async () => {
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp('web01');
    await job.until(isReading);
    await lab.setFaults({ delays: { RetrievePropertiesEx: 60_000 } });
    const asked = client.request(readVm, await vmNamed(client, 'web01'), anySignal);
    const pending = asked.catch((error: unknown) => error);
    const killedAtMs = performance.now();
    await user.kill(client);
    expect(await pending).toMatchObject({ code: 'WORKER_LOST', retryable: true });
    console.log(`lost ${(performance.now() - killedAtMs).toFixed(0)} ms after the kill`);
    await lab.clearFaults();
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toHaveLength(1);

    client = await user.connect();
    const [lost] = (await client.request(listJobs, {}, anySignal)).jobs;
    expect(lost).toMatchObject({ state: 'failed', error: { code: 'WORKER_LOST' } });
    await user.openPlaces(client, lab);
    const { jobs } = await client.request(listJobs, {}, anySignal);
    expect(jobs.map(({ kind }) => kind)).toContain('guard');
    for (const { id } of jobs) await new WatchedJob(client, id).ended;
    await user.expectNothingLeft(lab);
    const { result } = await watched(client.request(startGuard, {}, anySignal));
    expect(result).toEqual({ kind: 'guard', leftovers: [], problems: [] });
    await restic.checkEverything();
    expect((await (await backUp('web01')).ended).state).toBe('succeeded');
  });

  test('what changes on the server is told, and known without asking it; after a break it is confirmed anew', async () => {
    const told: VmChangesDto[] = [];
    const listening = client.on(vmsChanged, changes => told.push(changes));
    const seen = async (fits: (vm: VmDto) => boolean): Promise<VmDto> => {
      for (;;) {
        const found = told.flatMap(({ changed }) => changed).find(fits);
        if (found !== undefined) return found;
        await systemClock.sleep(20, anySignal);
      }
    };
    const list = async () => await listedVms(client, 'lab', anySignal);
    await list();
    await lab.setVm('archive01', { toolsRunning: false, powerState: 'poweredOn' });
    const on = await seen(({ name, powerState }) => name === 'archive01' && powerState === 'poweredOn');
    expect(await list()).toContainEqual(on);

    told.length = 0;
    await lab.restart(500);
    await seen(({ asOf }) => asOf !== undefined);
    expect((await list()).map(({ name }) => name)).toContain('archive01');
    told.length = 0;
    await seen(({ name, asOf }) => name === 'archive01' && asOf === undefined);
    await lab.setVm('archive01', { toolsRunning: true, powerState: 'poweredOff' });
    await seen(({ name, powerState }) => name === 'archive01' && powerState === 'poweredOff');
    listening[Symbol.dispose]();
  });

  test('what is open can be closed, and is not open then', async () => {
    await client.request(closeRepository, { name: 'main' }, anySignal);
    await expect(client.request(listPoints, { repository: 'main' }, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await user.openPlaces(client, lab);
    await client.request(listPoints, { repository: 'main' }, anySignal);
  });

  test('an outdated worker finishes its jobs for a newer client and then gives way', async () => {
    await lab.setFaults({ streams: [slow] });
    const job = await backUp('web01');
    await job.until(isReading);
    const newer = await user.connect({ productVersion: '0.2.0' });
    expect(newer.worker).toMatchObject({ processId: client.worker.processId, isOutdated: true });
    expect((await job.ended).state).toBe('succeeded');
    await client.closed;
    await newer.closed;
    await user.expectNothingLeft(lab);
    client = await user.connect();
    await user.openPlaces(client, lab);
  });

  test('passwords are in no file, argument, environment or log', async () => {
    const written = filesBelow(user.folder).map(path => ({ path, bytes: readFileSync(path) }));
    expect(written.map(({ path }) => path)).toContain(join(user.storageFolder, 'worker.log'));
    const [worker] = user.workers();
    const environment = readFileSync(`/proc/${worker!.processId}/environ`);
    const { jobs } = await client.request(listJobs, {}, anySignal);
    const logs = jobs.map(async ({ id }) => await client.request(readJobLog, { jobId: id }, anySignal));
    const said = JSON.stringify([jobs, await Promise.all(logs), worker]);
    const secrets = user.secrets(lab);
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) {
      const holders = written.filter(({ bytes }) => bytes.includes(secret)).map(({ path }) => path);
      expect(holders.filter(path => !user.secretFiles().includes(path))).toEqual([]);
      expect(environment.includes(secret)).toBe(false);
      expect(said).not.toContain(secret);
    }
  });
});
