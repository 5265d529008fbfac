import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { startBackup } from '../../src/protocol/job.ts';
import { applySettings } from '../../src/protocol/settings.ts';
import { anySignal } from '../support/anySignal.ts';
import { foreignProgram } from '../support/foreignProgram.ts';
import { quiesced } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

const token = 'not-to-be-seen-anywhere';

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

/** What Prometheus' own client reads: of each metric of the VMs its value. */
function metricsIn(path: string): unknown {
  const script = join(import.meta.dirname, 'readMetrics.py');
  const output = execFileSync(foreignProgram('prometheus-client'), [script, path], { encoding: 'utf8' });
  const samples = JSON.parse(output) as {
    readonly name: string;
    readonly type: string;
    readonly labels: { readonly vm: string };
    readonly value: number;
  }[];
  expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(['gauge']));
  const flags = samples.filter(({ name }) => !name.endsWith('_seconds'));
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
      'printf "%s\\n" "$0" "$1" "$QUIESCE_KIND" "$QUIESCE_VM" "$QUIESCE_CODE" "$SECRET" >> "$2"';
    const notify = {
      webhook: { file: join(folder, 'hook') },
      command: ['/bin/sh', '-c', program, '{kind}', '{vm}', toldFile],
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
    expect(metricsIn(metricsFile)).toEqual({
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
        body: { version: 1, source: 'quiesce', kind: 'failed', vm: 'web01', code: 'QUIESCE_FAILED' },
      },
      { body: { kind: 'degraded', vm: 'build01' } },
    ]);
    expect(hook.received[1]!.body['message']).toContain('filesystem consistency was asked for');
    // The variable with the secret was not handed on.
    expect(readFileSync(toldFile, 'utf8').split('\n')).toEqual(
      [
        ['failed', 'web01', 'failed', 'web01', 'QUIESCE_FAILED', ''],
        ['degraded', 'build01', 'degraded', 'build01', '', ''],
        [''],
      ].flat(),
    );
    expect(metricsIn(metricsFile)).toMatchObject({
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
    expect(hook.received).toMatchObject([{ body: { kind: 'failed', vm: 'db01', code: 'UNREACHABLE' } }]);
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
    expect(metricsIn(metricsFile)).toMatchObject({ 'archive01 quiesce_backup_missed': 1 });
    await cli.ok('backup', 'archive01');
    expect(metricsIn(metricsFile)).toMatchObject({ 'archive01 quiesce_backup_missed': 0 });
  });

  test('a webhook that fails makes no backup fail, and its address is nowhere', async () => {
    hook.status = 500;
    await lab.setFaults({ refuseQuiesce: ['build01'] });
    const { code, stderr } = await cli.run('backup', 'build01', '--minimum-level', 'crash', '--verbose');
    expect(code).toBe(16);
    expect(stderr).toMatch(/the webhook on 127\.0\.0\.1:\d+ answered with 500/);
    expect(stderr).not.toContain(token);
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
    } finally {
      await user[Symbol.asyncDispose]();
    }
  });
});
