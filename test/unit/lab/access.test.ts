import { expect, test } from 'vitest';

import {
  backupPassword,
  backupUser,
  find,
  findAll,
  rootFolder,
  startTestLab,
  type TestLab,
  textOf,
} from './labFixture.ts';

const production = ['Folder', 'group-v41'] as const;
const manager = ['AuthorizationManager', 'AuthorizationManager'] as const;
const snapshotParameters = '<name>s</name><memory>false</memory><quiesce>false</quiesce>';

type Self = readonly [type: string, id: string];

async function idOf(lab: TestLab, name: string): Promise<Self> {
  const vms = (await lab.control('GET', '/vms')) as { readonly name: string; readonly id: string }[];
  return ['VirtualMachine', vms.find(vm => vm.name === name)?.id ?? ''];
}

async function loggedInAs(privileges: readonly string[], entity?: string): Promise<TestLab> {
  const lab = await startTestLab();
  await lab.control('POST', '/roles/Some', { privileges });
  await lab.control('POST', `/accounts/${backupUser}`, { role: 'Some', entity });
  await lab.login(backupUser, backupPassword);
  return lab;
}

test('a call without its privilege names it and the object', async () => {
  const lab = await loggedInAs([]);
  const vm = await idOf(lab, 'db01');
  const fault = await lab.call('CreateSnapshot_Task', vm, snapshotParameters);
  expect(textOf(fault, 'faultstring')).toBe('Permission to perform this operation was denied.');
  const detail = find(fault, 'NoPermissionFault');
  expect(textOf(detail, 'object')).toBe(vm[1]);
  expect(textOf(detail, 'privilegeId')).toBe('VirtualMachine.State.CreateSnapshot');
});

test('a role that is changed holds for those who are logged in', async () => {
  const lab = await loggedInAs([]);
  const vm = await idOf(lab, 'db01');
  expect(await lab.runTask('CreateSnapshot_Task', vm, snapshotParameters)).toMatchObject({
    fault: 'NoPermission',
  });
  await lab.control('POST', '/roles/Some', { privileges: ['VirtualMachine.State.CreateSnapshot'] });
  const { result, fault } = await lab.runTask('CreateSnapshot_Task', vm, snapshotParameters);
  expect(fault).toBeUndefined();
  const snapshot = ['VirtualMachineSnapshot', result?.text ?? ''] as const;
  expect(
    await lab.runTask('RemoveSnapshot_Task', snapshot, '<removeChildren>false</removeChildren>'),
  ).toMatchObject({ fault: 'NoPermission' });
});

test('what a reconfiguration needs depends on what it changes', async () => {
  const lab = await loggedInAs(['VirtualMachine.Config.ChangeTracking']);
  const vm = await idOf(lab, 'db01');
  const tracking = '<spec><changeTrackingEnabled>true</changeTrackingEnabled></spec>';
  const memory = '<spec><memoryMB>4096</memoryMB></spec>';
  expect((await lab.runTask('ReconfigVM_Task', vm, tracking)).fault).toBeUndefined();
  const fault = await lab.call('ReconfigVM_Task', vm, memory);
  expect(textOf(fault, 'privilegeId')).toBe('VirtualMachine.Config.Memory');
});

test('whoever has a role on a folder sees what is in it and the way to it, and nothing else', async () => {
  const lab = await loggedInAs(['VApp.Export'], production[1]);
  const viewId = textOf(
    await lab.call(
      'CreateContainerView',
      ['ViewManager', 'ViewManager'],
      `<container type="Folder">${rootFolder[1]}</container><recursive>true</recursive>`,
    ),
    'returnval',
  );
  const view = await lab.read(['ContainerView', viewId ?? ''], 'view');
  const seen = findAll(view!, 'ManagedObjectReference').map(({ text }) => text);
  const vms = [await idOf(lab, 'web01'), await idOf(lab, 'db01')].map(([, id]) => id);
  expect(seen.toSorted()).toEqual(['datacenter-21', 'group-v22', production[1], ...vms].toSorted());
  await expect(lab.read(await idOf(lab, 'build01'), 'name')).rejects.toThrow('Permission');
  expect((await lab.read(await idOf(lab, 'web01'), 'name'))?.text).toBe('web01');
});

test('the nearest permission counts, and of two parents what either gives', async () => {
  const lab = await loggedInAs(['VApp.Export']);
  const vm = await idOf(lab, 'web01');
  const privileges = async () => {
    const answer = await lab.call(
      'FetchUserPrivilegeOnEntities',
      manager,
      `<entities type="VirtualMachine">${vm[1]}</entities><userName>${backupUser}</userName>`,
    );
    return findAll(answer, 'privileges').map(({ text }) => text);
  };
  expect(await privileges()).toContain('VApp.Export');
  await lab.control('POST', `/accounts/${backupUser}`, { role: 'ReadOnly', entity: production[1] });
  // The resource pool still gives what the root folder does.
  expect(await privileges()).toContain('VApp.Export');
  await lab.control('POST', `/accounts/${backupUser}`, { role: 'ReadOnly', entity: 'resgroup-27' });
  expect(await privileges()).toEqual(['System.Anonymous', 'System.View', 'System.Read']);
});

test('a session is told what it may do', async () => {
  const lab = await loggedInAs(['VApp.Export']);
  const vm = await idOf(lab, 'web01');
  const session = await lab.call(
    'Fetch',
    ['SessionManager', 'SessionManager'],
    '<prop>currentSession</prop>',
  );
  const key = textOf(session, 'key');
  const asked = ['VApp.Export', 'VApp.Import'].map(id => `<privId>${id}</privId>`).join('');
  const answer = await lab.call(
    'HasPrivilegeOnEntities',
    manager,
    `<entity type="VirtualMachine">${vm[1]}</entity><sessionId>${key ?? ''}</sessionId>${asked}`,
  );
  expect(findAll(answer, 'isGranted').map(({ text }) => text)).toEqual(['true', 'false']);
});

test('roles are made by those who may, of privileges that exist', async () => {
  const lab = await startTestLab();
  await lab.login();
  const add = async (name: string, privilege: string) =>
    await lab.call('AddAuthorizationRole', manager, `<name>${name}</name><privIds>${privilege}</privIds>`);
  expect(textOf(await add('Backup', 'VApp.Export'), 'returnval')).toMatch(/^\d+$/);
  expect(find(await add('Backup', 'VApp.Export'), 'AlreadyExistsFault')).toBeDefined();
  expect(find(await add('Other', 'VApp.Exprot'), 'InvalidArgumentFault')).toBeDefined();
  const other = await loggedInAs(['VApp.Export']);
  const fault = await other.call('AddAuthorizationRole', manager, '<name>Mine</name>');
  expect(textOf(fault, 'privilegeId')).toBe('Authorization.ModifyRoles');
});
