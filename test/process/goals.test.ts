import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { listedVms } from '../../src/client/listedVms.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import { startBackup, startVmRestore } from '../../src/protocol/job.ts';
import { listPoints } from '../../src/protocol/point.ts';
import {
  acceptGaps,
  goalsChanged,
  listStandings,
  readPointRecovery,
  removeGoal,
  setGoal,
} from '../../src/protocol/recovery.ts';
import { readConsistencyReport } from '../../src/protocol/report.ts';
import { type VmDto, vmsChanged } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { crashOnly } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const folderOfWeb = { kind: 'folder', vcenter: 'lab', path: '/Lab/vm/Production' } as const;
const hourMs = 3_600_000;

describe('goals, kept by the bundled worker', () => {
  const user = new WorkerUser(suiteFolder('wg'));
  let lab: RunningLab;
  let client: WorkerClient;
  let changes = 0;

  beforeAll(async () => {
    lab = await RunningLab.start();
    client = await user.connect();
    client.on(goalsChanged, () => {
      changes += 1;
    });
    await user.openPlaces(client, lab);
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function standings() {
    const found = await client.request(listStandings, { vcenter: 'lab' }, anySignal);
    expect(found.problems).toEqual([]);
    return found.standings;
  }

  async function run(started: Promise<{ readonly jobId: string }>): Promise<void> {
    expect((await new WatchedJob(client, (await started).jobId).ended).error).toBeUndefined();
  }

  test('a goal of a folder is missed until a backup is proven, and met from then on', async () => {
    expect(await standings()).toEqual([]);
    const goal = { minimumLevel: 'crash', maxAgeMs: hourMs } as const;
    await client.request(setGoal, { scope: folderOfWeb, goal }, anySignal);
    const vm = await vmNamed(client, 'web01');
    const web = async () => (await standings()).find(({ vmId }) => vmId === vm.id);
    expect(await web()).toMatchObject({
      ...{ state: 'gap', gaps: [{ kind: 'no-restore-point' }] },
      goal: { goal, of: { kind: 'folder', name: '/Lab/vm/Production' } },
    });
    await run(client.request(startBackup, { vm, repository: 'main', policy: crashOnly }, anySignal));
    expect(await web()).toMatchObject({ state: 'met', gaps: [], newest: { repository: 'main' } });
    await expect.poll(() => changes).toBe(1);
  });

  test('a gap is accepted for a time and a reason; how long recovery takes is known once one was measured', async () => {
    const vm = await vmNamed(client, 'web01');
    const scope = { kind: 'vm', vm } as const;
    const own = { minimumLevel: 'crash', maxRecoveryMs: hourMs } as const;
    await client.request(setGoal, { scope, goal: own }, anySignal);
    const one = async () =>
      (await client.request(listStandings, { vcenter: 'lab', vmId: vm.id }, anySignal)).standings;
    expect(await one()).toMatchObject([{ state: 'gap', gaps: [{ kind: 'recovery-time-unknown' }] }]);
    const until = new Date(systemClock.now().getTime() + hourMs).toISOString();
    await client.request(acceptGaps, { vm, reason: 'drill next week', until }, anySignal);
    expect(await one()).toMatchObject([
      { state: 'accepted', acceptances: [{ reason: 'drill next week', until }] },
    ]);
    await expect(
      client.request(acceptGaps, { vm, reason: 'late', until: '2020-01-01T00:00:00Z' }, anySignal),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    const point = sets[0]!.points[0]!.id;
    await run(
      client.request(
        startVmRestore,
        {
          ...{ repository: 'main', point, vcenter: 'lab', name: 'web01-drill' },
          ...{ networks: [], connectNetworks: false },
        },
        anySignal,
      ),
    );
    const recovery = await client.request(readPointRecovery, { repository: 'main', point }, anySignal);
    const rows = new Map(recovery.rows.map(row => [row.granularity, row]));
    expect([...rows.keys()]).toEqual(['transaction', 'guest-file', 'disk', 'vm', 'datastore', 'site']);
    expect(rows.get('transaction')).toMatchObject({ isPossible: false });
    expect(rows.get('vm')).toMatchObject({ isPossible: true, source: { title: /measure/ } });
    expect(rows.get('disk')?.time).toMatchObject({ kind: 'unknown' });
    expect(recovery.volumes).toMatchObject([{ fileSystem: 'ext4', isReadable: true }]);
    // On a machine that is fast enough, the restore was too short to measure anything.
    const [standing] = await one();
    expect(standing?.recoveryTime).toEqual(rows.get('vm')?.time);
    await client.request(removeGoal, { scope }, anySignal);
    expect(await one()).toMatchObject([
      { goal: { of: { kind: 'folder', name: '/Lab/vm/Production' } }, state: 'met' },
    ]);
  });

  test('the report of the worker is that of the command line, with the goals of the worker', async () => {
    const { markdown, json, problems } = await client.request(
      readConsistencyReport,
      { vcenter: 'lab' },
      anySignal,
    );
    expect(problems).toEqual([]);
    expect(markdown).toContain('| web01 | crash-consistent at least, no older than 1 h 00 min | met | – |');
    const made = JSON.parse(json) as {
      readonly vms: unknown;
      readonly sources: unknown;
      readonly goals: readonly { readonly vm: string; readonly state: string }[];
    };
    const states = Object.fromEntries(made.goals.map(({ vm, state }) => [vm, state]));
    expect(states).toMatchObject({ web01: 'met', 'web01-drill': 'gap' });
    const cli = new QuiesceCli(suiteFolder('goals-report'));
    await cli.setUp(lab);
    expect(await cli.json('report')).toMatchObject({ vms: made.vms, sources: made.sources, goals: [] });
    const page = (await cli.ok('report')).toString();
    const [, fromHelp = ''] = markdown.split('## What would help');
    expect(page).toContain(fromHelp);
  });

  test('goals of a host or cluster, a tag and a group hold for the VMs that belong to it', async () => {
    const goal = { minimumLevel: 'crash' } as const;
    const scopes = [
      { kind: 'compute', vcenter: 'lab', path: '/Lab/host/Cluster' },
      { kind: 'tag', vcenter: 'lab', category: 'Environment', tag: 'Development' },
      { kind: 'group', vcenter: 'lab', group: 'shop', vms: [await vmNamed(client, 'db01')] },
    ] as const;
    for (const scope of scopes) await client.request(setGoal, { scope, goal }, anySignal);
    // Tags come a moment after the VMs.
    const isTagged = ({ name, tags }: VmDto): boolean => name === 'build01' && tags.length > 0;
    const told = new Promise<void>(resolve => {
      client.on(vmsChanged, ({ changed }) => {
        if (changed.some(isTagged)) resolve();
      });
    });
    const listed = await listedVms(client, 'lab', anySignal);
    if (!listed.some(isTagged)) await told;
    const names = new Map(listed.map(({ id, name }) => [id, name]));
    const found = new Map((await standings()).map(({ vmId, goal: { of } }) => [names.get(vmId), of]));
    expect(found.get('archive01')).toEqual({ kind: 'compute', name: '/Lab/host/Cluster' });
    expect(found.get('build01')).toEqual({ kind: 'tag', name: 'Environment/Development' });
    expect(found.get('db01')).toEqual({ kind: 'group', name: 'shop' });
    for (const scope of scopes) await client.request(removeGoal, { scope }, anySignal);
    const left = (await standings()).map(({ vmId }) => names.get(vmId));
    expect(left).not.toContain('archive01');
    expect(left).not.toContain('build01');
  });
});

describe('goals, on the command line', () => {
  const cli = new QuiesceCli(suiteFolder('goals-cli'));
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start();
    await cli.setUp(lab);
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  test('the report fails while a goal is missed and nobody has accepted that', async () => {
    expect((await cli.run('report')).code).toBe(0);
    await cli.ok('goal', 'set', 'web01', '--level', 'crash', '--max-age', '24h');
    const missed = await cli.run('report');
    expect(missed.code).toBe(15);
    expect(missed.stdout.toString()).toContain(
      '| web01 | crash-consistent at least, no older than 24 h 00 min | gap | There is no restore point |',
    );
    await cli.ok('goal', 'accept', 'web01', '--reason', 'new', '--for', '1h');
    expect(await cli.json('goal', 'list')).toMatchObject([
      { vm: 'web01', state: 'accepted', acceptances: [{ reason: 'new' }] },
    ]);
    await cli.ok('backup', 'web01', '--level', 'crash');
    expect(await cli.json('report')).toMatchObject({ goals: [{ vm: 'web01', state: 'met' }] });
    await cli.ok('goal', 'set', '--folder', '/Lab/vm', '--level', 'application');
    expect((await cli.run('goal', 'list')).code).toBe(15);
    await cli.ok('goal', 'remove', '--folder', 'Lab/vm');
    expect(await cli.json('goal', 'list')).toMatchObject([{ vm: 'web01' }]);
    expect((await cli.run('goal', 'set', 'web01', '--folder', '/x', '--level', 'crash')).code).toBe(2);
    expect((await cli.run('goal', 'accept', 'web01', '--reason', 'x', '--for', '1h')).code).toBe(2);
    await cli.ok('goal', 'remove', 'web01');
  });

  test('goals for a cluster, a tag and a group: what people name comes first, and what is gone is gone', async () => {
    const tag = 'Environment/Development';
    const goalsOf = async () => {
      const { stdout } = await cli.run('goal', 'list', '--json');
      const found = JSON.parse(stdout.toString()) as readonly {
        readonly vm: string;
        readonly goal: { readonly scope: { readonly kind: string } };
      }[];
      return Object.fromEntries(found.map(({ vm, goal }) => [vm, goal.scope.kind]));
    };
    await cli.ok('goal', 'set', '--compute', '/Lab/host/Cluster', '--level', 'crash');
    const all = { web01: 'compute', db01: 'compute', build01: 'compute', archive01: 'compute' };
    expect(await goalsOf()).toEqual(all);
    await cli.ok('goal', 'set', '--tag', tag, '--level', 'filesystem', '--max-age', '24h');
    expect(await goalsOf()).toEqual({ ...all, build01: 'tag' });
    await cli.ok('goal', 'set', '--group', 'shop', 'web01', 'build01', '--level', 'filesystem');
    expect(await goalsOf()).toEqual({ ...all, web01: 'group', build01: 'group' });
    expect(
      (await cli.ok('goal', 'set', '--group', 'shop', 'web01', '--level', 'filesystem')).toString(),
    ).toBe('Goal of shop: filesystem-consistent at least\n');
    expect(await goalsOf()).toEqual({ ...all, web01: 'group', build01: 'tag' });
    await cli.ok('goal', 'remove', '--group', 'shop');
    await cli.ok('goal', 'remove', '--tag', tag);
    await cli.ok('goal', 'remove', '--compute', '/Lab/host/Cluster');
    expect(await goalsOf()).toEqual({});
    for (const wrong of [
      ['--tag', 'gold'],
      ['--tag', tag, '--folder', '/x'],
      ['--compute', '/Lab/host/Cluster', 'web01'],
      ['web01', 'db01'],
      [],
    ])
      expect((await cli.run('goal', 'set', '--level', 'crash', ...wrong)).code).toBe(2);
  });
});
