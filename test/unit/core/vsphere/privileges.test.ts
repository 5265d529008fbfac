import { describe, expect, test } from 'vitest';

import { features, rolePrivileges } from '../../../../src/core/vsphere/privileges/featurePrivileges.ts';
import { probePrivileges } from '../../../../src/core/vsphere/privileges/probePrivileges.ts';
import { requirePrivileges } from '../../../../src/core/vsphere/privileges/requirePrivileges.ts';
import { roleCommand } from '../../../../src/core/vsphere/privileges/roleCommand.ts';
import { knownPrivileges } from '../../../../src/lab/access/roles.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { fault, ref, ScriptedCaller, scriptedSession, type Script } from '../../../support/scriptedCaller.ts';

const vm = { ref: ref('VirtualMachine', 'vm-1'), name: 'web01' };

/** A server whose account has some privileges everywhere. */
async function withPrivileges(granted: readonly string[], script: Script = {}) {
  const content = await new ScriptedCaller({}).call('RetrieveServiceContent', vm.ref, {}, anySignal);
  return await scriptedSession({
    RetrieveServiceContent: () => ({ ...content, authorizationManager: ref('AuthorizationManager', 'auth') }),
    HasPrivilegeOnEntities: ({ entity, privId }) =>
      entity.map(one => ({
        entity: one,
        privAvailability: (privId ?? []).map(id => ({ privId: id, isGranted: granted.includes(id) })),
      })),
    ...script,
  });
}

describe('a call that is refused for want of a privilege', () => {
  const refused: Script = {
    ExportSnapshot: () => {
      throw fault('NoPermission', { object: vm.ref, privilegeId: 'VApp.Export' });
    },
  };
  const named = { obj: vm.ref, propSet: [{ name: 'name', val: 'web%2f01' }] };

  test('names account, privilege and object, and where to see more', async () => {
    const { session } = await scriptedSession({
      ...refused,
      RetrievePropertiesEx: () => ({ objects: [named] }),
    });
    const error = session.call('ExportSnapshot', ref('VirtualMachineSnapshot', 's'), {}, anySignal);
    await expect(error).rejects.toMatchObject({
      code: 'PERMISSION',
      faultType: 'NoPermission',
      object: 'web/01',
      message:
        'backup does not have the privilege VApp.Export on web/01 (VirtualMachine vm-1), which ExportSnapshot needs',
      remedy: expect.stringContaining('Check Privileges') as string,
    });
  });

  test('names the object by its id if its name may not be read', async () => {
    const { session } = await scriptedSession({
      ...refused,
      RetrievePropertiesEx: () => {
        throw fault('NoPermission', { object: vm.ref, privilegeId: 'System.Read' });
      },
    });
    const error = session.call('ExportSnapshot', ref('VirtualMachineSnapshot', 's'), {}, anySignal);
    await expect(error).rejects.toMatchObject({
      message: expect.stringContaining('VApp.Export on VirtualMachine vm-1,') as string,
    });
  });

  test('names all privileges that a newer server tells', async () => {
    const { session } = await scriptedSession({
      ExportSnapshot: () => {
        throw fault('NoPermission', {
          object: vm.ref,
          privilegeId: 'VApp.Export',
          missingPrivileges: [{ entity: vm.ref, privilegeIds: ['VApp.Export', 'Datastore.Browse'] }],
        });
      },
    });
    await expect(session.call('ExportSnapshot', vm.ref, {}, anySignal)).rejects.toMatchObject({
      message: expect.stringContaining('VApp.Export, Datastore.Browse on') as string,
    });
  });
});

describe('before something is begun', () => {
  const wanted = ['VApp.Export', 'VApp.Import'];

  test('what is missing is named', async () => {
    const { session } = await withPrivileges(['VApp.Export']);
    await expect(requirePrivileges(session, vm, wanted, 'do it', anySignal)).rejects.toMatchObject({
      code: 'PERMISSION',
      message: 'backup does not have the privilege VApp.Import on web01, needed to do it',
    });
  });

  test('whoever has everything may go on, and so may who cannot be asked about', async () => {
    const { session } = await withPrivileges(wanted);
    await requirePrivileges(session, vm, wanted, 'do it', anySignal);
    const { session: mute } = await scriptedSession({});
    await requirePrivileges(mute, vm, wanted, 'do it', anySignal);
    const { session: old } = await withPrivileges([], {
      HasPrivilegeOnEntities: () => {
        throw fault('MethodNotFound');
      },
    });
    await requirePrivileges(old, vm, wanted, 'do it', anySignal);
  });
});

describe('the probe', () => {
  const machines = Array.from({ length: 250 }, (_, index) => ref('VirtualMachine', `vm-${index}`));
  const listed: Script = {
    CreateContainerView: ({ type }) => ref('ContainerView', type?.[0] ?? ''),
    RetrievePropertiesEx: ({ specSet: [spec] }) =>
      spec?.propSet[0]?.type === 'VirtualMachine'
        ? {
            objects: machines.map(obj => ({ obj, propSet: [{ name: 'name', val: `name of ${obj.value}` }] })),
          }
        : undefined,
  };

  test('asks once for each kind, about at most 100 objects of very many', async () => {
    const { session, caller } = await withPrivileges(['VApp.Export'], listed);
    const report = await probePrivileges(session, anySignal);
    expect(caller.count('HasPrivilegeOnEntities')).toBe(1);
    expect(report.kinds.vm).toMatchObject({ seenCount: 250, askedCount: 100 });
    expect(report.kinds.network).toMatchObject({ seenCount: 0, askedCount: 0 });
    const backup = report.features.find(({ id }) => id === 'backup')!;
    expect(backup.isUsable).toBe(false);
    expect(
      backup.needs.map(({ privilege, state, missingCount }) => [privilege, state, missingCount]),
    ).toEqual([
      ['VirtualMachine.State.CreateSnapshot', 'missing', 100],
      ['VirtualMachine.State.RemoveSnapshot', 'missing', 100],
      ['VApp.Export', 'granted', 0],
    ]);
  });

  test('goes on without an object that may only be seen', async () => {
    const [first] = machines;
    const { session, caller } = await withPrivileges(['VApp.Export'], {
      ...listed,
      HasPrivilegeOnEntities: ({ entity, privId }) => {
        if (entity.some(({ value }) => value === first?.value))
          throw fault('NoPermission', { object: first, privilegeId: 'System.Read' });
        return entity.map(one => ({
          entity: one,
          privAvailability: (privId ?? []).map(id => ({ privId: id, isGranted: true })),
        }));
      },
    });
    const report = await probePrivileges(session, anySignal);
    expect(caller.count('HasPrivilegeOnEntities')).toBe(2);
    expect(report.features.find(({ id }) => id === 'backup')!.needs[0]).toMatchObject({
      state: 'partly',
      missingOn: ['name of vm-0'],
    });
  });
});

test('every privilege has one spelling, which the lab knows', () => {
  const ids = features.flatMap(({ needs }) => needs.map(({ privilege }) => privilege));
  expect(ids.filter(id => !knownPrivileges.has(id))).toEqual([]);
  expect(new Set(features.map(({ id }) => id)).size).toBe(features.length);
});

test('the commands for the role survive any name of an account', () => {
  expect(roleCommand('backup@vsphere.local')).toContain('-principal backup@vsphere.local -role');
  expect(roleCommand(String.raw`LAB\o'hara`)).toContain(String.raw`-principal 'LAB\o'\''hara' -role`);
  for (const privilege of rolePrivileges) expect(roleCommand(undefined)).toContain(`  ${privilege}`);
});
