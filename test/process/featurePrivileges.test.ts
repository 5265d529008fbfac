import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { executeRemedy } from '../../src/core/jobs/applyRemedy/executeRemedy.ts';
import {
  type AppliedRule,
  hasFinding,
  planRemedy,
  privilegesFor,
} from '../../src/core/jobs/applyRemedy/remedyPlan.ts';
import { openSnapshot } from '../../src/core/snapshot/snapshotLease.ts';
import { readDatastoreFile } from '../../src/core/vsphere/node/datastoreFiles.ts';
import { type FeatureId, features } from '../../src/core/vsphere/privileges/featurePrivileges.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import type { Vim } from '../../src/core/vsphere/vimCaller.ts';
import { anySignal } from '../support/anySignal.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { type Lab, logIn, type LoggedIn, startLab } from '../vcsim/servers.ts';

const account = 'backup@vsphere.local';

/** What the API is asked for where no command does just that: with the privileges of one feature, and with one fewer. */
describe('an account with the privileges of one feature alone', () => {
  let lab: Lab;
  let admin: LoggedIn;
  let open: LoggedIn;

  beforeAll(async () => {
    lab = await startLab(['--account', `${account}=NoAccess`]);
    admin = await logIn(lab);
    open = await logIn({ ...lab, user: account, password: lab.passwordOf(account) });
  });
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
    await admin[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const needsOf = (id: FeatureId) =>
    features.find(feature => feature.id === id)!.needs.map(({ privilege }) => privilege);

  async function grant(privileges: readonly string[]): Promise<void> {
    await lab.control('roles/One', { privileges });
    await lab.control(`accounts/${account}`, { role: 'One' });
  }

  async function read(name: string, { session } = open) {
    const { ref } = await findVirtualMachine(session, name, anySignal);
    return await readVirtualMachine(session, { ref, name }, anySignal);
  }

  /** As whoever has made the VM what it is. */
  async function reconfigure(name: string, spec: Vim<'VirtualMachineConfigSpec'>): Promise<void> {
    const { ref } = await read(name, admin);
    const task = await admin.session.call('ReconfigVM_Task', ref, { spec }, anySignal);
    await waitForTask(admin.session, task, { what: 'changing', object: name }, anySignal);
  }

  describe.each<[AppliedRule, FeatureId, string, () => Promise<void>]>([
    [
      'DSK-11',
      'remedies',
      'db01',
      async () =>
        await reconfigure('db01', {
          guestId: 'windows2019srv_64Guest',
          flags: { diskUuidEnabled: false },
          extraConfig: [{ key: 'disk.EnableUUID', value: 'FALSE' }],
        }),
    ],
    [
      'SNAP-01',
      'remedies',
      'web01',
      async () => {
        await lab.control('vms/web01', { consolidationNeeded: true });
      },
    ],
    [
      'SNAP-04',
      'remedies',
      'archive01',
      async () => await reconfigure('archive01', { flags: { snapshotDisabled: true } }),
    ],
    ['FLP-01', 'remedies', 'web01', async () => await connectDrive('web01')],
    [
      'CAP-04',
      'changeTracking',
      'web01',
      async () => await reconfigure('web01', { changeTrackingEnabled: false }),
    ],
  ])('the remedy of %s, which is of the feature %s', (rule, feature, name, prepare) => {
    const apply = async () => {
      const plan = planRemedy(await read(name), rule);
      const deps = {
        job: 'test',
        ...{ journal: memoryJournal(), clock: systemClock },
        ...{ random: systemRandom, logger: silentLogger },
      };
      return await executeRemedy(open.session, plan, deps, () => undefined, anySignal);
    };
    beforeEach(prepare);

    test('is refused for want of any it needs, before anything is done', async () => {
      const needed = privilegesFor(planRemedy(await read(name, admin), rule));
      expect(needed.length).toBeGreaterThan(0);
      expect(needsOf(feature)).toEqual(expect.arrayContaining([...needed]));
      for (const privilege of needed) {
        await grant(needsOf(feature).filter(other => other !== privilege));
        const { powerState } = (await read(name, admin)).runtime;
        await expect(apply()).rejects.toMatchObject({
          code: 'PERMISSION',
          object: name,
          message: `${account} does not have the privilege ${privilege} on ${name}, needed to apply the remedy`,
        });
        const after = await read(name, admin);
        expect([after.runtime.powerState, hasFinding(after, rule)]).toEqual([powerState, true]);
      }
    });

    test('works', async () => {
      await grant(needsOf(feature));
      expect(await apply()).toEqual({ isGone: true });
    });
  });

  test('which areas of a disk have changed is told to who may ask, and to nobody else', async () => {
    await grant(needsOf('changeTracking'));
    const vm = await read('web01');
    const deps = {
      ...{ journal: memoryJournal(), clock: systemClock },
      ...{ random: systemRandom, logger: silentLogger },
    };
    const options = { name: 'asked', job: 'test', quiesce: { kind: 'none' }, validForMs: 60_000 } as const;
    await using snapshot = await openSnapshot(open.session, vm, options, deps, anySignal);
    const asked = { snapshot: snapshot.facts.ref, deviceKey: 2000, startOffset: 0, changeId: '*' };
    const ask = async () => await open.session.call('QueryChangedDiskAreas', vm.ref, asked, anySignal);
    expect((await ask()).changedArea).not.toEqual([]);
    await grant(needsOf('changeTracking').filter(one => !one.endsWith('DiskRandomRead')));
    await expect(ask()).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringMatching(
        `^${account} does not have the privilege VirtualMachine\\.Provisioning\\.DiskRandomRead on web01 `,
      ) as string,
    });
    await grant(needsOf('changeTracking'));
  });

  test('files of a datastore are read by who may look for them and read them, and by nobody else', async () => {
    const { datacenterPath = '', config } = await read('web01', admin);
    const place = { datacenterPath, path: config.files.vmPathName! };
    const watch = { clock: systemClock, stallTimeoutMs: 60_000 };
    const readVmx = async () => await readDatastoreFile(open.client, place, 1_000_000, watch, anySignal);
    const needed = needsOf('datastoreFiles');
    await grant(needed);
    expect(Buffer.from(await readVmx()).toString()).toContain('displayName = "web01"');
    for (const privilege of needed) {
      await grant(needed.filter(other => other !== privilege));
      await expect(readVmx()).rejects.toMatchObject({
        code: 'PERMISSION',
        object: place.path,
        message: expect.stringContaining(privilege) as string,
      });
    }
  });

  async function connectDrive(name: string): Promise<void> {
    const { config } = await read(name, admin);
    const drive = config.hardware.device?.find(({ _type }) => _type === 'VirtualCdrom');
    const device = {
      ...drive!,
      connectable: { ...drive!.connectable!, connected: true, startConnected: true },
    };
    await reconfigure(name, {
      guestId: 'windows2019srv_64Guest',
      deviceChange: [{ operation: 'edit', device }],
    });
  }
});
