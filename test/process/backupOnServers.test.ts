import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MiB } from '../../src/base/units.ts';
import { parseLocation } from '../../src/core/repository/location.ts';
import { openObjectStore } from '../../src/core/repository/node/openObjectStore.ts';
import { parseAccount } from '../../src/core/repository/storeAccount.ts';
import { startBackup } from '../../src/protocol/job.ts';
import { listPoints } from '../../src/protocol/point.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { openVCenter } from '../../src/protocol/vcenter.ts';
import { anySignal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { filesBelow } from '../support/faultBench.ts';
import { quiesced } from '../support/policies.ts';
import { addLab, QuiesceCli } from '../support/quiesceCli.ts';
import { fileHash, Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import {
  restAccount,
  s3Root,
  startRestServer,
  startS3Server,
  type StoreServer,
} from '../support/storeServers.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic', 'go');
const diskKey = 2000;
const guestFile = '/var/lib/guest/identity.txt';

const kinds = [
  {
    name: 'S3',
    start: async () => await startS3Server('backups'),
    place: (port: number) => `s3:http://127.0.0.1:${port}/backups/vms`,
    account: `${s3Root.user}:${s3Root.secret}`,
    environment: { AWS_ACCESS_KEY_ID: s3Root.user, AWS_SECRET_ACCESS_KEY: s3Root.secret },
    theirPlace: (place: string) => place,
    secret: s3Root.secret,
  },
  {
    name: 'REST',
    start: async () => await startRestServer(),
    place: (port: number) => `rest:http://127.0.0.1:${port}/vms/`,
    account: `${restAccount.user}:${restAccount.password}`,
    environment: {},
    theirPlace: (place: string) =>
      place.replace('://', `://${restAccount.user}:${encodeURIComponent(restAccount.password)}@`),
    secret: restAccount.password,
  },
];

// What is shipped: the bundles, with the library for S3 beside them.
describe.each(kinds)('VMs in a repository on a server: $name', kind => {
  const folder = suiteFolder('bos');
  const cli = new QuiesceCli(join(folder, 'cli'));
  const [passwordFile, accountFile] = [join(folder, 'password'), join(folder, 'account')];
  let server: StoreServer;
  let lab: RunningLab;
  let place: string;

  beforeAll(async () => {
    writeFileSync(passwordFile, 'correct horse battery staple\n', { mode: 0o600 });
    writeFileSync(accountFile, `${kind.account}\n`, { mode: 0o600 });
    [server, lab] = await Promise.all([
      kind.start(),
      RunningLab.start(['--profile', 'small', '--no-activity']),
    ]);
    place = kind.place(server.port);
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const restic = () => new Restic(kind.theirPlace(place), passwordFile, kind.environment);

  test('are backed up, browsed, forgotten and pruned by the command line, and restic agrees', async () => {
    const access = ['--password-file', passwordFile, '--account-file', accountFile];
    await cli.ok('repo', 'init', 'main', '--location', place, '--no-kit', ...access);
    await cli.ok(...addLab('lab', lab));
    await cli.ok('backup', 'web01', '--limit-upload', '1G');
    await lab.burst('web01', diskKey, { bytes: MiB });
    await cli.ok('backup', 'web01');
    expect((await cli.ok('cat', 'web01', guestFile)).toString()).toMatch(/^guest: web01\n/);
    const restored = join(folder, 'disk.raw');
    await cli.ok('restore', 'disk', 'web01', '--disk', String(diskKey), '--to', restored);
    expect(await fileHash(restored)).toBe(await lab.diskHash('web01', diskKey));
    await cli.ok('forget', '--keep-last', '1', '--yes');
    await cli.ok('repo', 'prune');
    await cli.ok('repo', 'check', '--read-data', '--limit-download', '1G');
    expect(await cli.json('points')).toHaveLength(1);
    expect((await cli.run('backup', 'web01', '--limit-upload', 'fast')).code).toBe(2);
    await restic().checkEverything();

    const said = filesBelow(join(folder, 'cli')).map(path => readFileSync(path, 'utf8'));
    expect(said.filter(text => text.includes(kind.secret))).toEqual([]);
    expect(said.some(text => text.includes(place))).toBe(true);
  });

  test('are not kept locked by a backup that was killed, once a guard has looked', async () => {
    // Killed before it wrote down its lease, nobody but the server can end that one.
    await lab.setFaults({
      leaseTimeoutSeconds: 10,
      streams: [{ kind: 'slow', bytesPerSecond: 100_000, times: 9 }],
    });
    const { child, result } = cli.start('backup', 'web01');
    const account = parseAccount(kind.account, parseLocation(place), 'the test');
    const store = await openObjectStore(place, { account }, { clock: systemClock, random: systemRandom });
    const locks = async () => (await collect(store.list('lock', anySignal))).length;
    await expect.poll(locks).not.toBe(0);
    await expect.poll(async () => (await lab.openLeases()).length).toBe(1);
    child.kill('SIGKILL');
    await result;
    await lab.clearFaults();
    expect(await locks()).not.toBe(0);
    const { leftovers: given } = (await cli.json('guard')) as {
      readonly leftovers: readonly { readonly kind: string; readonly outcome: string }[];
    };
    expect(given.filter(({ outcome }) => outcome !== 'removed')).toEqual([]);
    expect(given.map(({ kind: leftover }) => leftover)).toContain('repository-lock');
    expect(await locks()).toBe(0);
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toEqual([]);
  });

  test('are backed up by the worker, which is told the account', async () => {
    const home = join(folder, 'user');
    mkdirSync(home);
    await using user = new WorkerUser(home);
    const client = await user.connect();
    const { url, user: name, fingerprint, passwordFile: labPasswordFile } = lab.ready;
    const password = readFileSync(labPasswordFile, 'utf8').trim();
    await client.request(openVCenter, { name: 'lab', url, user: name, fingerprint, password }, anySignal);
    const repository = { name: 'main', location: place, password: 'correct horse battery staple' };
    await expect(
      client.request(openRepository, { ...repository, server: { account: 'wrong:wrong' } }, anySignal),
    ).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    const params = { ...repository, server: { account: kind.account } };
    expect(await client.request(openRepository, params, anySignal)).toMatchObject({ location: place });
    const vm = await vmNamed(client, 'web01');
    const { jobId } = await client.request(
      startBackup,
      { vm, repository: 'main', policy: quiesced },
      anySignal,
    );
    expect((await new WatchedJob(client, jobId).ended).state).toBe('succeeded');
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    expect(sets.flatMap(({ points }) => points)).toHaveLength(2);
  });
});
