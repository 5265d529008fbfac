import { inspect } from 'node:util';
import { afterAll, beforeEach, describe, expect } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { AppError, CancelledError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { Secret } from '../../src/base/secret.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { newInventoryModel, watchInventory } from '../../src/core/inventory/inventoryWatch.ts';
import { listVirtualMachines } from '../../src/core/inventory/listVirtualMachines.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { rolePrivileges } from '../../src/core/vsphere/privileges/featurePrivileges.ts';
import { probePrivileges } from '../../src/core/vsphere/privileges/probePrivileges.ts';
import { roleName } from '../../src/core/vsphere/privileges/roleCommand.ts';
import { removeSnapshotByToken } from '../../src/core/snapshot/removeSnapshot.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshotLease.ts';
import { readServerFingerprint } from '../../src/core/vsphere/node/pinnedAgent.ts';
import { VimClient } from '../../src/core/vsphere/node/vimClient.ts';
import { VimSession } from '../../src/core/vsphere/session.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import { anySignal } from '../support/anySignal.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { toolTest } from '../support/tools.ts';
import { logIn, startVcsim } from '../vcsim/servers.ts';
import type { LoggedIn, TestServer } from '../vcsim/servers.ts';

// The client against a server that none of us wrote.
const test = toolTest('go');
const deps = { clock: systemClock, random: systemRandom, logger: silentLogger };

const servers = [
  ['vcsim', 'a vCenter', [], '/DC0/vm/DC0_H0_VM0'],
  ['vcsim', 'an ESXi host', ['-esx'], '/ha-datacenter/vm/ha-host_VM0'],
  // Of 2021: it has no pages, and CreateSnapshotEx_Task does not exist although it says it is new enough.
  ['vcsim-0.24', 'a vCenter', [], '/DC0/vm/DC0_H0_VM0'],
  ['vcsim-0.24', 'an ESXi host', ['-esx'], '/ha-datacenter/vm/ha-host_VM0'],
] as const;

describe.each(servers)("govmomi's simulator %s as %s", (generation, _, options, path) => {
  let server: TestServer | undefined;
  let open: LoggedIn | undefined;

  // Before the first test rather than beforeAll: without Go all tests are skipped, and nothing must be built.
  beforeEach(async () => {
    server ??= await startVcsim(options, generation);
    open ??= await logIn(server);
  });

  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test('tells of its VMs, and of what changes, without being asked again', async () => {
    const { session } = open!;
    const end = new AbortController();
    const model = newInventoryModel(session);
    const watch = watchInventory(session, model, { ...deps, retryMs: () => 100 }, end.signal);
    const until = async (holds: () => boolean) => {
      while (!holds()) if ((await watch.next()).done === true) throw new Error('the watch has ended');
    };
    let stage = '';
    while (stage !== 'current') stage = (await watch.next()).value?.stage ?? 'ended';
    const listed = await listVirtualMachines(session, anySignal);
    expect(model.rows().map(({ inventoryPath, diskCount }) => ({ inventoryPath, diskCount }))).toEqual(
      listed.map(({ inventoryPath, diskCount }) => ({ inventoryPath, diskCount })),
    );
    expect(model.rows().every(({ isComplete }) => isComplete)).toBe(true);
    const vm = listed.find(({ inventoryPath }) => inventoryPath === path)!.ref;
    const rename = await session.call('ReconfigVM_Task', vm, { spec: { annotation: 'changed' } }, anySignal);
    await waitForTask(session, rename, { what: 'changing the VM', object: path }, anySignal);
    const power = await session.call('PowerOffVM_Task', vm, {}, anySignal);
    await waitForTask(session, power, { what: 'switching the VM off', object: path }, anySignal);
    await until(() => model.row(vm.value)?.powerState === 'poweredOff');
    const again = await session.call('PowerOnVM_Task', vm, {}, anySignal);
    await waitForTask(session, again, { what: 'switching the VM on', object: path }, anySignal);
    await until(() => model.row(vm.value)?.powerState === 'poweredOn');
    end.abort(new CancelledError());
    // What has come before may still be told.
    const toTheEnd = async () => {
      for (;;) await watch.next();
    };
    await expect(toTheEnd()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('says what the account may do, and knows every privilege of the role', async () => {
    const { session } = open!;
    const report = await probePrivileges(session, anySignal);
    // This server grants everything to everybody.
    expect(report.features.filter(({ isUsable }) => !isUsable)).toEqual([]);
    expect(report.kinds.vm.seenCount).toBeGreaterThan(0);
    const manager = session.content.authorizationManager!;
    const role = { name: roleName, privIds: [...rolePrivileges] };
    expect(await session.call('AddAuthorizationRole', manager, role, anySignal)).toEqual(expect.any(Number));
    const misspelt = { name: 'other', privIds: ['VApp.Exprot'] };
    await expect(session.call('AddAuthorizationRole', manager, misspelt, anySignal)).rejects.toMatchObject({
      faultType: 'InvalidArgument',
    });
  });

  test('lists, finds and reads its VMs', async () => {
    const { session } = open!;
    const machines = await listVirtualMachines(session, anySignal);
    expect(machines.map(({ inventoryPath }) => inventoryPath)).toContain(path);
    const machine = await findVirtualMachine(session, path, anySignal);
    const capacityBytes = generation === 'vcsim' ? 10 * 1024 ** 3 : 1024 ** 2;
    expect(await findVirtualMachine(session, machine.instanceUuid!, anySignal)).toEqual(machine);
    expect(machine).toMatchObject({ powerState: 'poweredOn', diskCount: 1, capacityBytes });
    const facts = await readVirtualMachine(session, machine, anySignal);
    expect(facts.disks[0]).toMatchObject({ controller: { type: 'ParaVirtualSCSIController', busNumber: 0 } });
    expect(facts.disks[0]!.backing.fileName).toMatch(/^\[LocalDS_0\] .*\.vmdk$/);
    // The list and the single VM are read by different requests; they must judge alike.
    expect(facts.facts).toEqual(machine.facts);
    expect(machine.facts.host?.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(machine.computePath).toMatch(/^\/[^/]+\/host\/.+\/.+\/[^/]+$/);
    expect(facts.host?.name).toBeTruthy();
    expect(facts.datastores).toHaveLength(1);
    expect(JSON.parse(JSON.stringify(facts.config))).toMatchObject({ hardware: { numCPU: 1 } });
  });

  test('takes a quiesced snapshot, and proves that it is gone', async () => {
    const { session } = open!;
    const machine = await findVirtualMachine(session, path, anySignal);
    const journal = memoryJournal();
    const spec = { _type: 'VirtualMachineWindowsQuiesceSpec', timeout: 5, vssBackupContext: 'ctx_auto' };
    const request = {
      ...{ name: 'a <name> & "more"', job: 'test' },
      quiesce: generation === 'vcsim' ? ({ kind: 'specified', spec } as const) : ({ kind: 'tools' } as const),
      validForMs: 60_000,
    };
    {
      await using snapshot = await openSnapshot(session, machine, request, { ...deps, journal }, anySignal);
      expect(snapshot.facts).toMatchObject({ name: 'a <name> & "more"', isQuiesced: true, isCurrent: true });
      expect(snapshot.disks).toHaveLength(1);
      expect(journal.open).toMatchObject([{ kind: 'snapshot', snapshot: snapshot.snapshot.value }]);
    }
    expect((await readVirtualMachine(session, machine, anySignal)).snapshots).toEqual([]);
    expect(journal.open).toEqual([]);
  });

  test('leaves snapshots of others alone', async () => {
    const { session } = open!;
    const machine = await findVirtualMachine(session, path, anySignal);
    const args = { name: 'mine', description: 'by hand', memory: false, quiesce: false };
    const task = await session.call('CreateSnapshot_Task', machine.ref, args, anySignal);
    const ref = await waitForTask(session, task, { what: 'creating', object: 'VM' }, anySignal);
    expect(await removeSnapshotByToken(session, machine, { token: 'a token' }, deps, anySignal)).toBe('gone');
    const { snapshots } = await readVirtualMachine(session, machine, anySignal);
    expect(snapshots.map(snapshot => snapshot.ref)).toEqual([ref]);
  });

  test('shows its fingerprint at first contact, and is refused under another', async () => {
    const { url, fingerprint } = server!;
    expect(await readServerFingerprint(url, anySignal)).toBe(fingerprint);
    const wrong = fingerprint.replaceAll(/[0-9]/g, digit => String((Number(digit) + 1) % 10));
    const error = await VimClient.connect(url, { fingerprint: wrong }, anySignal).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'UNTRUSTED_SERVER' });
    expect((error as AppError).message).toContain(fingerprint);
    expect((error as AppError).message).toContain(wrong);
  });

  test('refuses a wrong password without showing it to anyone', async () => {
    const { url, fingerprint, user } = server!;
    const client = await VimClient.connect(url, { fingerprint }, anySignal);
    const secret = 'wr0ng-s3cret';
    const credentials = { user, source: heldPassword(new Secret(secret)) };
    const error: unknown = await VimSession.open(client, 'vc.example', credentials, deps, anySignal).catch(
      (e: unknown) => e,
    );
    client.close();
    expect(error).toMatchObject({ code: 'AUTHENTICATION', object: 'vc.example' });
    expect((error as AppError).message).toContain(user);
    const shown = inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error);
    expect(shown).not.toContain(secret);
    expect(inspect(client, { depth: Infinity, showHidden: true })).not.toContain(secret);
  });

  test('tells what a missing object is', async () => {
    const { session } = open!;
    const ref = { type: 'VirtualMachine', value: 'vm-none' };
    await expect(session.call('PowerOffVM_Task', ref, {}, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      faultType: 'ManagedObjectNotFound',
    });
  });
});

test('a server that is not there is UNREACHABLE', async () => {
  const error: unknown = await VimClient.connect(
    'https://127.0.0.1:1',
    { fingerprint: undefined },
    anySignal,
  ).catch((e: unknown) => e);
  expect(AppError.is(error, 'UNREACHABLE')).toBe(true);
});
