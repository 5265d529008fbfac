import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect } from 'vitest';

import { foreignProgram } from '../support/foreignProgram.ts';
import { fileHash } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

// govc, the command line that administrators use, against the lab: a client that none of us wrote.
const test = toolTest('go', 'qemu-img');

describe("govmomi's command line on the lab", () => {
  const folder = suiteFolder('govc');
  let lab: RunningLab | undefined;
  let program = '';
  let environment: NodeJS.ProcessEnv = {};

  // Before the first test rather than beforeAll: where everything is skipped, nothing must be built.
  beforeEach(async () => {
    if (lab !== undefined) return;
    program = foreignProgram('govc');
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    const [root] = lab.ready.guestAccounts;
    environment = {
      ...process.env,
      GOVC_URL: `${lab.ready.url}/sdk`,
      GOVC_USERNAME: lab.ready.user,
      GOVC_PASSWORD: firstLine(lab.ready.passwordFile),
      GOVC_GUEST_LOGIN: `root:${firstLine(root!.passwordFile)}`,
      GOVC_TLS_KNOWN_HOSTS: knownHosts(folder, lab),
      GOVC_PERSIST_SESSION: 'false',
    };
  });

  afterAll(async () => await lab?.[Symbol.asyncDispose]());

  function govc(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { env: environment, encoding: 'utf8' });
    if (status !== 0) throw new Error(`govc ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  const json = (...args: readonly string[]): unknown => JSON.parse(govc(...args, '-json')) as unknown;
  const lines = (text: string) => text.trimEnd().split('\n');

  test('knows the server by its fingerprint alone, and what it is', () => {
    expect(govc('about')).toMatch(/Version: +8\.0\.3\n[^]*API version: +8\.0\.3\.0\n/);
    const refused = spawnSync(program, ['about'], {
      env: { ...environment, GOVC_PASSWORD: 'wrong' },
      encoding: 'utf8',
    });
    expect(refused.stderr).toContain('incorrect user name or password');
  });

  test('finds, lists and reads', () => {
    expect(lines(govc('find', '/', '-type', 'm')).toSorted()).toEqual([
      '/Lab/vm/Archive/archive01',
      '/Lab/vm/Production/db01',
      '/Lab/vm/Production/web01',
      '/Lab/vm/build01',
    ]);
    expect(lines(govc('ls')).toSorted()).toEqual(['/Lab/datastore', '/Lab/host', '/Lab/network', '/Lab/vm']);
    expect(govc('tree')).toContain('esx02.lab.invalid');
    expect(govc('vm.info', 'web01')).toMatch(/Power state: +poweredOn\n[^]*Host: +esx01\.lab\.invalid\n/);
    expect(govc('host.info', '-host', 'esx01.lab.invalid')).toMatch(/State: +connected\n/);
    expect(govc('datastore.info', 'datastore1')).toMatch(/Type: +VMFS\n/);
    expect(govc('object.collect', '-s', 'vm/Production/web01', 'runtime.powerState')).toBe('poweredOn\n');
    const { devices } = json('device.info', '-vm', 'db01') as Devices;
    expect(devices.flatMap(({ backing }) => backing?.fileName ?? [])).toEqual([
      '[datastore1] db01/db01.vmdk',
      '[datastore1] db01/db01_1.vmdk',
    ]);
  });

  test('switches power, reconfigures, and sees the tasks of it', () => {
    govc('vm.power', '-off', '-force', 'build01');
    expect(govc('object.collect', '-s', 'vm/build01', 'runtime.powerState')).toBe('poweredOff\n');
    govc('vm.power', '-on', 'build01');
    govc('vm.change', '-vm', 'build01', '-annotation', 'by govc', '-e', 'govc.key=value');
    expect(govc('object.collect', '-s', 'vm/build01', 'config.annotation')).toBe('by govc\n');
    expect(govc('tasks')).toMatch(/powerOff +build01[^]*powerOn +build01[^]*reconfigure +build01/);
  });

  test('takes a quiesced snapshot, exports it byte by byte, and removes it', async () => {
    govc('snapshot.create', '-vm', 'db01', '-m=false', '-q', 'by govc');
    expect(govc('snapshot.tree', '-vm', 'db01')).toContain('by govc');
    const snapshot = (await lab!.snapshots()).at(-1)!;
    expect(snapshot).toMatchObject({ vm: 'db01', quiesced: true });
    govc('export.ovf', '-vm', 'db01', '-snapshot', 'by govc', '-sha', '256', folder);
    const exported = join(folder, 'db01');
    expect(readdirSync(exported).toSorted()).toEqual([
      ...['db01-disk-0.vmdk', 'db01-disk-1.vmdk', 'db01.mf', 'db01.ovf'],
    ]);
    for (const [index, { deviceKey, position }] of snapshot.disks.entries()) {
      const bytes = await rawHash(join(exported, `db01-disk-${index}.vmdk`), join(folder, 'disk.raw'));
      expect(bytes).toBe(await lab!.diskHash('db01', deviceKey, position));
    }
    govc('snapshot.remove', '-vm', 'db01', 'by govc');
    expect((await lab!.snapshots()).at(-1)!.removeTime).toBeDefined();
    govc('snapshot.create', '-vm', 'db01', '-m=false', 'one');
    govc('snapshot.create', '-vm', 'db01', '-m=false', 'two');
    govc('snapshot.remove', '-vm', 'db01', '*');
    expect((await lab!.vms()).flatMap(vm => vm.snapshots)).toEqual([]);
  });

  test('imports what it has exported, byte by byte', async () => {
    govc('export.ovf', '-vm', 'archive01', folder);
    const descriptor = join(folder, 'archive01', 'archive01.ovf');
    govc('import.ovf', '-name', 'imported', '-ds', 'datastore1', '-pool', 'Resources', descriptor);
    expect(await lab!.diskHash('imported', 2000)).toBe(await lab!.diskHash('archive01', 2000));
    expect(govc('vm.info', 'imported')).toMatch(
      /Guest name: +Other Linux \(64-bit\)\n +Memory: +2048MB\n +CPU: +1 /,
    );
    govc('vm.destroy', 'imported');
    expect((await lab!.vms()).map(({ name }) => name)).not.toContain('imported');
  });

  test('adds a disk and removes it', async () => {
    const disksOf = async () => (await lab!.vms()).find(({ name }) => name === 'web01')!.disks.length;
    govc('vm.disk.create', '-vm', 'web01', '-name', 'web01/extra', '-size', '10M', '-ds', 'datastore1');
    expect(await disksOf()).toBe(2);
    govc('device.remove', '-vm', 'web01', 'disk-1000-1');
    expect(await disksOf()).toBe(1);
  });

  test('reads and writes files of a guest', async () => {
    expect(govc('guest.ls', '-vm', 'web01', '/etc')).toMatch(/ hostname\n/);
    expect(govc('guest.download', '-vm', 'web01', '/etc/hostname', '-')).toBe(
      (await lab!.guestBytes('web01', '/etc/hostname')).toString(),
    );
    const local = join(folder, 'upload');
    writeFileSync(local, 'from govc\n'.repeat(5000));
    govc('guest.mkdir', '-vm', 'web01', '-p', '/srv/govc/below');
    govc('guest.upload', '-vm', 'web01', local, '/srv/govc/below/file');
    expect(await lab!.guestBytes('web01', '/srv/govc/below/file')).toEqual(readFileSync(local));
    govc('guest.rm', '-vm', 'web01', '/srv/govc/below/file');
    expect(govc('guest.ls', '-vm', 'web01', '/srv/govc/below')).not.toContain('file');
  });

  test('starts a program in a guest, sees it ended, and reads what it wrote', async () => {
    const pid = govc('guest.start', '-vm', 'web01', '/bin/cat', "/proc/self/mounts > '/tmp/mounts'").trim();
    expect(govc('guest.ps', '-vm', 'web01', '-p', pid, '-x')).toMatch(/ 0 +\/bin\/cat/);
    expect(govc('guest.download', '-vm', 'web01', '/tmp/mounts', '-')).toContain('/dev/sda1 / ext4');
    expect(govc('guest.ps', '-vm', 'web01', '-e')).toContain('vmtoolsd');
    govc('guest.rm', '-vm', 'web01', '/tmp/mounts');
    expect(() => govc('guest.kill', '-vm', 'web01', '-p', pid)).toThrow(/ended with 1/);
    await lab!.control('POST', 'vms/web01/guest', { preset: 'windows-vss' });
    const output = 'C:\\Windows\\Temp\\w';
    govc(
      ...['guest.start', '-vm', 'web01', 'C:\\Windows\\System32\\cmd.exe'],
      `/c vssadmin list writers > "${output}"`,
    );
    expect(govc('guest.download', '-vm', 'web01', output, '-')).toContain("Writer name: 'SqlServerWriter'");
    await lab!.control('POST', 'vms/web01/guest', { preset: 'linux-freeze' });
  });

  test('downloads files of datastores, disks byte by byte, and uploads some; a disk in use is locked', async () => {
    const [vmx, local, disk] = ['web01.vmx', 'small', 'build01.raw'].map(name => join(folder, name));
    govc('datastore.download', '-ds', 'datastore1', 'web01/web01.vmx', vmx!);
    expect(readFileSync(vmx!, 'utf8')).toMatch(/^displayName = "web01"$/m);
    writeFileSync(local!, 'from govc\n');
    govc('datastore.upload', '-ds', 'datastore1', local!, 'web01/from-govc.txt');
    expect(govc('datastore.download', '-ds', 'datastore1', 'web01/from-govc.txt', '-')).toBe('from govc\n');
    const flat = ['-ds', 'datastore2', 'build01/build01-flat.vmdk', disk!];
    expect(() => govc('datastore.download', ...flat)).toThrow(/ended with 1/);
    govc('vm.power', '-off', '-force', 'build01');
    govc('datastore.download', ...flat);
    expect(await fileHash(disk!)).toBe(await lab!.diskHash('build01', 2000));
    govc('vm.power', '-on', 'build01');
  });

  // qemu knows the format of deltas from somewhere else.
  test('downloads a chain of deltas, which qemu reads byte by byte', async () => {
    const write = async (offset: number, length: number) =>
      await lab!.control('POST', 'disks/db01/2000/bytes', { offset, length, seed: offset + 1 });
    govc('vm.power', '-off', '-force', 'db01');
    govc('snapshot.create', '-vm', 'db01', '-m=false', 'one');
    await write(0, 5);
    await write(20_000_003, 3_000_000);
    govc('snapshot.create', '-vm', 'db01', '-m=false', 'two');
    await write(21_000_000, 70_000);
    await write(2 ** 26 - 513, 513);
    const links = ['db01', 'db01-000001', 'db01-000002'];
    const chain = join(folder, 'chain');
    mkdirSync(chain);
    for (const link of links)
      for (const name of [`${link}.vmdk`, `${link}-${link === 'db01' ? 'flat' : 'sesparse'}.vmdk`])
        govc('datastore.download', '-ds', 'datastore1', `db01/${name}`, join(chain, name));
    const [one, two] = (await lab!.snapshots()).slice(-2).map(({ disks }) => disks[0]!.position);
    for (const [index, position] of [one, two, undefined].entries()) {
      const bytes = await rawHash(join(chain, `${links[index]!}.vmdk`), join(chain, 'disk.raw'));
      expect(bytes).toBe(await lab!.diskHash('db01', 2000, position));
    }
    govc('snapshot.remove', '-vm', 'db01', '*');
    govc('vm.power', '-on', 'db01');
  });

  test('lists files of datastores, folder by folder', () => {
    const names = (...args: readonly string[]) => lines(govc('datastore.ls', ...args)).toSorted();
    expect(names('-ds', 'datastore1')).toEqual(['db01', 'web01']);
    expect(names('-ds', 'datastore1', 'web01/*.vmdk')).toEqual(['web01-flat.vmdk', 'web01.vmdk']);
    expect(govc('datastore.ls', '-ds', 'datastore2', '-l', 'archive01')).toMatch(
      /^1\.0GB .* archive01-flat\.vmdk$/m,
    );
    expect(govc('datastore.ls', '-ds', 'datastore1', '-R')).toMatch(
      /^\[datastore1\] db01\/:\n[^]*db01_1-flat\.vmdk\n/m,
    );
    expect(() => govc('datastore.ls', '-ds', 'datastore1', 'nowhere')).toThrow(/was not found/);
  });

  test('moves a VM to another host and another datastore, byte by byte', async () => {
    const value = (path: string) => govc('object.collect', '-s', 'vm/Production/web01', path).trimEnd();
    const before = await lab!.diskHash('web01', 2000);
    const host = value('runtime.host');
    govc('vm.migrate', '-host', 'esx02.lab.invalid', 'web01');
    expect(value('runtime.host')).not.toBe(host);
    govc('vm.migrate', '-ds', 'datastore2', 'web01');
    expect(value('config.files.vmPathName')).toBe('[datastore2] web01/web01.vmx');
    expect(await lab!.diskHash('web01', 2000)).toBe(before);
    expect(govc('events', 'vm/Production/web01')).toMatch(
      /web01 on esx02\.lab\.invalid was migrated from esx01\.lab\.invalid, datastore1\n[^]* was relocated from /,
    );
    govc('vm.migrate', '-ds', 'datastore1', '-host', 'esx01.lab.invalid', 'web01');
    expect(value('config.files.vmPathName')).toMatch(/^\[datastore1\] web01(_1)?\/web01\.vmx$/);
  });

  test('makes, inflates, moves, copies and removes a virtual disk', () => {
    const onDatastore2 = ['-ds', 'datastore2'];
    govc('datastore.mkdir', ...onDatastore2, 'disks');
    govc('datastore.disk.create', ...onDatastore2, '-size', '2M', 'disks/a.vmdk');
    govc('datastore.disk.inflate', ...onDatastore2, 'disks/a.vmdk');
    govc('datastore.mv', ...onDatastore2, 'disks/a.vmdk', 'disks/b.vmdk');
    govc('datastore.cp', ...onDatastore2, '-ds-target', 'datastore1', 'disks/b.vmdk', 'db01/c.vmdk');
    expect(lines(govc('datastore.ls', ...onDatastore2, 'disks')).toSorted()).toEqual([
      ...['b-flat.vmdk', 'b.vmdk'],
    ]);
    expect(govc('datastore.ls', '-ds', 'datastore1', 'db01')).toContain('c-flat.vmdk');
    expect(() => govc('datastore.mv', ...onDatastore2, 'archive01/archive01.vmdk', 'disks/d.vmdk')).toThrow(
      /Unable to access file since it is locked/,
    );
    govc('datastore.rm', ...onDatastore2, 'disks');
    govc('datastore.rm', '-ds', 'datastore1', 'db01/c.vmdk');
    expect(govc('datastore.ls', '-ds', 'datastore1', 'db01')).not.toContain('c.vmdk');
  });

  test('reads the events of a VM, of all, and of a kind', () => {
    for (const vm of ['build01', 'db01']) govc('vm.change', '-vm', vm, '-annotation', 'an event of govc');
    govc('vm.power', '-off', '-force', 'db01');
    govc('vm.power', '-on', 'db01');
    expect(govc('events', 'vm/Production/db01')).toMatch(
      /db01 on esx02\.lab\.invalid is reconfigured\n[^]* is powered off\n[^]* is powered on\n/,
    );
    expect(govc('events', '-n', '100')).toMatch(
      / build01 on esx01\.lab\.invalid is reconfigured\n[^]* db01 on /,
    );
    const ofKind = govc('events', '-type', 'VmPoweredOffEvent', 'vm/Production/db01');
    for (const line of lines(ofKind)) expect(line).toMatch(/ db01 on esx02\.lab\.invalid is powered off$/);
  });

  // What the lab does not answer. Each is refused as vCenter refuses what it does not know, and a change here is news.
  test.each([
    ['guest.run', 'a guest of the lab has no such program', ['-vm', 'web01', '/bin/true']],
    ['vm.clone', 'the lab clones nothing', ['-vm', 'archive01', '-ds', 'datastore1', '-on=false', 'copy']],
    ['host.esxcli', 'there is no host behind it', ['-host', 'esx01.lab.invalid', 'system', 'version', 'get']],
  ])('cannot: %s, as %s', (command, _, args) => {
    expect(() => govc(command, ...args)).toThrow(/ended with [12]/);
  });

  // Nor can it be asked to switch tracking on. What the lab answers to the query, pyVmomi checks in labStorage.test.ts.
  test('cannot: ask for changed areas, as it has no command for that', () => {
    const { stderr, stdout } = spawnSync(program, ['-h'], { encoding: 'utf8' });
    expect(stdout + stderr).toMatch(/^ {2}snapshot\.create$/m);
    expect(stdout + stderr).not.toMatch(/cbt|changed|tracking/i);
    expect(govc('vm.change', '-h')).not.toMatch(/cbt|tracking/i);
  });

  test('saves the inventory', () => {
    const saved = join(folder, 'saved');
    govc('object.save', '-d', saved);
    expect(readdirSync(saved).filter(name => name.includes('-VirtualMachine-'))).toHaveLength(4);
  });
});

interface Devices {
  readonly devices: readonly { readonly backing?: { readonly fileName?: string } }[];
}

function firstLine(path: string): string {
  return readFileSync(path, 'utf8').split('\n')[0] ?? '';
}

/** As an administrator pins a server for govc: its address, and the SHA-256 of its certificate. */
function knownHosts(folder: string, { ready }: RunningLab): string {
  const path = join(folder, 'known-hosts');
  writeFileSync(path, `${new URL(ready.url).host} ${ready.fingerprint}\n`);
  return path;
}

async function rawHash(vmdk: string, raw: string): Promise<string> {
  execFileSync('qemu-img', ['convert', '-O', 'raw', vmdk, raw]);
  return await fileHash(raw);
}
