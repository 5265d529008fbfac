import { afterAll, beforeAll, describe, expect, test as labTest } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { assess } from '../../src/core/consistency/assess.ts';
import { listVirtualMachines } from '../../src/core/inventory/listVirtualMachines.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { executeRemedy } from '../../src/core/jobs/applyRemedy/executeRemedy.ts';
import { planRemedy, type RemedyPlan } from '../../src/core/jobs/applyRemedy/remedyPlan.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import type { MoRef } from '../../src/core/vsphere/schema/moRef.ts';
import type { Vim } from '../../src/core/vsphere/vimCaller.ts';
import { anySignal } from '../support/anySignal.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { toolTest } from '../support/tools.ts';
import { logIn, type LoggedIn, startLab, startVcsim, type TestServer } from '../vcsim/servers.ts';

const windows = 'windows2019srv_64Guest';
const withoutUuids: Vim<'VirtualMachineConfigSpec'> = {
  guestId: windows,
  flags: { diskUuidEnabled: false },
  extraConfig: [{ key: 'disk.EnableUUID', value: 'FALSE' }],
};

/** What the tests do with a VM of a server. */
function using(opened: () => LoggedIn, name: string) {
  const journal = memoryJournal();
  const read = async () => {
    const { session } = opened();
    const { ref } = await findVirtualMachine(session, name, anySignal);
    return await readVirtualMachine(session, { ref, name }, anySignal);
  };
  return {
    journal,
    read,
    findings: async () => {
      const { limits, remarks } = assess((await read()).facts);
      return [...limits, ...remarks].map(({ rule }) => rule);
    },
    reconfigure: async (spec: Vim<'VirtualMachineConfigSpec'>) => {
      const { session } = opened();
      const task = await session.call('ReconfigVM_Task', (await read()).ref, { spec }, anySignal);
      await waitForTask(session, task, { what: 'changing', object: name }, anySignal);
    },
    apply: async (plan: RemedyPlan, signal = anySignal) => {
      const phases: string[] = [];
      const deps = { job: 'test', journal, clock: systemClock, random: systemRandom, logger: silentLogger };
      const onProgress = ({ phase }: { readonly phase: string }) => phases.push(phase);
      return { ...(await executeRemedy(opened().session, plan, deps, onProgress, signal)), phases };
    },
  };
}

describe('remedies that the server can apply, on the lab', () => {
  let lab: Awaited<ReturnType<typeof startLab>>;
  let open: LoggedIn;

  beforeAll(async () => {
    lab = await startLab();
    open = await logIn(lab);
  });
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  labTest('changed block tracking: switched on, and begun by a snapshot that comes and goes', async () => {
    const vm = using(() => open, 'web01');
    expect(await vm.findings()).toContain('CAP-04');
    const plan = planRemedy(await vm.read(), 'CAP-04');
    expect(plan.price[0]).toContain('stunned');
    expect((await vm.apply(plan)).isGone).toBe(true);
    const { config, disks, snapshots } = await vm.read();
    expect([config.changeTrackingEnabled, snapshots, vm.journal.open]).toEqual([true, [], []]);
    expect(disks.map(({ backing }) => backing.changeId ?? '')).toEqual([expect.stringMatching(/./)]);
  });

  labTest('a VM whose hardware knows no changed block tracking is left alone', async () => {
    const vm = await using(() => open, 'db01').read();
    const old = { ...vm, facts: { ...vm.facts, supportsChangeTracking: false } };
    expect(() => planRemedy(old, 'CAP-04')).toThrow('does not know changed block tracking');
  });

  labTest('disk UUIDs: the guest is shut down, and powered on again; the level rises', async () => {
    const vm = using(() => open, 'db01');
    await vm.reconfigure(withoutUuids);
    expect(await vm.findings()).toContain('DSK-11');
    const plan = planRemedy(await vm.read(), 'DSK-11');
    expect(plan.price[0]).toContain('shut down');
    expect(plan.price[1]).toContain('other names in the guest');
    const { isGone, phases } = await vm.apply(plan);
    expect([isGone, phases]).toEqual([
      true,
      ['Shutting the guest down', 'Changing the settings', 'Powering on'],
    ]);
    const { runtime, facts } = await vm.read();
    expect([runtime.powerState, facts.diskUuidEnabled]).toEqual(['poweredOn', true]);
    // Lists, which do not read the options, know it too.
    const listed = await listVirtualMachines(open.session, anySignal);
    expect(listed.find(({ name }) => name === 'db01')?.facts.diskUuidEnabled).toBe(true);
  });

  labTest('a VM that was shut down for it is on again although the change was refused', async () => {
    const vm = using(() => open, 'db01');
    await vm.reconfigure(withoutUuids);
    const plan = planRemedy(await vm.read(), 'DSK-11');
    await lab.control('faults', {
      methods: [{ method: 'ReconfigVM_Task', fault: 'NoPermission', times: 1 }],
    });
    await expect(vm.apply(plan)).rejects.toMatchObject({ code: 'PERMISSION' });
    expect((await vm.read()).runtime.powerState).toBe('poweredOn');
  });

  labTest('FLP-01: a connected drive of a Windows is disconnected, also for the next start', async () => {
    const vm = using(() => open, 'db01');
    await lab.control('vms/db01/guest', { preset: 'windows-vss' });
    expect(await vm.findings()).not.toContain('FLP-01');
    const drives = (await vm.read()).config.hardware.device!.filter(({ _type }) => _type === 'VirtualCdrom');
    await vm.reconfigure({
      deviceChange: drives.map(device => ({
        operation: 'edit',
        device: { ...device, connectable: { ...device.connectable!, connected: true, startConnected: true } },
      })),
    });
    expect(await vm.findings()).toContain('FLP-01');
    const plan = planRemedy(await vm.read(), 'FLP-01');
    expect(plan.price).toEqual(['What the guest has mounted from these drives is gone']);
    expect(await vm.apply(plan)).toMatchObject({ isGone: true, phases: ['Changing the settings'] });
    const { config, runtime } = await vm.read();
    const [drive] = config.hardware.device!.filter(({ _type }) => _type === 'VirtualCdrom');
    expect(drive?.connectable).toMatchObject({ connected: false, startConnected: false });
    expect(runtime.powerState).toBe('poweredOn');
    await lab.control('vms/db01/guest', { preset: 'linux-freeze' });
  });

  labTest('SNAP-01: disks that a snapshot has left apart are joined, once nobody holds them', async () => {
    const vm = using(() => open, 'web01');
    const { session } = open;
    const { ref } = await vm.read();
    const taken = { name: 'a', description: '', memory: false, quiesce: false };
    const creating = await session.call('CreateSnapshot_Task', ref, taken, anySignal);
    const made = await waitForTask(session, creating, { what: 'creating', object: 'web01' }, anySignal);
    await lab.control('vms/web01', { filesLocked: true });
    const args = { removeChildren: false, consolidate: true };
    const removing = await session.call('RemoveSnapshot_Task', made as MoRef, args, anySignal);
    await expect(
      waitForTask(session, removing, { what: 'removing', object: 'web01' }, anySignal),
    ).rejects.toMatchObject({ faultType: 'FileLocked' });
    expect(await vm.findings()).toContain('SNAP-01');
    const plan = planRemedy(await vm.read(), 'SNAP-01');
    expect(plan.price).toContain('The VM is stunned for a moment at the end');
    await expect(vm.apply(plan)).rejects.toMatchObject({ faultType: 'FileLocked' });
    await lab.control('vms/web01', { filesLocked: false });
    expect(await vm.apply(plan)).toMatchObject({ isGone: true, phases: ['Consolidating the disks'] });
    const after = await vm.read();
    expect(after.runtime.consolidationNeeded).toBe(false);
    expect(after.disks.map(({ backing }) => backing.hasParent)).toEqual([false]);
  });

  labTest(
    'DSK-01: an independent disk is in the next snapshot; not under snapshots that are there',
    async () => {
      const vm = using(() => open, 'build01');
      const modes = async () => (await vm.read()).disks.map(({ backing }) => backing.diskMode);
      expect([await vm.findings(), await modes()]).toEqual([
        expect.arrayContaining(['DSK-01']),
        ['persistent', 'independent_persistent'],
      ]);
      const found = await vm.read();
      const snapshot = { name: 'theirs' } as (typeof found.snapshots)[number];
      expect(() => planRemedy({ ...found, snapshots: [snapshot] }, 'DSK-01')).toThrow('has snapshots');
      const plan = planRemedy(found, 'DSK-01');
      expect(plan.price.join('. ')).toMatch(/shut down .* left them out on purpose/s);
      const { isGone, phases } = await vm.apply(plan);
      expect([isGone, phases]).toEqual([
        true,
        ['Shutting the guest down', 'Changing the settings', 'Powering on'],
      ]);
      expect(await modes()).toEqual(['persistent', 'persistent']);
      expect(assess((await vm.read()).facts).coverage).toBe('whole-vm');
    },
  );

  labTest('snapshots that were switched off are allowed again', async () => {
    const vm = using(() => open, 'archive01');
    await vm.reconfigure({ flags: { snapshotDisabled: true } });
    const plan = planRemedy(await vm.read(), 'SNAP-04');
    expect(await vm.apply(plan)).toMatchObject({ isGone: true, phases: ['Changing the settings'] });
  });

  labTest(
    'what the server cannot do, and what is in the way, is refused before anything is done',
    async () => {
      const vm = using(() => open, 'web01');
      const facts = await vm.read();
      expect(() => planRemedy(facts, 'TLS-02')).toThrow('is not done by the server');
      expect(() => planRemedy(facts, 'SNAP-04')).toThrow('finds nothing any more');
      const other = await using(() => open, 'db01').read();
      const snapshot = { name: 'theirs' } as (typeof other.snapshots)[number];
      const able = {
        ...other,
        facts: { ...other.facts, supportsChangeTracking: true, tracksChanges: false },
      };
      expect(() => planRemedy({ ...able, snapshots: [snapshot] }, 'CAP-04')).toThrow('has snapshots');
      const withoutTools = {
        ...other,
        guest: { ...other.guest!, toolsRunningStatus: 'guestToolsNotRunning' },
      };
      const hidden = { ...withoutTools, facts: { ...other.facts, guestId: windows, diskUuidEnabled: false } };
      expect(() => planRemedy(hidden, 'DSK-11')).toThrow('has to be off for it');
    },
  );
});

toolTest('go')(
  'a foreign server takes the same changes of settings',
  async () => {
    const server: TestServer = await startVcsim([]);
    const open = await logIn(server);
    try {
      const vm = using(() => open, 'DC0_H0_VM0');
      await vm.reconfigure({ guestId: windows });
      const facts = await vm.read();
      const unmarked = {
        ...facts,
        facts: { ...facts.facts, supportsChangeTracking: true, tracksChanges: false },
      };
      const tracking = planRemedy(unmarked, 'CAP-04');
      expect(tracking.price[0]).toContain('stunned');
      expect(tracking.steps.map(({ kind }) => kind)).toEqual(['reconfigure', 'snapshot-and-remove']);
      await vm.apply(tracking);
      const off = { ...facts, runtime: { ...facts.runtime, powerState: 'poweredOff' as const } };
      const uuids = planRemedy({ ...off, facts: { ...facts.facts, diskUuidEnabled: false } }, 'DSK-11');
      await vm.apply(uuids);
      const { config } = await vm.read();
      expect([config.changeTrackingEnabled, vm.journal.open]).toEqual([true, []]);
      expect(config.extraConfig).toContainEqual(
        expect.objectContaining({ key: 'disk.EnableUUID', value: 'TRUE' }),
      );
    } finally {
      await open[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    }
  },
  240_000,
);
