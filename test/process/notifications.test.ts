import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { startBackup, startGroupBackup } from '../../src/protocol/job.ts';
import { setGoal } from '../../src/protocol/recovery.ts';
import { applySettings } from '../../src/protocol/settings.ts';
import type { VmRef } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { fastNode } from '../support/fastNode.ts';
import { foreignProgram } from '../support/foreignProgram.ts';
import { quiesced } from '../support/policies.ts';
import { addLab, QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

const token = 'not-to-be-seen-anywhere';

/** Several looks of a clock that runs 20 times as fast. */
const patience = { timeout: 300_000, interval: 200 };

interface Received {
  readonly path: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A webhook that remembers what it was sent. */
class Webhook {
  readonly received: Received[] = [];
  status = 204;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request: IncomingMessage, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(pieces).toString()) as Received['body'];
        this.received.push({ path: request.url, body });
        response.writeHead(this.status).end();
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook/${token}`;
  }

  stop(): void {
    this.#server.close();
  }
}

/** What Prometheus' own client reads: of each metric of the VMs of a vCenter its value. */
function metricsIn(path: string, { ready }: RunningLab): unknown {
  const script = join(import.meta.dirname, 'readMetrics.py');
  const output = execFileSync(foreignProgram('prometheus-client'), [script, path], { encoding: 'utf8' });
  const samples = JSON.parse(output) as {
    readonly name: string;
    readonly type: string;
    readonly labels: { readonly vcenter: string; readonly vm: string };
    readonly value: number;
  }[];
  expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(['gauge']));
  const { host } = new URL(ready.url);
  const flags = samples.filter(({ name, labels }) => labels.vcenter === host && !name.endsWith('_seconds'));
  return Object.fromEntries(flags.map(({ name, labels, value }) => [`${labels.vm} ${name}`, value]));
}

describe('people are told', () => {
  const folder = suiteFolder('nt');
  const cli = new QuiesceCli(join(folder, 'cli'));
  const metricsFile = join(folder, 'collected', 'quiesce.prom');
  const toldFile = join(folder, 'told');
  const hook = new Webhook();
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start();
    await hook.start();
    await cli.setUp(lab);
    const configFile = join(cli.folder, 'config.json');
    const config = JSON.parse(readFileSync(configFile, 'utf8')) as object;
    writeFileSync(join(folder, 'hook'), `${hook.url}\n`, { mode: 0o600 });
    const program =
      'printf "%s\\n" "$0" "$1" "$2" "$QUIESCE_KIND" "$QUIESCE_VCENTER" "$QUIESCE_VM" "$QUIESCE_CODE" "$SECRET" >> "$3"';
    const notify = {
      webhook: { file: join(folder, 'hook') },
      command: ['/bin/sh', '-c', program, '{kind}', '{vcenter}', '{vm}', toldFile],
      metricsFile,
    };
    writeFileSync(configFile, JSON.stringify({ ...config, notify }));
    process.env['SECRET'] = token;
  });
  afterEach(async () => {
    hook.received.length = 0;
    hook.status = 204;
    await lab.clearFaults();
  });
  afterAll(async () => {
    delete process.env['SECRET'];
    hook.stop();
    await lab[Symbol.asyncDispose]();
  });

  test('of nothing while backups are as they were asked for, but metrics say when', async () => {
    await cli.ok('backup', 'web01');
    expect(hook.received).toEqual([]);
    expect(existsSync(toldFile)).toBe(false);
    expect(metricsIn(metricsFile, lab)).toEqual({
      'web01 quiesce_backup_failed': 0,
      'web01 quiesce_backup_degraded': 0,
      'web01 quiesce_backup_missed': 0,
    });
    expect(readdirSync(join(folder, 'collected'))).toEqual(['quiesce.prom']);
  });

  test('of a VM that failed and of one that is less than asked for', async () => {
    await lab.setFaults({ refuseQuiesce: ['web01', 'build01'] });
    const failed = await cli.run('backup', 'web01');
    expect(failed.code).toBe(8);
    const weaker = await cli.run('backup', 'build01', '--minimum-level', 'crash');
    expect(weaker.code).toBe(16);
    expect(hook.received).toMatchObject([
      {
        path: `/hook/${token}`,
        body: {
          ...{ version: 1, source: 'quiesce', kind: 'failed', code: 'QUIESCE_FAILED' },
          ...{ vcenter: new URL(lab.ready.url).host, vm: 'web01' },
        },
      },
      { body: { kind: 'degraded', vm: 'build01' } },
    ]);
    expect(hook.received[1]!.body['message']).toContain('filesystem consistency was asked for');
    const { host } = new URL(lab.ready.url);
    // The variable with the secret was not handed on.
    expect(readFileSync(toldFile, 'utf8').split('\n')).toEqual(
      [
        ['failed', host, 'web01', 'failed', host, 'web01', 'QUIESCE_FAILED', ''],
        ['degraded', host, 'build01', 'degraded', host, 'build01', '', ''],
        [''],
      ].flat(),
    );
    expect(metricsIn(metricsFile, lab)).toMatchObject({
      'web01 quiesce_backup_failed': 1,
      'build01 quiesce_backup_degraded': 1,
      'build01 quiesce_backup_failed': 0,
    });
  });

  test('of a server that is away before the first VM was looked at', async () => {
    const configFile = join(cli.folder, 'config.json');
    const text = readFileSync(configFile, 'utf8');
    writeFileSync(configFile, text.replaceAll(lab.ready.url, 'https://127.0.0.1:9'));
    try {
      expect((await cli.run('backup', 'db01')).code).toBe(7);
    } finally {
      writeFileSync(configFile, text);
    }
    expect(hook.received).toMatchObject([
      { body: { kind: 'failed', vcenter: '127.0.0.1:9', vm: 'db01', code: 'UNREACHABLE' } },
    ]);
  });

  test('once of a goal that is missed, until it is met', async () => {
    await cli.ok('goal', 'set', 'db01', '--level', 'crash', '--max-age', '24 h');
    await cli.ok('goal', 'set', 'archive01', '--level', 'crash');
    for (let time = 0; time < 2; time += 1) expect((await cli.run('goal', 'list', '--notify')).code).toBe(15);
    const missed = hook.received.map(({ body }) => [body['kind'], body['vm']]);
    expect(missed.toSorted()).toEqual([
      ['missed', 'archive01'],
      ['missed', 'db01'],
    ]);
    expect(metricsIn(metricsFile, lab)).toMatchObject({ 'archive01 quiesce_backup_missed': 1 });
    await cli.ok('backup', 'archive01');
    expect(metricsIn(metricsFile, lab)).toMatchObject({ 'archive01 quiesce_backup_missed': 0 });
  });

  test('a webhook that fails makes no backup fail, and its address is nowhere', async () => {
    hook.status = 500;
    await lab.setFaults({ refuseQuiesce: ['build01'] });
    const { code, stderr } = await cli.run('backup', 'build01', '--minimum-level', 'crash', '--verbose');
    expect(code).toBe(16);
    expect(stderr).toMatch(/the webhook on 127\.0\.0\.1:\d+ answered with 500/);
    expect(stderr).not.toContain(token);
  });

  test('of VMs of the same name on two vCenters, each for itself', async () => {
    await using other = await RunningLab.start();
    const configFile = join(cli.folder, 'config.json');
    const text = readFileSync(configFile, 'utf8');
    await cli.ok(...addLab('other', other));
    try {
      await cli.ok('backup', 'web01', '--vcenter', 'lab');
      await other.setFaults({ refuseQuiesce: ['web01'] });
      expect((await cli.run('backup', 'web01', '--vcenter', 'other')).code).toBe(8);
      const failed = (of: RunningLab) => metricsIn(metricsFile, of) as Readonly<Record<string, number>>;
      expect(failed(lab)['web01 quiesce_backup_failed']).toBe(0);
      expect(failed(other)['web01 quiesce_backup_failed']).toBe(1);
      expect(hook.received).toMatchObject([
        { body: { kind: 'failed', vcenter: new URL(other.ready.url).host, vm: 'web01' } },
      ]);
    } finally {
      writeFileSync(configFile, text);
    }
  });

  test('by the worker, too, which refuses channels that cannot be used', async () => {
    const user = new WorkerUser(folder);
    const client = await user.connect();
    try {
      await user.openPlaces(client, lab);
      const parallel = { perHost: 4, perDatastore: 4, perVCenter: 8 };
      const apply = async (notifications: object) =>
        await client.request(applySettings, { parallel, notifications }, anySignal);
      await expect(apply({ webhookUrl: 'http://elsewhere.example/x' })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: 'notifications: the webhook on elsewhere.example is not https',
      });
      await apply({ webhookUrl: hook.url });
      await lab.setFaults({ refuseQuiesce: ['web01'] });
      const params = { vm: await vmNamed(client, 'web01'), repository: 'main', policy: quiesced };
      const { jobId } = await client.request(startBackup, params, anySignal);
      expect((await new WatchedJob(client, jobId).ended).state).toBe('failed');
      expect(hook.received).toMatchObject([{ body: { kind: 'failed', vm: 'web01' } }]);

      await lab.clearFaults();
      const vms = [{ ...params.vm, id: 'vm-9999', name: 'gone' }, await vmNamed(client, 'archive01')];
      const group = await client.request(startGroupBackup, { ...params, vms }, anySignal);
      const { state, members = [] } = await new WatchedJob(client, group.jobId).ended;
      expect([state, ...members.map(member => member.state)]).toEqual(['succeeded', 'failed', 'succeeded']);
      expect(hook.received.slice(1)).toMatchObject([{ body: { kind: 'failed', vm: 'gone' } }]);
    } finally {
      await user[Symbol.asyncDispose]();
    }
  });

  test('by the worker of a VM that nobody backs up any more, once it is older than its goal allows', async () => {
    const user = new WorkerUser(temporaryFolder('ng'));
    // Its looks of every 15 minutes are 45 seconds apart.
    const client = await user.connect({ nodePath: fastNode(user.folder) });
    try {
      await user.openPlaces(client, lab);
      const parallel = { perHost: 4, perDatastore: 4, perVCenter: 8 };
      const notifications = { webhookUrl: hook.url };
      await client.request(applySettings, { parallel, notifications }, anySignal);
      const [web01, db01] = [await vmNamed(client, 'web01'), await vmNamed(client, 'db01')];
      const backUp = async (vm: VmRef) => {
        const params = { vm, repository: 'main', policy: quiesced };
        const { jobId } = await client.request(startBackup, params, anySignal);
        expect((await new WatchedJob(client, jobId).ended).state).toBe('succeeded');
      };
      for (const vm of [web01, db01]) await backUp(vm);
      const setAge = async (vm: VmRef, maxAgeMs: number) => {
        const scope = { kind: 'vm', vm } as const;
        await client.request(setGoal, { scope, goal: { minimumLevel: 'crash', maxAgeMs } }, anySignal);
      };
      await setAge(web01, 24 * 3_600_000);
      await setAge(db01, 20_000);
      const told = () => hook.received.map(({ body }) => body);
      await expect.poll(told, patience).toMatchObject([
        {
          ...{ kind: 'missed', vcenter: new URL(lab.ready.url).host, vm: 'db01' },
          message: expect.stringMatching(/^db01: The newest restore point is .* old, .* allowed$/) as unknown,
          remedy: 'Find out why its backups have not run, and back it up',
        },
      ]);
      // Again only after it was met in between.
      await backUp(db01);
      await expect.poll(told, patience).toMatchObject([
        { kind: 'missed', vm: 'db01' },
        { kind: 'missed', vm: 'db01' },
      ]);
    } finally {
      await user[Symbol.asyncDispose]();
    }
  });
});
