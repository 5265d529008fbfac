import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, beforeAll, describe, expect } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import { listJobs, readJobLog, startBackup } from '../../src/protocol/job.ts';
import { openLiveGuest } from '../../src/protocol/liveGuest.ts';
import { listPoints } from '../../src/protocol/point.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { openVCenter } from '../../src/protocol/vcenter.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { quiesced } from '../support/policies.ts';
import { addLab, QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { secretForms } from '../support/secretForms.ts';
import { startRestServer, startS3Server } from '../support/storeServers.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

// One user of the command line and of the worker, with everything that goes wrong around passwords, and then a search for
// each of them in all that was written or said. Right and wrong ones alike: a wrong one is often nearly right.
const test = toolTest('restic', 'go');

describe('passwords of a whole session', () => {
  const folder = suiteFolder('np');
  const secretsFolder = join(suiteFolder('np-secrets'));
  const cli = new QuiesceCli(join(folder, 'cli'));
  const user = new WorkerUser(folder);
  const said: { readonly where: string; readonly text: string }[] = [];
  const secrets = {
    vcenter: 'vc-P4ss <&> "w$rd" ä%',
    wrongVCenter: 'vc-Wr0ng <&> "w$rd" ä%',
    wrongRepository: 'repo-Wr0ng <&> "w$rd" ä%',
    wrongGuest: 'guest-Wr0ng <&> "w$rd" ä%',
    s3Secret: 's3-s3cret/of+a=key',
    s3Token: 's3-t0ken/of+a=session',
    restPassword: 'rest-P4ss <&> "w$rd" ä%',
  };
  let lab: RunningLab;
  let client: WorkerClient;

  const fileOf = (name: keyof typeof secrets) => join(secretsFolder, name);

  beforeAll(async () => {
    for (const [name, secret] of Object.entries(secrets))
      writeFileSync(join(secretsFolder, name), `${secret}\n`, { mode: 0o600 });
    lab = await RunningLab.start([
      '--profile',
      'small',
      '--no-activity',
      '--password-file',
      fileOf('vcenter'),
    ]);
    // Whatever a library would tell whoever debugs it.
    process.env['DEBUG'] = '*';
    client = await user.connect();
  });
  afterAll(async () => {
    delete process.env['DEBUG'];
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function run(code: number, ...args: readonly string[]): Promise<void> {
    for (const how of [['--verbose'], ['--json']]) {
      const { code: ended, stdout, stderr } = await cli.run(...args, ...how);
      said.push({ where: args.join(' '), text: stdout.toString() + stderr });
      expect({ args, ended, stderr }).toMatchObject({ ended: code });
      if (code === 0) return;
    }
  }

  /** The error as a client can look at it, to the last hidden field. */
  async function refused(where: string, asked: Promise<unknown>): Promise<void> {
    const error: unknown = await asked.then(
      () => expect.unreachable(where),
      (thrown: unknown) => thrown,
    );
    said.push({ where, text: inspect(error, { depth: Infinity, showHidden: true }) });
  }

  const lost = { code: 'UNREACHABLE' };

  test('the command line: refused, faulty, cut off, of an expired session', async () => {
    const [root] = lab.ready.guestAccounts;
    const account = (file: string) => ['--guest-user', 'root', '--guest-password-file', file];
    const add = addLab('lab', lab).map(arg =>
      arg === lab.ready.passwordFile ? fileOf('wrongVCenter') : arg,
    );
    await run(3, ...add);
    await cli.setUp(lab);
    const [repository, passwordOf] = [cli.repositoryFolder, '--password-file'];
    await run(3, 'repo', 'open', 'again', '--location', repository, passwordOf, fileOf('wrongRepository'));
    await run(0, 'vms');
    await run(0, 'backup', 'web01');
    const fault = {
      method: 'CreateSnapshot_Task',
      fault: 'SystemError',
      fields: { reason: 'told to' },
      times: 99,
    };
    await lab.setFaults({ methods: [fault, { ...fault, method: 'CreateSnapshotEx_Task' }] });
    expect((await cli.run('backup', 'web01')).code).not.toBe(0);
    await lab.clearFaults();
    await lab.setFaults({
      methods: [{ method: 'Login', fault: 'SystemError', fields: { reason: 'x' }, times: 2 }],
    });
    await run(1, 'vms');
    await lab.clearFaults();
    await lab.setFaults({ streams: [{ kind: 'cut', afterBytes: 100_000, times: 99 }] });
    await run(7, 'backup', 'web01');
    await lab.clearFaults();
    await lab.writeGuestFile('web01', '/var/lib/guest/identity.txt', 'changed\n');
    const guest = ['restore', 'guest', 'web01', '/var/lib/guest/identity.txt'];
    await run(3, ...guest, ...account(fileOf('wrongGuest')));
    await run(0, ...guest, ...account(root!.passwordFile));
    await lab.expireSessions();
    await run(0, 'guard');
  });

  test('servers of objects: refused, not there, of a wrong address, and trusted with a backup', async () => {
    const { s3Secret, s3Token, restPassword } = secrets;
    await using s3 = await startS3Server('backups');
    await using rest = await startRestServer([], { user: 'backup', password: restPassword });
    const s3Place = (port: number) => `s3:http://127.0.0.1:${port}/backups/vms`;
    const restPlace = (port: number, path = 'vms') => `rest:http://127.0.0.1:${port}/${path}/`;
    const accounts = {
      s3: `nobody:${s3Secret}:${s3Token}`,
      rest: `backup:${restPassword}`,
      stranger: `stranger:${restPassword}`,
    };
    for (const [name, account] of Object.entries(accounts))
      writeFileSync(join(secretsFolder, name), `${account}\n`, { mode: 0o600 });
    const open = (how: string, location: string, account: keyof typeof accounts) => [
      ...['repo', how, `${account} ${how}`, '--location', location],
      ...['--password-file', cli.repositoryPasswordFile, '--account-file', join(secretsFolder, account)],
    ];
    await run(3, ...open('open', s3Place(s3.port), 's3'));
    await run(3, ...open('open', restPlace(rest.port), 'stranger'));
    await run(7, ...open('open', s3Place(1), 's3'));
    await run(7, ...open('open', restPlace(1), 'rest'));
    await run(2, ...open('open', s3Place(s3.port).replace('://', `://nobody:${s3Secret}@`), 's3'));
    await run(0, ...open('init', restPlace(rest.port), 'rest'));
    await run(0, 'backup', 'web01', '--repo', 'rest init', '--no-kit');

    for (const [location, account] of [
      [s3Place(s3.port), accounts.s3],
      [s3Place(s3.port), s3Secret],
      [restPlace(rest.port), accounts.stranger],
      [restPlace(rest.port).replace('127.0.0.1', 'backup.invalid'), accounts.rest],
    ] as const) {
      const place = { name: 'far', location, password: secrets.wrongRepository, server: { account } };
      await refused(`worker: ${location}`, client.request(openRepository, place, anySignal));
    }
    const place = { location: restPlace(rest.port), password: 'correct horse battery staple' };
    const server = { account: accounts.rest };
    await client.request(openRepository, { name: 'far', ...place, server }, anySignal);
    // Lost while it is open: what the jobs and logs say of it.
    await rest.kill();
    await refused(
      'worker: lost',
      client.request(listPoints, { repository: 'far' }, AbortSignal.timeout(2000)),
    );
  });

  test('the worker: the same, another certificate, and what clients and logs are told', async () => {
    const { url, user: name, fingerprint } = lab.ready;
    const vcenter = { name: 'lab', url, user: name, fingerprint };
    await refused(
      'worker: vCenter',
      client.request(openVCenter, { ...vcenter, password: secrets.wrongVCenter }, anySignal),
    );
    await user.openPlaces(client, lab);
    const place = { name: 'again', location: user.repositoryFolder, password: secrets.wrongRepository };
    await refused('worker: repository', client.request(openRepository, place, anySignal));
    const vm = await vmNamed(client, 'web01');
    const account = { vm, user: 'root', password: secrets.wrongGuest };
    await refused('worker: guest', client.request(openLiveGuest, account, anySignal));
    const backUp = async () => {
      const { jobId } = await client.request(
        startBackup,
        { vm, repository: 'main', policy: quiesced },
        anySignal,
      );
      return await new WatchedJob(client, jobId).ended;
    };
    expect((await backUp()).state).toBe('succeeded');
    await lab.setFaults({ streams: [{ kind: 'cut', afterBytes: 100_000, times: 99 }] });
    expect(await backUp()).toMatchObject({ state: 'failed', error: lost });
    await lab.clearFaults();
    await lab.expireSessions();
    await lab.control('POST', 'certificate', {});
    await refused(
      'worker: certificate',
      client.request(openVCenter, { ...vcenter, name: 'new', password: secrets.vcenter }, anySignal),
    );
    await run(14, 'vms');
    const { jobs } = await client.request(listJobs, {}, anySignal);
    for (const job of jobs) {
      const log = await client.request(readJobLog, { jobId: job.id }, anySignal);
      said.push({ where: `job ${job.kind}`, text: JSON.stringify([job, log]) });
    }
    for (const { processId } of user.workers())
      for (const what of ['cmdline', 'environ'])
        said.push({ where: `worker ${what}`, text: readFileSync(`/proc/${processId}/${what}`, 'latin1') });
  });

  test('are nowhere: not in output, errors, logs, journals, configuration, processes, nor in what the repositories hold', async () => {
    for (const [repository, passwordFile] of [
      [cli.repositoryFolder, cli.repositoryPasswordFile],
      [user.repositoryFolder, user.repositoryPasswordFile],
    ] as const) {
      const restic = new Restic(repository, passwordFile);
      const target = join(folder, 'plaintext', repository.split('/').slice(-2)[0]!);
      await restic.run('restore', 'latest', '--exclude', '/disks', '--target', target);
      said.push({ where: `snapshots of ${repository}`, text: await restic.run('snapshots', '--json') });
    }
    const passwordFiles = [cli.repositoryPasswordFile, ...user.secretFiles()];
    const written = filesBelow(folder).filter(path => !passwordFiles.includes(path));
    const names = written.map(path => path.slice(folder.length));
    for (const part of ['config.json', 'worker.log', 'manifest.json'])
      expect(
        names.some(path => path.endsWith(part)),
        part,
      ).toBe(true);
    const texts = [
      ...said.map(({ where, text }) => ({ where, bytes: Buffer.from(text) })),
      ...written.map(path => ({ where: path, bytes: readFileSync(path) })),
    ];
    expect(texts.length).toBeGreaterThan(30);
    const guests = lab.ready.guestAccounts.map(({ passwordFile }) =>
      readFileSync(passwordFile, 'utf8').trim(),
    );
    const all = [...Object.values(secrets), ...guests, ...user.secrets(lab)];
    const found = all.flatMap(secret =>
      secretForms(secret).flatMap(form =>
        texts.filter(({ bytes }) => bytes.includes(form)).map(({ where }) => where),
      ),
    );
    expect(found).toEqual([]);
  });
});
