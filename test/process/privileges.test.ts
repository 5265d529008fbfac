import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { features, rolePrivileges } from '../../src/core/vsphere/privileges/featurePrivileges.ts';
import type { PrivilegeReport } from '../../src/core/vsphere/privileges/probePrivileges.ts';
import { type CliResult, QuiesceCli } from '../support/quiesceCli.ts';
import { govc } from '../support/govc.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const goTest = toolTest('go');
const account = 'backup@vsphere.local';
/** What a VM is said to be busy with. */
const busy = { task: { type: 'Task', value: 'task-1' } };
const conf = '/etc/web/web.conf';

/** Features whose flow is a command of the command line. */
const commandOf = {
  browse: ['vms'],
  backup: ['backup', 'web01'],
  guestRead: 'restoreGuest',
  guestWrite: 'restoreGuest',
  restoreVm: 'restoreVm',
} as const;

describe('an account with exactly the documented role', () => {
  const folder = suiteFolder('privileges');
  const cli = new QuiesceCli(join(folder, 'cli'));
  let lab: RunningLab;
  let restoredCount = 0;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity', '--account', `${account}=NoAccess`]);
    await cli.setUp(lab, account);
    await grant(rolePrivileges);
    await cli.ok('backup', 'web01');
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());
  beforeEach(async () => await grant(rolePrivileges));
  afterEach(async () => {
    await lab.clearFaults();
    await grant(rolePrivileges);
    expect((await cli.run('guard')).code).toBe(0);
    expect((await lab.vms()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  });

  async function grant(privileges: readonly string[]): Promise<void> {
    await lab.control('POST', 'roles/Backup', { privileges });
    await lab.control('POST', `accounts/${account}`, { role: 'Backup' });
  }

  async function probe(): Promise<PrivilegeReport> {
    const { stdout } = await cli.run('vcenter', 'privileges', '--json');
    return JSON.parse(stdout.toString()) as PrivilegeReport;
  }

  async function restoreVm(): Promise<CliResult> {
    restoredCount += 1;
    return await cli.run('restore', 'vm', 'web01', '--name', `restored-${restoredCount}`, '--json');
  }

  async function restoreGuest(): Promise<CliResult> {
    await lab.writeGuestFile('web01', conf, `changed ${restoredCount}\n`);
    const { passwordFile } = lab.ready.guestAccounts.find(({ user }) => user === 'root')!;
    const guest = ['--guest-user', 'root', '--guest-password-file', passwordFile];
    return await cli.run('restore', 'guest', 'web01', conf, ...guest, '--json');
  }

  async function flow(feature: keyof typeof commandOf): Promise<CliResult> {
    const command = commandOf[feature];
    if (command === 'restoreVm') return await restoreVm();
    if (command === 'restoreGuest') return await restoreGuest();
    return await cli.run(...command, '--json');
  }

  test('may do everything the product does', async () => {
    const { code, stdout } = await cli.run('vcenter', 'privileges');
    expect(stdout.toString()).toContain('14 of 14 features can be used everywhere');
    expect(code).toBe(0);
    for (const feature of Object.keys(commandOf) as (keyof typeof commandOf)[]) {
      const { code: ended, stdout: said, stderr } = await flow(feature);
      expect({ feature, ended, said: said.toString(), stderr }).toMatchObject({ ended: 0 });
    }
    const disk = join(folder, 'disk.raw');
    await cli.ok('restore', 'disk', 'web01', '--disk', '2000', '--to', disk);
    await cli.ok('restore', 'file', 'web01', conf, '--to', join(folder, 'files'));
    await cli.ok('guard');
  });

  test.each(['browse', 'backup', 'guestWrite', 'restoreVm'] as const)(
    'with the privileges of %s alone it can do just that',
    async feature => {
      const { needs } = features.find(({ id }) => id === feature)!;
      await grant(needs.map(({ privilege }) => privilege).filter(one => !one.startsWith('System.')));
      const { code, stdout, stderr } = await flow(feature);
      expect({ code, said: stdout.toString(), stderr }).toMatchObject({ code: 0 });
    },
  );

  test.each(['Datastore.Browse', 'Datastore.FileManagement'])(
    'without %s a backup proves less, and says for want of which privilege',
    async privilege => {
      await grant(rolePrivileges.filter(other => other !== privilege));
      const { code, stdout } = await cli.run('backup', 'web01', '--json');
      expect(code).toBe(0);
      expect(stdout.toString()).toContain(
        `${account} does not have the privilege ${privilege} on datastore1, needed to read files of it`,
      );
    },
  );

  const cases = features.flatMap(({ id, needs }) =>
    needs
      .filter(({ privilege }) => id in commandOf && !privilege.startsWith('System.'))
      .map(({ privilege }) => [privilege, id as keyof typeof commandOf] as const),
  );
  test.each([...new Map(cases.map(one => [one.join(), one])).values()])(
    'without %s the probe names it, and %s is refused for it',
    async (privilege, feature) => {
      await grant(rolePrivileges.filter(other => other !== privilege));
      const report = await probe();
      const expected = features.filter(({ needs }) => needs.some(need => need.privilege === privilege));
      expect(report.features.filter(({ isUsable }) => !isUsable).map(({ id }) => id)).toEqual(
        expected.map(({ id }) => id),
      );
      const named = report.features.flatMap(({ needs }) => needs).filter(({ state }) => state !== 'granted');
      expect(new Set(named.map(need => `${need.privilege} ${need.state}`))).toEqual(
        new Set([`${privilege} missing`]),
      );
      const { code, stdout } = await flow(feature);
      const { error } = JSON.parse(stdout.toString()) as { error: Readonly<Record<string, string>> };
      expect(error['message']).toMatch(new RegExp(`^${account} does not have the privilege .*${privilege}`));
      expect({ code, ...error }).toMatchObject({
        code: 'PERMISSION',
        remedy: expect.stringContaining('quiesce vcenter privileges') as string,
      });
      expect(code).toBe(4);
    },
  );

  test('a half restored VM that may not be removed is named by the guard, with the privilege', async () => {
    await grant(rolePrivileges.filter(privilege => privilege !== 'VirtualMachine.Inventory.Delete'));
    await lab.setFaults({
      methods: [{ method: 'ReconfigVM_Task', fault: 'TaskInProgress', fields: busy, times: 1 }],
    });
    expect((await restoreVm()).code).not.toBe(0);
    const refused = await cli.run('guard');
    expect(refused.code).toBe(13);
    expect(refused.stdout.toString() + refused.stderr).toContain('VirtualMachine.Inventory.Delete');
    const left = async () => (await lab.vms()).filter(({ name }) => name === `restored-${restoredCount}`);
    expect(await left()).toHaveLength(1);
    await grant(rolePrivileges);
    expect((await cli.run('guard')).code).toBe(0);
    expect(await left()).toEqual([]);
  });

  test('without any role nothing can be seen, and the probe says so', async () => {
    await lab.control('POST', `accounts/${account}`, { role: 'NoAccess' });
    const report = await probe();
    expect(report.kinds.vm).toMatchObject({ seenCount: 0 });
    expect(report.features.filter(({ isUsable }) => isUsable).map(({ id }) => id)).toEqual(['restoreDisk']);
    const { code, stdout } = await cli.run('backup', 'web01', '--json');
    expect(JSON.parse(stdout.toString())).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(code).toBe(5);
  });

  test('a role on one folder counts there alone, and the probe names where it does not', async () => {
    await lab.control('POST', `accounts/${account}`, { role: 'ReadOnly' });
    for (const entity of ['group-v41', 'resgroup-27', 'datastore-31', 'network-33'])
      await lab.control('POST', `accounts/${account}`, { role: 'Backup', entity });
    const report = await probe();
    const needOf = (id: string, privilege: string) =>
      report.features.find(feature => feature.id === id)!.needs.find(need => need.privilege === privilege);
    expect(needOf('restoreVm', 'VirtualMachine.Inventory.Create')).toMatchObject({
      state: 'partly',
      missingOn: expect.arrayContaining(['vm', 'Archive']) as string[],
    });
    expect(needOf('restoreVm', 'Datastore.AllocateSpace')).toMatchObject({
      state: 'partly',
      missingOn: ['datastore2'],
    });
    const { stdout } = await cli.run('vcenter', 'privileges');
    expect(stdout.toString()).toContain('Network.Assign on network Backend');
    expect((await cli.run('backup', 'web01')).code).toBe(0);
  });

  // What is printed for people is run as it is printed, by a client that nobody here has written.
  goTest('the commands of --role make the role', async () => {
    await lab.control('POST', `accounts/${account}`, { role: 'NoAccess' });
    const script = (await cli.ok('vcenter', 'privileges', 'lab', '--role')).toString();
    const { url, user, passwordFile } = lab.ready;
    const server = { url, user, password: readFileSync(passwordFile, 'utf8').trim() };
    govc(server, script);
    const { code, stdout } = await cli.run('vcenter', 'privileges');
    expect(stdout.toString()).toContain('14 of 14 features');
    expect(code).toBe(0);
    const listed = govc(server, 'govc role.ls Quiesce').trim().split('\n');
    const given = [...rolePrivileges, 'System.Anonymous', 'System.Read', 'System.View'];
    expect(listed.toSorted()).toEqual(given.toSorted());
    expect(govc(server, 'govc permissions.ls /')).toMatch(/Quiesce +\S+ +\S*backup@vsphere\.local +Yes/);
  });
});
