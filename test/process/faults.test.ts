import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { expectFailure, FaultBench } from '../support/faultBench.ts';
import { addLab } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const resticTest = toolTest('restic');

/** An argument list with the value after an option replaced. */
function withOption(args: readonly string[], option: string, value: string): string[] {
  const position = args.indexOf(option) + 1;
  return args.map((word, index) => (index === position ? value : word));
}

describe('a server that cannot be used', () => {
  const folder = suiteFolder('faults-server');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  test('a wrong password is refused, naming server and user', async () => {
    const file = bench.secretFile('wrong-password', 'wrong-0Pa$$word-3141');
    await bench.fails(withOption(addLab('again', bench.lab), '--password-file', file), {
      code: 3,
      says: ['again', 'administrator@vsphere.local', /Check the user name and the password/],
    });
  });

  test('an empty or missing password file is named', async () => {
    const empty = join(bench.cli.folder, 'empty-password');
    writeFileSync(empty, '\n');
    const add = (file: string) => withOption(addLab('again', bench.lab), '--password-file', file);
    await bench.fails(add(empty), { code: 3, says: [empty, 'is empty'] });
    await bench.fails(add('/nowhere/password'), { code: 5, says: ['/nowhere/password does not exist'] });
  });

  test('another fingerprint than the one given is refused before anything is sent', async () => {
    const other = Array.from({ length: 32 }, () => 'AB').join(':');
    await bench.fails(withOption(addLab('again', bench.lab), '--fingerprint', other), {
      code: 14,
      says: ['127.0.0.1', other, bench.lab.ready.fingerprint, /Compare the fingerprint/],
    });
  });

  test('a fingerprint or address that is none is told before anything is sent', async () => {
    await bench.fails(withOption(addLab('again', bench.lab), '--fingerprint', 'AB:CD'), {
      code: 2,
      says: ['AB:CD', /SHA-256/],
    });
    await bench.fails(withOption(addLab('again', bench.lab), '--url', 'vcenter.example'), {
      code: 2,
      says: ['vcenter.example', 'https://'],
    });
    await bench.fails(withOption(addLab('again', bench.lab), '--url', 'http://127.0.0.1:9'), {
      code: 2,
      says: ['127.0.0.1:9', 'https://'],
    });
  });

  test('a server that is not there is named, and trying again may help', async () => {
    const args = withOption(addLab('again', bench.lab), '--url', 'https://127.0.0.1:9');
    await bench.fails(args, { code: 7, says: ['127.0.0.1:9', 'ECONNREFUSED', /that the server runs/] });
    const { error } = JSON.parse((await bench.run(...args, '--json')).stdout.toString()) as {
      error: Record<string, unknown>;
    };
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true });
    await bench.fails(withOption(args, '--url', 'https://vcenter.invalid'), {
      code: 7,
      says: ['vcenter.invalid'],
    });
  });

  test('nothing of it was remembered', async () => {
    const { stdout } = await bench.succeeds('vcenter', 'list', '--json');
    expect(Object.keys(JSON.parse(stdout.toString()) as object)).toEqual(['lab']);
  });

  test('a VM that does not exist is answered with names that come near', async () => {
    await bench.fails(['backup', 'wbe01'], { code: 5, says: ['lab has no VM "wbe01"', 'web01'] });
  });

  test('a certificate that changed since it was pinned stops every command, and nothing is sent', async () => {
    const { host } = new URL(bench.lab.ready.url);
    // The lab takes its own password file away with it.
    const kept = bench.secretFile('lab-password', readFileSync(bench.lab.ready.passwordFile, 'utf8').trim());
    await bench.succeeds(...withOption(addLab('lab', bench.lab), '--password-file', kept));
    await bench.lab[Symbol.asyncDispose]();
    await bench.fails(['vms'], { code: 7, says: [host] });
    await using other = await RunningLab.start(['--profile', 'small', '--listen', host]);
    for (const command of [['vms'], ['backup', 'web01']]) {
      await bench.fails(command, {
        code: 14,
        says: ['127.0.0.1', bench.lab.ready.fingerprint, other.ready.fingerprint, /Compare the fingerprint/],
      });
    }
    expect(await other.control('GET', 'sessions')).toEqual({ live: [], past: [] });
    bench.expectNoPasswords();
    expect(bench.journalRecords()).toEqual([]);
    await bench.restic.checkEverything();
  });
});

describe('a configuration that cannot be read', () => {
  const folder = suiteFolder('faults-config');
  let bench: FaultBench;
  let path: string;
  let good: string;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    path = join(bench.cli.folder, 'config.json');
    good = readFileSync(path, 'utf8');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());
  afterEach(() => {
    writeFileSync(path, good);
  });

  test.each([
    ['half written', (text: string) => text.slice(0, text.length / 2), 9, 'is not valid JSON'],
    ['empty', () => '', 9, 'is not valid JSON'],
    ['not JSON', () => 'vcenters:\n  prod: https://vc\n', 9, 'is not valid JSON'],
    ['a list', () => '[]', 9, 'does not hold an object'],
    [
      'of a version of the future',
      (text: string) => text.replace('"version": 1', '"version": 2'),
      10,
      'is of version 2',
    ],
    ['without an address', (text: string) => text.replace('"url"', '"uri"'), 9, 'vcenters.lab.url'],
    [
      'with two places for a password',
      (text: string) => text.replace('"file":', '"command": "x", "file":'),
      9,
      'exactly one',
    ],
  ])('%s', async (_, damage, code, problem) => {
    const damaged = damage(good);
    writeFileSync(path, damaged);
    for (const command of [
      ['vms'],
      ['backup', 'web01'],
      ['guard'],
      ['repo', 'remove', 'main'],
      addLab('more', bench.lab),
    ])
      await bench.fails(command, { code, says: [path, problem] });
    expect(readFileSync(path, 'utf8')).toBe(damaged);
  });

  resticTest('and nothing was left', async () => {
    await bench.expectAllGood();
  });
});

describe('while a VM is restored', () => {
  const folder = suiteFolder('faults-restore');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    await bench.succeeds('backup', 'web01');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());
  afterEach(async () => {
    await bench.lab.clearFaults();
  });

  const restore = (name: string) => ['restore', 'vm', 'web01', '--name', name];

  test.each([
    ['cut', { kind: 'cut', afterBytes: 300_000 }, /the transfer failed/],
    ['refused at once', { kind: 'refuse', status: 503 }, 'HTTP status 503'],
    ['refused in the middle', { kind: 'refuse', status: 500, afterBytes: 300_000 }, 'HTTP status 500'],
    [
      'refused when all of it was sent',
      { kind: 'refuse', status: 507, afterBytes: 2 ** 50 },
      'HTTP status 507',
    ],
  ])('an upload that is %s fails the restore and leaves nothing', async (_, fault, says) => {
    await bench.lab.setFaults({ uploads: [{ ...fault, vm: 'again' }] });
    await bench.fails(restore('again'), { code: 7, says: ['again Hard disk 1', says] });
    await bench.expectNothingLeft();
  });

  test('a datastore without room is named by the server, and nothing is left', async () => {
    const full = { file: '[datastore1] again/again.vmdk', datastore: 'datastore1' };
    const message = 'Insufficient disk space on datastore datastore1.';
    const fault = { method: 'ImportVApp', fault: 'NoDiskSpace', fields: full, message, times: 1 };
    await bench.lab.setFaults({ methods: [fault] });
    await bench.fails(restore('again'), { code: 11, says: ['datastore1', 'Free space on the datastore'] });
    await bench.expectNothingLeft();
  });

  test('an upload that is slow, and a lease that is short, end in the whole VM', async () => {
    await bench.lab.setFaults({
      leaseTimeoutSeconds: 2,
      uploads: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 1_000_000 }],
    });
    await bench.succeeds(...restore('slowly'));
    await bench.expectNothingLeft(['slowly']);
    const { position } = (await bench.lab.snapshots()).find(({ vm }) => vm === 'web01')!.disks[0]!;
    expect(await bench.lab.diskHash('slowly', 2000)).toBe(await bench.lab.diskHash('web01', 2000, position));
  });

  resticTest('and the repository is whole, without a password anywhere', async () => {
    await bench.expectAllGood(['slowly']);
  });
});

describe('while a VM is backed up', () => {
  const folder = suiteFolder('faults-backup');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());
  afterEach(async () => {
    await bench.lab.clearFaults();
  });

  async function pointCount(): Promise<number> {
    return ((await bench.cli.json('points')) as readonly unknown[]).length;
  }

  test.each([
    ['cut', { kind: 'cut', afterBytes: 300_000 }],
    ['silently truncated', { kind: 'truncate', afterBytes: 300_000 }],
    ['refused with 503', { kind: 'unavailable' }],
  ])('a stream that is %s fails the backup and leaves nothing', async (_, fault) => {
    const before = await pointCount();
    await bench.lab.setFaults({ streams: [fault] });
    await bench.fails(['backup', 'web01'], { code: 7, says: ['web01 Hard disk 1'] });
    await bench.expectNothingLeft();
    expect(await pointCount()).toBe(before);
    await bench.succeeds('backup', 'web01');
  });

  test('a session that expires in the middle is renewed', async () => {
    await bench.lab.setFaults({
      streams: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 1_000_000 }],
    });
    const backup = bench.start('backup', 'web01');
    await backup.says(/Reading/);
    await bench.lab.expireSessions();
    const { code, stderr } = await backup.result;
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('logging in again') as string,
    });
    await bench.expectNothingLeft();
  });

  test('a guest that cannot be quiesced is exit 8 with the way out, which then works', async () => {
    await bench.lab.setFaults({ refuseQuiesce: ['web01'] });
    const before = await pointCount();
    await bench.fails(['backup', 'web01'], { code: 8, says: ['web01', '--level crash'] });
    await bench.expectNothingLeft();
    expect(await pointCount()).toBe(before);
    await bench.succeeds('backup', 'web01', '--level', 'crash');
    await bench.expectNothingLeft();
    const stepped = await bench.run('backup', 'web01', '--on-shortfall', 'step-down', '--json');
    expect([stepped.code, JSON.parse(stepped.stdout.toString())]).toMatchObject([
      16,
      {
        consistency: {
          ...{ requested: 'filesystem', proven: 'crash' },
          downgrades: [
            {
              from: 'filesystem',
              to: 'crash',
              reason: expect.stringMatching(/error occurred while quiescing/) as string,
            },
          ],
          attempts: [{ level: 'filesystem' }, { level: 'crash' }],
        },
      },
    ]);
    await bench.expectNothingLeft();
  });

  test('a snapshot that the server refuses ends the backup with its reason', async () => {
    for (const [refusal, code, remedy] of [
      ['TooManySnapshotLevels', 6, 'Remove snapshots of the VM that nobody needs'],
      ['SnapshotDisabled', 6, 'Allow snapshots in the configuration of the VM'],
    ] as const) {
      await bench.lab.setFaults({ methods: [{ method: 'CreateSnapshot_Task', fault: refusal, times: 20 }] });
      await bench.lab.setFaults({
        methods: [{ method: 'CreateSnapshotEx_Task', fault: refusal, times: 20 }],
      });
      await bench.fails(['backup', 'web01'], { code, says: ['web01', remedy] });
      await bench.lab.clearFaults();
    }
    await bench.expectNothingLeft();
  });

  test('a datastore without room for a snapshot is told before anything is done to the VM', async () => {
    await bench.lab.setFaults({ datastoreFreeBytes: { datastore1: 300 * MiB } });
    await bench.fails(['backup', 'web01'], {
      code: 11,
      says: [
        'web01: the datastore datastore1 has 300 MiB left, a snapshot needs at least 1 GiB',
        'Free space on the datastore, for instance by removing old snapshots, or move the VM',
      ],
    });
    await bench.expectNothingLeft();
  });

  test('a snapshot that is busy at first is removed all the same', async () => {
    const busy = {
      method: 'RemoveSnapshot_Task',
      fault: 'TaskInProgress',
      fields: { task: { type: 'Task', value: 'task-1' } },
    };
    await bench.lab.setFaults({ methods: [{ ...busy, times: 2 }] });
    await bench.succeeds('backup', 'web01');
    await bench.expectNothingLeft();
  });

  test('a snapshot that cannot be removed is told, the restore point is good, and guard removes it later', async () => {
    const fault = { method: 'RemoveSnapshot_Task', fault: 'NoPermission', times: 1000 };
    await bench.lab.setFaults({ methods: [fault] });
    const before = await pointCount();
    const { code, stderr, stdout } = await bench.run('backup', 'web01');
    expect(code).toBe(13);
    expect(stderr).toContain('web01');
    expect(stderr).toContain('quiesce guard');
    expect(stdout.toString()).toContain('Restore point');
    expect(await pointCount()).toBe(before + 1);
    expect((await bench.run('guard')).code).toBe(13);
    expect((await bench.lab.vms()).flatMap(vm => vm.snapshots)).toHaveLength(1);
    await bench.lab.clearFaults();
    await bench.succeeds('guard');
    await bench.expectNothingLeft();
  });

  test('two backups of one VM: the second is refused and told who is at work; of two VMs, both succeed', async () => {
    await bench.lab.setFaults({
      streams: [{ kind: 'slow', vm: 'web01', afterBytes: 100_000, bytesPerSecond: 400_000 }],
    });
    const first = bench.start('backup', 'web01');
    await first.says(/Reading/);
    await bench.fails(['backup', 'web01'], {
      code: 6,
      says: [`(process ${first.child.pid})`, 'the same VM'],
    });
    await bench.succeeds('backup', 'build01');
    expect((await first.result).code).toBe(0);
    await bench.expectNothingLeft();
  });

  test('a VM that is deleted before its snapshot', async () => {
    await bench.lab.setFaults({ delays: { CreateSnapshot_Task: 1500 } });
    const backup = bench.start('backup', 'archive01');
    await backup.says(/Taking a/);
    await bench.lab.deleteVm('archive01');
    expectFailure(await backup.result, { code: 5, says: ['archive01'] });
    await bench.expectNothingLeft();
  });

  test('a VM that is deleted while it is read', async () => {
    await bench.lab.setFaults({ streams: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 400_000 }] });
    const backup = bench.start('backup', 'db01');
    await backup.says(/Reading/);
    await bench.lab.deleteVm('db01');
    const result = await backup.result;
    expect([5, 7]).toContain(result.code);
    expectFailure(result, { code: result.code!, says: ['db01'] });
    await bench.expectNothingLeft();
  });

  resticTest('and the repository is whole, without a password anywhere', async () => {
    await bench.expectAllGood();
    await bench.succeeds('backup', 'web01');
  });
});
