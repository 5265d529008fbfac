import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Assessment } from '../../src/core/consistency/assess.ts';
import type { ConsistencyLevel } from '../../src/core/consistency/level.ts';
import { GuestSession } from '../../src/core/guestops/guestSession.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { lookIntoGuest } from '../../src/core/jobs/guestLook/lookIntoGuest.ts';
import type { PresetName } from '../../src/lab/guest/guestPresets.ts';
import { startBackup } from '../../src/protocol/job.ts';
import { closeLiveGuest, lookIntoGuest as lookRequest, openLiveGuest } from '../../src/protocol/liveGuest.ts';
import { planBackup } from '../../src/protocol/plan.ts';
import { explainVm, vmsChanged } from '../../src/protocol/vm.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { quiesced } from '../support/policies.ts';
import { type CliResult, QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';
import { logIn } from '../vcsim/servers.ts';

interface LookValue {
  readonly before: ConsistencyLevel;
  readonly predicted: Assessment;
  readonly problems: readonly string[];
}

interface BackupValue {
  readonly consistency: {
    readonly predicted: ConsistencyLevel;
    readonly proven: ConsistencyLevel;
    readonly applications: readonly {
      readonly name: string;
      readonly rule: string;
      readonly isProven: boolean;
    }[];
    readonly evidence: readonly { readonly rule: string; readonly items?: readonly string[] }[];
  };
}

/** Everything an assessment names, by rule. */
function rulesIn({ base, limits, remarks, notes, unknowns }: Assessment): readonly string[] {
  return [base, ...limits, ...remarks, ...notes, ...unknowns].map(({ rule }) => rule);
}

function passwordIn(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

const folder = suiteFolder('look');

describe('a look inside a running guest', () => {
  const cli = new QuiesceCli(join(folder, 'cli'));
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    await cli.setUp(lab);
  });
  afterEach(async () => {
    await lab.clearFaults();
    expect(await lab.guestFolder('db01', '/tmp').catch(() => [])).toEqual([]);
    expect(await lab.guestFolder('db01', '/C:/Windows/Temp').catch(() => [])).toEqual([]);
    const records = filesBelow(join(cli.folder, 'state')).filter(path =>
      /owners\/[^/]+\/(?!owner\.json)[^/]+\.json$/.test(path),
    );
    expect(records).toEqual([]);
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  function account(user = 'root'): readonly string[] {
    const { passwordFile } = lab.ready.guestAccounts.find(known => known.user === user)!;
    return ['--guest-user', user, '--guest-password-file', passwordFile];
  }

  async function become(preset: PresetName): Promise<void> {
    await lab.control('POST', 'vms/db01/guest', { preset });
  }

  async function look(preset: PresetName, user?: string): Promise<LookValue> {
    await become(preset);
    return (await cli.json('look', 'db01', ...account(user))) as LookValue;
  }

  test.each([
    ['linux-freeze', 'filesystem', 'filesystem', []],
    ['linux-no-sync-driver', 'filesystem', 'crash', ['CFG-02']],
    ['linux-excluded-file-system', 'filesystem', 'filesystem', ['CFG-04']],
    ['linux-freezes-itself', 'filesystem', 'filesystem', ['TLS-08']],
    ['linux-database', 'filesystem', 'filesystem', ['APP-05']],
    ['linux-network-storage', 'filesystem', 'filesystem', ['DSK-14']],
    ['windows-vss', 'application', 'application', ['APP-01']],
    ['windows-dynamic-disks', 'application', 'filesystem', ['DSK-12']],
    ['windows-storage-spaces', 'application', 'filesystem', ['DSK-13']],
    ['windows-network-storage', 'application', 'application', ['DSK-14']],
    ['windows-no-applications', 'application', 'filesystem', ['CFG-03']],
    ['windows-no-vss', 'application', 'crash', ['CFG-05']],
    ['windows-writer-failed', 'application', 'application', ['APP-02']],
  ] as const)('%s: predicted %s without it, %s with it, by %j', async (preset, before, after, found) => {
    const seen = await look(preset);
    expect([seen.before, seen.predicted.level, seen.problems]).toEqual([before, after, []]);
    expect(rulesIn(seen.predicted)).toEqual(expect.arrayContaining([...found]));
    // What was not known before, and lowered the certainty, is known.
    const open = seen.predicted.unknowns.map(({ rule }) => rule);
    for (const answered of ['CFG-01', 'DSK-12', 'DSK-13', 'DSK-14', 'APP-05'])
      expect(open).not.toContain(answered);
    // Where the files of SQL Server lie, its process does not tell.
    expect(open.includes('APP-06')).toBe(preset === 'windows-network-storage');
  });

  test('raises the certainty of what stays', async () => {
    await become('linux-freeze');
    const { predicted } = (await cli.json('explain', 'db01')) as { readonly predicted: Assessment };
    expect(predicted.certainty).toBe('likely');
    expect((await look('linux-freeze')).predicted.certainty).toBe('certain');
  });

  test('says in words what was seen', async () => {
    await become('linux-excluded-file-system');
    const text = (await cli.ok('look', 'db01', ...account())).toString();
    expect(text).toContain('tools.conf: excludedFileSystems=/data');
    expect(text).toContain('File systems: / (ext4), /data (ext4)');
    expect(text).toContain('Storage past the disks: none');
  });

  test('an account that may see less sees less, and says what it has not', async () => {
    const seen = await look('windows-vss', 'user');
    expect(seen.problems).toEqual([expect.stringContaining('vssadmin list writers ended with 2')]);
    expect(rulesIn(seen.predicted)).not.toContain('APP-01');
  });

  test('a program that does not end is ended', async () => {
    await become('linux-freeze');
    await lab.setFaults({ guestProgramsHang: true });
    const { url, fingerprint, user, passwordFile } = lab.ready;
    const server = { url, fingerprint, user, password: passwordIn(passwordFile) };
    await using open = await logIn({ ...server, [Symbol.asyncDispose]: async () => undefined });
    const { session, client } = open;
    const vm = await readVirtualMachine(
      session,
      await findVirtualMachine(session, 'db01', anySignal),
      anySignal,
    );
    const source = heldPassword(new Secret(passwordIn(account()[3]!)));
    const guest = await GuestSession.open(session, vm, { user: 'root', source }, anySignal);
    const journal = memoryJournal();
    // Each wait is half a minute of it.
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => (nowMs += 15_000) };
    const deps = { journal, clock, random: systemRandom, logger: silentLogger, endpoint: client };
    const { problems } = await lookIntoGuest(guest, vm.facts, deps, anySignal);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('did not end within a minute'),
    ]);
    expect(journal.open).toEqual([]);
    expect(await lab.control('GET', 'guests/db01/processes')).toContainEqual(
      expect.objectContaining({ name: 'cat', exitCode: 137 }),
    );
  });

  test.each([
    ['freebsd', 10, /only Linux and Windows/],
    ['tools-stopped', 7, /VMware Tools do not answer/],
  ] as const)('%s: exit code %d', async (preset, code, message) => {
    await become(preset);
    const ended = await cli.run('look', 'db01', ...account());
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(message)]);
  });

  async function backUp(preset: PresetName, ...more: readonly string[]): Promise<CliResult & BackupValue> {
    await become(preset);
    const ended = await cli.run('backup', 'db01', '--on-shortfall', 'step-down', '--json', ...more);
    return { ...ended, ...(JSON.parse(ended.stdout.toString()) as BackupValue) };
  }

  test('E10: a writer that was stable before and is in no document was not at rest', async () => {
    const { consistency } = await backUp('windows-writer-drops-out', ...account());
    expect(consistency.applications).toContainEqual({
      ...{ name: 'SqlServerWriter', rule: 'E10', isProven: false },
    });
    expect(consistency.evidence).toContainEqual(
      expect.objectContaining({ rule: 'CFG-01', items: expect.arrayContaining(['2 VSS writers']) as object }),
    );
    const without = await backUp('windows-writer-drops-out');
    expect(without.consistency.applications.map(({ rule }) => rule)).toEqual(['E5']);
  });

  test('E9: a database that was held is proven by its token in the restore point, and so is the VM', async () => {
    const held = await backUp('linux-database-held', ...account());
    expect(held.consistency).toMatchObject({ predicted: 'filesystem', proven: 'application' });
    expect(held.consistency.applications).toEqual([{ name: 'mariadb', rule: 'E9', isProven: true }]);
    const token = ['/var/lib/quiesce/mariadb.token', '--disk', '2000'];
    expect((await cli.ok('cat', 'db01', ...token)).toString().trim()).toBe('HELD');
    // The guest itself has been released since.
    const live = await lab.guestBytes('db01', '/var/lib/quiesce/mariadb.token');
    expect(live.toString().split(/\s+/)).toEqual(['HELD', 'RELEASED', '']);
    const unasked = await backUp('linux-database-held', ...account(), '--level', 'crash');
    expect(unasked.consistency.applications).toEqual([{ name: 'mariadb', rule: 'E9', isProven: false }]);
    expect(unasked.consistency.proven).toBe('crash');
    const expired = await backUp('linux-database-expired', ...account());
    expect(expired.consistency).toMatchObject({ proven: 'filesystem' });
    expect(expired.consistency.applications).toEqual([{ name: 'mariadb', rule: 'E9', isProven: false }]);
  });

  test('what a backup promises is what the look has found, and what is reached', async () => {
    const blind = await backUp('windows-no-vss');
    expect(blind.consistency).toMatchObject({ predicted: 'application', proven: 'crash' });
    const seeing = await backUp('windows-no-vss', ...account());
    expect(seeing.consistency).toMatchObject({ predicted: 'crash', proven: 'crash' });
  });

  test('a wrong password ends no backup, and is told', async () => {
    await become('linux-freeze');
    const { passwordFile } = lab.ready.guestAccounts.find(({ user }) => user === 'user')!;
    const wrong = ['--guest-user', 'root', '--guest-password-file', passwordFile];
    const { code, stderr } = await cli.run('backup', 'db01', ...wrong);
    expect([code, stderr]).toEqual([0, expect.stringContaining('without a look into its guest')]);
  });

  test('the configuration says which guests are looked into before a backup', async () => {
    const path = join(cli.folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    const password = { file: account()[3]! };
    const guests = { db01: { user: 'root', password, lookBeforeBackup: true } };
    writeFileSync(path, JSON.stringify({ ...config, guests }));
    try {
      expect((await backUp('windows-no-vss')).consistency.predicted).toBe('crash');
      expect(await cli.json('look', 'db01')).toMatchObject({ before: 'application' });
    } finally {
      writeFileSync(path, JSON.stringify(config));
    }
  });
});

describe('a look by the bundled worker', () => {
  const user = new WorkerUser(suiteFolder('wl'));
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test('is known to all that ask from then on, and to backups', async () => {
    await lab.control('POST', 'vms/db01/guest', { preset: 'linux-no-sync-driver' });
    const client = await user.connect();
    await user.openPlaces(client, lab);
    const vm = await vmNamed(client, 'db01');
    const told = new Promise<string>(resolve => {
      client.on(vmsChanged, ({ changed }) => {
        const level = changed.find(({ id }) => id === vm.id)?.predicted.level;
        if (level === 'crash') resolve(level);
      });
    });
    const before = await client.request(explainVm, vm, anySignal);
    expect(before.level).toBe('filesystem');
    const guest = { vm, user: 'root' };
    await expect(client.request(lookRequest, guest, anySignal)).rejects.toMatchObject({
      code: 'AUTHENTICATION',
    });
    const password = passwordIn(lab.ready.guestAccounts[0]!.passwordFile);
    await client.request(openLiveGuest, { ...guest, password }, anySignal);
    const look = await client.request(lookRequest, guest, anySignal);
    expect(look).toMatchObject({
      toolsConfig: { enableSyncDriver: false, enableVss: true, runsScripts: true },
      fileSystems: [
        { path: '/', kind: 'ext4' },
        { path: '/data', kind: 'ext4' },
      ],
      ...{ ownStorage: [], databases: [], freezeScripts: [], ownFreezers: [], problems: [] },
      explanation: { level: 'crash', limits: [expect.objectContaining({ rule: 'CFG-02' })] },
    });
    expect(await told).toBe('crash');
    expect((await client.request(explainVm, vm, anySignal)).level).toBe('crash');
    const params = { vm, repository: 'main', policy: { ...quiesced, onShortfall: 'step-down' as const } };
    expect((await client.request(planBackup, params, anySignal)).predicted).toBe('crash');
    await lab.control('POST', 'vms/db01/guest', { preset: 'linux-freeze' });
    const { jobId } = await client.request(startBackup, { ...params, lookAs: 'root' }, anySignal);
    const ended = await new WatchedJob(client, jobId).ended;
    expect(ended.result).toMatchObject({ kind: 'backup', proven: 'filesystem', downgrades: [] });
    expect((await client.request(explainVm, vm, anySignal)).level).toBe('filesystem');
    await client.request(closeLiveGuest, guest, anySignal);
  });
});
