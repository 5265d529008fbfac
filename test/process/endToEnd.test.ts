import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { fileHash, Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { talk } from '../support/talk.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

/** What `backup --json` says, as far as the test looks at it. */
interface BackupValue {
  readonly point: string;
  readonly receivedBytes: number;
  readonly storedBytes: number;
  readonly disks: readonly { readonly key: number; readonly capacityBytes: number }[];
}

const test = toolTest('restic');
const qemuTest = toolTest('qemu-img');
const terminalTest = toolTest('restic', 'python3');
const unzipTest = toolTest('restic', 'unzip', 'python3');

describe('one VM with two disks, while its guest goes on writing', () => {
  const folder = suiteFolder('end-to-end');
  const cli = new QuiesceCli(folder);
  const restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
  let lab: RunningLab;
  let first: BackupValue;
  let atSnapshot: ReadonlyMap<number, string>;

  beforeAll(async () => {
    lab = await RunningLab.start();
    await cli.setUp(lab);
    first = (await cli.json('backup', 'db01')) as BackupValue;
    atSnapshot = await hashesAtLastSnapshot();
    for (const { key } of first.disks) await lab.burst('db01', key, { bytes: MiB });
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  async function hashesAtLastSnapshot(): Promise<ReadonlyMap<number, string>> {
    const snapshot = (await lab.snapshots()).at(-1)!;
    const hashes = snapshot.disks.map(
      async ({ deviceKey, position }) =>
        [deviceKey, await lab.diskHash(snapshot.vm, deviceKey, position)] as const,
    );
    return new Map(await Promise.all(hashes));
  }

  test('the guest has changed the disks since, and no snapshot or lease is left', async () => {
    expect(first.disks.map(({ key }) => key)).toEqual([2000, 2001]);
    for (const [key, hash] of atSnapshot) expect(await lab.diskHash('db01', key)).not.toBe(hash);
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toEqual([]);
    expect(await lab.openLeases()).toEqual([]);
  });

  test('restic checks the repository and restores the disks of snapshot time', async () => {
    await restic.checkEverything();
    for (const [key, hash] of atSnapshot) {
      expect(await restic.diskHash(first.point, key, join(folder, `restic-${key}`))).toBe(hash);
    }
  });

  qemuTest('restored disks, raw and VMDK, are those of snapshot time, and qemu accepts them', async () => {
    for (const [key, hash] of atSnapshot) {
      const raw = join(folder, `disk-${key}.raw`);
      const vmdk = join(folder, `disk-${key}.vmdk`);
      await cli.ok('restore', 'disk', first.point, '--disk', String(key), '--to', raw);
      await cli.ok('restore', 'disk', first.point, '--disk', String(key), '--to', vmdk, '--format', 'vmdk');
      expect(await fileHash(raw)).toBe(hash);
      execFileSync('qemu-img', ['check', vmdk], { stdio: 'pipe' });
      execFileSync('qemu-img', ['compare', vmdk, raw], { stdio: 'pipe' });
      expect(statSync(raw).blocks * 512).toBeLessThan(statSync(raw).size / 2);
    }
  });

  test('guest files come back with content, mode and time, and cat prints the same', async () => {
    const target = join(folder, 'files');
    const guestPath = '/var/lib/guest/identity.txt';
    const where = ['--disk', '2001', '--volume', '1'];
    await cli.ok('restore', 'file', 'db01', guestPath, '/etc', '--to', target, ...where);
    const restored = join(target, 'identity.txt');
    const again = ['restore', 'file', 'db01', guestPath, '--to', target, ...where, '--on-conflict'];
    const skipped = (await cli.json(...again, 'skip')) as {
      readonly items: object[];
      readonly skippedCount: number;
    };
    expect([skipped.items, skipped.skippedCount]).toEqual([[], 1]);
    await cli.ok(...again, 'rename');
    expect(readFileSync(join(target, 'identity (restored).txt'))).toEqual(readFileSync(restored));
    expect(await cli.run(...again, 'fail')).toMatchObject({ code: 6 });
    expect(readFileSync(restored, 'utf8')).toMatch(/^guest: db01\ndisk: db01-data\n/);
    expect(await cli.ok('cat', 'db01', guestPath, ...where)).toEqual(readFileSync(restored));
    const listed = (await cli.json('ls', 'db01', '/var/lib/guest', ...where)) as {
      readonly entries: readonly {
        readonly name: string;
        readonly mode: string;
        readonly modifiedAt: string;
      }[];
    };
    const entry = listed.entries.find(({ name }) => name === 'identity.txt');
    const { mode, mtime } = statSync(restored);
    expect(entry?.mode).toBe(`-${(mode & 0o7777).toString(8).padStart(4, '0')}`);
    expect(entry?.modifiedAt).toBe(mtime.toISOString().replace(/\.\d+/, ''));
  });

  terminalTest(
    'each file that exists is asked about, and none is replaced where there is no terminal',
    async () => {
      const target = join(folder, 'asked');
      const [hostname, identity] = [join(target, 'hostname'), join(target, 'identity.txt')];
      const wanted = [
        'restore',
        'file',
        'db01',
        '/etc/hostname',
        '/var/lib/guest/identity.txt',
        '--to',
        target,
      ];
      const asking = [...wanted, '--disk', '2001', '--volume', '1', '--on-conflict', 'ask'];
      await cli.ok(...asking);
      for (const path of [hostname, identity]) writeFileSync(path, 'mine');
      expect(await cli.run(...asking)).toMatchObject({ code: 6 });

      const answer = async (...letters: readonly string[]) => {
        const started = cli.startOnTerminal(...asking);
        await talk(
          started,
          letters.map(letter => [/all that follow: /, () => letter]),
        );
        return (await started.result).code;
      };
      expect(await answer('s', 'x', 'r')).toBe(0);
      for (const path of [hostname, identity]) expect(readFileSync(path, 'utf8')).toBe('mine');
      expect(readFileSync(join(target, 'identity (restored).txt'), 'utf8')).toMatch(/^guest: db01/);
      expect(await answer('q')).toBe(130);
      expect(readFileSync(hostname, 'utf8')).toBe('mine');
      expect(await answer('O')).toBe(0);
      expect(readFileSync(hostname, 'utf8')).not.toBe('mine');
      expect(readFileSync(identity, 'utf8')).toMatch(/^guest: db01/);
    },
  );

  unzipTest('the same files in a zip are those of the folder, for unzip and for Python', async () => {
    const [target, zipped] = [join(folder, 'beside-zip'), join(folder, 'unzipped')];
    const zip = join(folder, 'files.zip');
    const wanted = ['restore', 'file', 'db01', '/etc', '/var', '--disk', '2001', '--volume', '1'];
    await cli.ok(...wanted, '--to', target);
    const planned = (await cli.ok(...wanted, '--zip', zip, '--plan')).toString().split('\n');
    expect(planned.slice(0, 2)).toEqual([`create  ${zip}, and in it`, 'create  etc']);
    expect(existsSync(zip)).toBe(false);
    await cli.ok(...wanted, '--zip', zip);
    execFileSync('unzip', ['-tqq', zip], { stdio: 'pipe' });
    const python = 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).testzip())';
    expect(execFileSync('python3', ['-c', python, zip], { encoding: 'utf8' })).toBe('None\n');
    execFileSync('unzip', ['-qq', zip, '-d', zipped], { stdio: 'pipe' });
    execFileSync('diff', ['-r', '--no-dereference', target, zipped], { stdio: 'pipe' });
    const facts = (where: string) =>
      execFileSync('find', ['.', '-printf', '%P %y %m %Ts %l\n'], { cwd: where, encoding: 'utf8' })
        .split('\n')
        .filter(line => !/^ | l /.test(line))
        .toSorted();
    expect(facts(zipped)).toEqual(facts(target));
    expect(await cli.run(...wanted, '--zip', zip)).toMatchObject({ code: 6 });
    expect(await cli.run(...wanted, '--zip', zip, '--on-conflict', 'skip')).toMatchObject({ code: 2 });
    expect(await cli.run(...wanted, '--zip', zip, '--to', target)).toMatchObject({ code: 2 });
    await cli.ok(...wanted, '--zip', zip, '--overwrite');
  });

  test('all that is known of a file is shown', async () => {
    const path = '/var/lib/guest/identity.txt';
    const wanted = ['stat', 'db01', path, '--disk', '2001', '--volume', '1'];
    const restored = join(folder, 'files', 'identity.txt');
    const { size, mtimeMs, mode } = statSync(restored);
    const facts = (await cli.json(...wanted)) as { readonly modifiedAt: string };
    expect(facts).toMatchObject({
      ...{ path, disk: 2001, volume: 1, fileSystem: 'ext4', kind: 'file', sizeBytes: size },
      ...{ mode: (mode & 0o777).toString(8).padStart(4, '0'), streams: [], acl: [], problems: [] },
    });
    expect(Date.parse(facts.modifiedAt)).toBe(Math.floor(mtimeMs));
    expect((await cli.ok(...wanted)).toString()).toMatch(new RegExp(`^Path +${path}$`, 'm'));
  });

  test('files are found by name and by text on all volumes, and what was not searched is counted', async () => {
    const named = (await cli.ok('find', 'db01', '--name', 'identity.*')).toString().trimEnd().split('\n');
    expect(named).toEqual(['2000/1 /var/lib/guest/identity.txt', '2001/1 /var/lib/guest/identity.txt']);
    const text = await cli.ok(
      'find',
      'db01',
      '/var',
      '--text',
      'GUEST: DB01',
      '--ignore-case',
      '--disk',
      '2001',
    );
    expect(text.toString()).toBe('2001/1 /var/lib/guest/identity.txt:1: guest: db01\n');
    const found = (await cli.json('find', 'db01', '/var/lib', '--regex', '^disk: \\S+data$')) as {
      readonly found: readonly { readonly path: string; readonly lines: readonly object[] }[];
      readonly unsearchedCounts: Readonly<Record<string, number>>;
    };
    expect(found.found).toMatchObject([
      {
        path: '/var/lib/guest/identity.txt',
        deviceKey: 2001,
        lines: [{ number: 2, text: 'disk: db01-data' }],
      },
    ]);
    expect(found.unsearchedCounts['binary']).toBeGreaterThan(0);
    expect(await cli.run('find', 'db01', '/no/where', '--name', 'x')).toMatchObject({ code: 5 });
    expect(await cli.run('find', 'db01', '--name', 'there is no such name')).toMatchObject({ code: 5 });
    expect(await cli.run('find', 'db01')).toMatchObject({ code: 2 });
  });

  test('the restored VM has the same disks, and the same configuration but for what the plan names', async () => {
    const restored = (await cli.json('restore', 'vm', first.point, '--name', 'db01-restored')) as {
      readonly changes: readonly { readonly field: string }[];
    };
    for (const [key, hash] of atSnapshot) expect(await lab.diskHash('db01-restored', key)).toBe(hash);

    await cli.ok('backup', 'db01-restored');
    const before = await configOf(first.point);
    const after = await configOf('db01-restored');
    expect(
      differences(
        before,
        after,
        restored.changes.map(({ field }) => field),
      ),
    ).toEqual([]);
    expect(after.uuid).not.toBe(before.uuid);
    expect(after.instanceUuid).not.toBe(before.instanceUuid);
    expect(macAddresses(after).filter(mac => macAddresses(before).includes(mac))).toEqual([]);
  });

  interface Config {
    readonly uuid: string;
    readonly instanceUuid: string;
    readonly hardware: { readonly device: readonly Readonly<Record<string, unknown>>[] };
    readonly extraConfig: readonly { readonly key: string; readonly value: unknown }[];
    readonly [field: string]: unknown;
  }

  async function configOf(point: string): Promise<Config> {
    const points = (await cli.json('points')) as readonly { readonly id: string; readonly vmName: string }[];
    const id = points.find(candidate => candidate.id === point || candidate.vmName === point)!.id;
    return JSON.parse(await restic.run('dump', id, '/config.json')) as Config;
  }

  function macAddresses(config: Config): unknown[] {
    return config.hardware.device.flatMap(device =>
      device['macAddress'] === undefined ? [] : [device['macAddress']],
    );
  }

  /** Paths that differ although the plan did not say so. */
  function differences(before: Config, after: Config, named: readonly string[]): string[] {
    const isNamed = (what: string) => named.includes(what);
    const found: string[] = [];
    for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (field === 'hardware' || field === 'extraConfig' || consequences.has(field) || isNamed(field))
        continue;
      if (JSON.stringify(before[field]) !== JSON.stringify(after[field])) found.push(field);
    }
    for (const { key, value } of before.extraConfig) {
      const now = after.extraConfig.find(setting => setting.key === key)?.value;
      if (now !== value && !isNamed(`extraConfig ${key}`)) found.push(`extraConfig ${key}`);
    }
    const restored = new Map(comparableDevices(after, isNamed));
    if (after.hardware.device.length !== before.hardware.device.length) found.push('number of devices');
    for (const [label, device] of comparableDevices(before, isNamed)) {
      const now = JSON.stringify(restored.get(label));
      if (now !== JSON.stringify(device) && !isNamed(label))
        found.push(`${label}: ${JSON.stringify(device)} is now ${now}`);
    }
    return found;
  }

  /** Devices by label; keys are the server's choice, so they are told by the label of the device they mean. */
  function comparableDevices(
    { hardware }: Config,
    isNamed: (what: string) => boolean,
  ): (readonly [string, unknown])[] {
    const labels = new Map(hardware.device.map(device => [device['key'], labelOf(device)]));
    return hardware.device.map(device => [
      labelOf(device),
      {
        ...device,
        key: undefined,
        ...(isNamed(`${labelOf(device)} MAC address`) && { macAddress: undefined }),
        ...(isNamed(`${labelOf(device)} connection`) && { connectable: undefined }),
        controllerKey: labels.get(device['controllerKey']),
        device: (device['device'] as readonly number[] | undefined)?.map(key => labels.get(key)).sort(),
      },
    ]);
  }

  function labelOf(device: Readonly<Record<string, unknown>>): string {
    return (
      (device['deviceInfo'] as { readonly label: string } | undefined)?.label ??
      `device ${String(device['key'])}`
    );
  }

  /** Times and paths that follow from the VM being another one, in another folder. */
  const consequences = new Set([
    'changeVersion',
    'modified',
    'createDate',
    'files',
    'vmxConfigChecksum',
    'datastoreUrl',
  ]);
});

describe('a second restore point', () => {
  test('stores no more than what has changed, although the whole disk is read', async () => {
    await using lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    const cli = new QuiesceCli(join(suiteFolder('second'), 'cli'));
    await cli.setUp(lab);
    const first = (await cli.json('backup', 'build01')) as BackupValue;
    const [disk] = first.disks;
    const changedBytes = Math.ceil(disk!.capacityBytes / 100);
    await lab.burst('build01', disk!.key, { bytes: changedBytes });
    const second = (await cli.json('backup', 'build01')) as BackupValue;
    console.log(
      `1 % changed: received ${second.receivedBytes}, stored ${second.storedBytes} of ${disk!.capacityBytes} bytes`,
    );
    expect(second.storedBytes).toBeLessThanOrEqual(disk!.capacityBytes * 0.02);
    expect(second.receivedBytes).toBeGreaterThan(first.receivedBytes * 0.9);

    const versions = async (path: string) =>
      (
        (await cli.json('versions', 'build01', path)) as readonly { readonly points: readonly string[] }[]
      ).map(({ points }) => points);
    expect(await versions('/var/lib/guest/activity.dat')).toEqual([[second.point], [first.point]]);
    expect(await versions('/var/lib/guest/identity.txt')).toEqual([[second.point, first.point]]);
    await new Restic(cli.repositoryFolder, cli.repositoryPasswordFile).checkEverything();
  });
});
