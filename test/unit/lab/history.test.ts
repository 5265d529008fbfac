import { expect, test } from 'vitest';

import {
  collector as propertyCollector,
  db01,
  faultType,
  find,
  findAll,
  loggedIn,
  type Ref,
  ref,
  rootFolder,
  type TestLab,
  textOf,
  typeOf,
  user,
  web01,
} from './labFixture.ts';

const eventManager = ['EventManager', 'EventManager'] as const;
const taskManager = ['TaskManager', 'TaskManager'] as const;

const spec = '<name>s</name><description></description><memory>0</memory><quiesce>0</quiesce>';

type Element = NonNullable<ReturnType<typeof find>>;

const returned = (answer: Element): Element[] =>
  answer.children.filter(({ localName }) => localName === 'returnval');

async function events(lab: TestLab, filter = ''): Promise<Element[]> {
  return returned(await lab.call('QueryEvents', eventManager, `<filter>${filter}</filter>`));
}

const types = (list: readonly Element[]) => list.map(event => typeOf(event));

const at = (entity: Ref, recursion: string) =>
  `<entity>${ref('entity', entity)}<recursion>${recursion}</recursion></entity>`;

/** The logins of the fixture are of no interest. */
const ofVms =
  '<eventTypeId>VmEvent</eventTypeId><eventTypeId>TaskEvent</eventTypeId><eventTypeId>EventEx</eventTypeId>';

test('what was done to a VM is told, with who did it, where, and under the chain of its task', async () => {
  const lab = await loggedIn();
  await lab.runTask('PowerOffVM_Task', web01);
  await lab.runTask('ReconfigVM_Task', web01, '<spec><annotation>new</annotation></spec>');
  await lab.runTask('Rename_Task', web01, '<newName>web02</newName>');
  await lab.runTask('PowerOnVM_Task', web01);
  const { result } = await lab.runTask('CreateSnapshot_Task', web01, spec);
  await lab.runTask(
    'RemoveSnapshot_Task',
    ['VirtualMachineSnapshot', result?.text ?? ''],
    '<removeChildren>0</removeChildren>',
  );
  const told = await events(lab, ofVms.replace(/^/, at(web01, 'self')));
  expect(types(told)).toEqual([
    'TaskEvent',
    'VmPoweredOffEvent',
    'TaskEvent',
    'VmReconfiguredEvent',
    'TaskEvent',
    'VmRenamedEvent',
    'TaskEvent',
    'VmPoweredOnEvent',
    'TaskEvent',
    'TaskEvent',
  ]);
  const [task, off] = told;
  expect(textOf(task, 'fullFormattedMessage')).toBe('Task: Power Off virtual machine');
  expect(textOf(off, 'chainId')).toBe(textOf(task, 'chainId'));
  expect(textOf(find(task, 'info'), 'descriptionId')).toBe('VirtualMachine.powerOff');
  expect(textOf(off, 'userName')).toBe(user);
  const place = ['vm', 'host', 'computeResource', 'datacenter', 'ds'].map(name =>
    textOf(find(off, name), 'name'),
  );
  expect(place).toEqual(['web01', 'esx01.lab.invalid', 'Cluster', 'Lab', 'datastore1']);
  expect(textOf(find(told[3], 'configSpec'), 'annotation')).toBe('new');
  expect([textOf(told[5], 'oldName'), textOf(told[5], 'newName')]).toEqual(['web01', 'web02']);
  expect(told.slice(-2).map(event => textOf(event, 'fullFormattedMessage'))).toEqual([
    'Task: Create virtual machine snapshot',
    'Task: Remove snapshot',
  ]);
  const recent = (await lab.read(web01, 'recentTask'))?.children.map(({ text }) => text) ?? [];
  expect(recent).toHaveLength(5);
  expect((await lab.read(['Task', recent.at(-1) ?? ''], 'info.descriptionId'))?.text).toBe(
    'vm.Snapshot.remove',
  );
});

test('events are chosen by place, type, user, category and time', async () => {
  const lab = await loggedIn();
  const count = async (filter: string) => (await events(lab, filter)).length;
  await lab.runTask('PowerOffVM_Task', web01);
  await lab.runTask('PowerOffVM_Task', db01);
  const powered = '<eventTypeId>vim.event.VmPoweredOffEvent</eventTypeId>';
  expect(await count(powered)).toBe(2);
  expect(await count(`${at(web01, 'self')}${powered}`)).toBe(1);
  expect(await count(`${at(rootFolder, 'all')}${powered}`)).toBe(2);
  expect(await count(`${at(rootFolder, 'self')}${powered}`)).toBe(0);
  expect(await count(`${at(['HostSystem', 'host-30'], 'all')}${powered}`)).toBe(1);
  expect(await count(`${at(['Folder', 'group-v42'], 'children')}${powered}`)).toBe(0);
  expect(
    await count(`<userName><systemUser>0</systemUser><userList>nobody</userList></userName>${powered}`),
  ).toBe(0);
  expect(
    await count(`<userName><systemUser>0</systemUser><userList>${user}</userList></userName>${powered}`),
  ).toBe(2);
  expect(await count(`<time><endTime>2020-01-01T00:00:00Z</endTime></time>${powered}`)).toBe(0);
  expect(await count(`<time><beginTime>2020-01-01T00:00:00Z</beginTime></time>${powered}`)).toBe(2);
  expect(await count('<eventTypeId>VmEvent</eventTypeId><maxCount>1</maxCount>')).toBe(1);
  await lab.control('POST', '/vms/build01', { filesLocked: true });
  const build01 = ['VirtualMachine', 'vm-1003'] as const;
  const { result } = await lab.runTask('CreateSnapshot_Task', build01, spec);
  await lab.runTask(
    'RemoveSnapshot_Task',
    ['VirtualMachineSnapshot', result?.text ?? ''],
    '<removeChildren>0</removeChildren>',
  );
  const [warning, ...more] = await events(lab, '<category>warning</category>');
  expect([typeOf(warning), textOf(warning, 'eventTypeId'), more.length]).toEqual([
    'EventEx',
    'com.vmware.vc.VmDiskConsolidationNeeded',
    0,
  ]);
  expect(await count('<eventTypeId>com.vmware.vc.VmDiskConsolidationNeeded</eventTypeId>')).toBe(1);
});

test('who comes, goes, and is refused is told', async () => {
  const lab = await loggedIn();
  await lab.call('Logout', ['SessionManager', 'SessionManager']);
  await lab.call(
    'Login',
    ['SessionManager', 'SessionManager'],
    '<userName>eve</userName><password>x</password>',
  );
  await lab.login();
  const told = (await events(lab)).slice(-4);
  expect(told.map(event => [typeOf(event), textOf(event, 'userName')])).toEqual([
    ['UserLoginSessionEvent', user],
    ['UserLogoutSessionEvent', user],
    ['BadUsernameSessionEvent', 'eve'],
    ['UserLoginSessionEvent', user],
  ]);
  expect(textOf(told[1], 'sessionId')).toBe(textOf(told[0], 'sessionId'));
});

test('a collector reads forwards and backwards, goes on with what comes later, and ends with its session', async () => {
  const lab = await loggedIn();
  for (let cycle = 0; cycle < 3; cycle += 1) {
    await lab.runTask('PowerOffVM_Task', web01);
    await lab.runTask('PowerOnVM_Task', web01);
  }
  const filter = '<filter><eventTypeId>VmEvent</eventTypeId></filter>';
  const made = returned(await lab.call('CreateCollectorForEvents', eventManager, filter))[0]!;
  const collector = ['EventHistoryCollector', made.text] as const;
  const read = async (method: string, count: number) => {
    const page = returned(await lab.call(method, collector, `<maxCount>${count}</maxCount>`));
    return page.map(event => (typeOf(event) === 'VmPoweredOnEvent' ? 'on' : 'off'));
  };
  expect(await read('ReadNextEvents', 4)).toEqual(['off', 'on', 'off', 'on']);
  expect(await read('ReadNextEvents', 4)).toEqual(['off', 'on']);
  expect(await read('ReadNextEvents', 4)).toEqual([]);
  expect(await read('ReadPreviousEvents', 3)).toEqual(['on', 'off', 'on']);
  await lab.call('RewindCollector', collector);
  expect(await read('ReadPreviousEvents', 3)).toEqual([]);
  await lab.call('SetCollectorPageSize', collector, '<maxCount>2</maxCount>');
  await lab.call('ResetCollector', collector);
  expect(await read('ReadNextEvents', 10)).toEqual(['off', 'on']);
  await lab.runTask('PowerOffVM_Task', web01);
  expect(await read('ReadNextEvents', 10)).toEqual(['off']);
  const latest = await lab.read(collector, 'latestPage');
  expect(latest!.children.map(event => typeOf(event))).toEqual(['VmPoweredOffEvent', 'VmPoweredOnEvent']);
  expect(typeOf(await lab.read(collector, 'filter'))).toBe('EventFilterSpec');
  for (const count of [0, -1, 1001])
    expect(faultType(await lab.call('ReadNextEvents', collector, `<maxCount>${count}</maxCount>`))).toBe(
      'InvalidArgument',
    );
  await lab.call('DestroyCollector', collector);
  expect(faultType(await lab.call('RewindCollector', collector))).toBe('ManagedObjectNotFound');
  for (let count = 0; count < 32; count += 1)
    await lab.call('CreateCollectorForEvents', eventManager, filter);
  expect(faultType(await lab.call('CreateCollectorForEvents', eventManager, filter))).toBe('InvalidState');
});

test('waiting clients hear of new events through their collector', async () => {
  const lab = await loggedIn();
  const filter = '<filter><eventTypeId>VmPoweredOffEvent</eventTypeId></filter>';
  const made = returned(await lab.call('CreateCollectorForEvents', eventManager, filter))[0]!;
  const watched =
    '<spec><propSet><type>EventHistoryCollector</type><pathSet>latestPage</pathSet></propSet>' +
    `<objectSet>${ref('obj', ['EventHistoryCollector', made.text])}</objectSet></spec><partialUpdates>0</partialUpdates>`;
  await lab.call('CreateFilter', propertyCollector, watched);
  const wait = async (version: string) =>
    await lab.call(
      'WaitForUpdatesEx',
      propertyCollector,
      `<version>${version}</version><options><maxWaitSeconds>30</maxWaitSeconds></options>`,
    );
  const first = await wait('');
  const waiting = wait(textOf(first, 'version') ?? '');
  await lab.runTask('PowerOffVM_Task', web01);
  const page = find(await waiting, 'val');
  expect(types(page!.children)).toEqual(['VmPoweredOffEvent']);
});

test('tasks are collected by place and state, with their progress step by step', async () => {
  const lab = await loggedIn();
  await lab.runTask('PowerOffVM_Task', web01);
  expect((await lab.runTask('PowerOffVM_Task', web01)).fault).toBe('InvalidPowerState');
  await lab.runTask('PowerOffVM_Task', db01);
  const collect = async (filter: string) => {
    const made = returned(
      await lab.call('CreateCollectorForTasks', taskManager, `<filter>${filter}</filter>`),
    )[0]!;
    const collector = ['TaskHistoryCollector', made.text] as const;
    return returned(await lab.call('ReadNextTasks', collector, '<maxCount>100</maxCount>')).map(info =>
      [textOf(info, 'entityName'), textOf(info, 'state')].join(' '),
    );
  };
  expect(await collect('')).toEqual(['web01 success', 'web01 error', 'db01 success']);
  expect(await collect(at(web01, 'self'))).toEqual(['web01 success', 'web01 error']);
  expect(await collect('<state>error</state>')).toEqual(['web01 error']);
  expect(await collect(`${at(rootFolder, 'all')}<state>success</state>`)).toHaveLength(2);
  const late = '<time><timeType>completedTime</timeType><beginTime>2999-01-01T00:00:00Z</beginTime></time>';
  expect(await collect(late)).toEqual([]);
  const methods = await lab.read(taskManager, 'description');
  expect(findAll(methods!, 'key').map(({ text }) => text)).toContain('VirtualMachine.createSnapshot');
  const description = await lab.read(eventManager, 'description');
  expect(findAll(description!, 'key').map(({ text }) => text)).toContain('VmMigratedEvent');

  await lab.control('POST', '/faults', { taskStepMs: 30 });
  const started = await lab.call('CreateSnapshot_Task', web01, spec);
  const task = ['Task', find(started, 'returnval')?.text ?? ''] as const;
  const seen = new Set<number>();
  for (;;) {
    const info = await lab.read(task, 'info');
    if (textOf(info, 'state') === 'success') break;
    seen.add(Number(textOf(info, 'progress') ?? 0));
  }
  expect(seen.size).toBeGreaterThan(2);
});

const host2 = ['HostSystem', 'host-30'] as const;

test('a VM moves to another host of its cluster, and no other', async () => {
  const lab = await loggedIn();
  const to = (host: Ref) => `${ref('host', host)}<priority>defaultPriority</priority>`;
  expect((await lab.runTask('MigrateVM_Task', web01, to(host2))).fault).toBeUndefined();
  expect((await lab.read(web01, 'runtime.host'))?.text).toBe('host-30');
  const [moved] = await events(lab, '<eventTypeId>VmMigratedEvent</eventTypeId>');
  expect([textOf(find(moved, 'sourceHost'), 'name'), textOf(find(moved, 'host'), 'name')]).toEqual([
    'esx01.lab.invalid',
    'esx02.lab.invalid',
  ]);
  expect(faultType(await lab.call('MigrateVM_Task', web01, to(['HostSystem', 'host-99'])))).toBe(
    'InvalidArgument',
  );
});

test.each([
  ['loses', false, 404, 'error'],
  ['keeps', true, 200, 'ready'],
] as const)('a host %s its lease when the VM moves from under it', async (_, keepLeases, status, state) => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { leaseUrls: 'esx' });
  const { result } = await lab.runTask('CreateSnapshot_Task', web01, spec);
  const snapshot = ['VirtualMachineSnapshot', result?.text ?? ''] as const;
  const lease = [
    'HttpNfcLease',
    find(await lab.call('ExportSnapshot', snapshot), 'returnval')?.text ?? '',
  ] as const;
  while ((await lab.read(lease, 'state'))?.text === 'initializing');
  const url = new URL(textOf(await lab.read(lease, 'info'), 'url') ?? '');
  expect(url.host).not.toBe(new URL(lab.lab.url).host);
  // Whoever asks is refused; nobody asks whoever does it by itself.
  const to = `${ref('host', host2)}<priority>defaultPriority</priority>`;
  expect(faultType(await lab.call('MigrateVM_Task', web01, to))).toBe('TaskInProgress');
  await lab.control('POST', '/vms/web01', { host: 'esx02.lab.invalid', keepLeases });
  expect((await lab.read(web01, 'runtime.host'))?.text).toBe('host-30');
  expect((await lab.read(lease, 'state'))?.text).toBe(state);
  expect((await lab.http('GET', url.pathname)).status).toBe(status);
});

test('a lease with a limit still sends every byte of every disk', async () => {
  const lab = await loggedIn();
  const { result } = await lab.runTask('CreateSnapshot_Task', db01, spec);
  const snapshot = ['VirtualMachineSnapshot', result?.text ?? ''] as const;
  const lease = [
    'HttpNfcLease',
    find(await lab.call('ExportSnapshot', snapshot), 'returnval')?.text ?? '',
  ] as const;
  while ((await lab.read(lease, 'state'))?.text === 'initializing');
  const urls = findAll((await lab.read(lease, 'info'))!, 'url');
  const paths = urls.map(({ text }) => new URL(text.replace('*', 'host')).pathname);
  const read = async () => await Promise.all(paths.map(async path => (await lab.http('GET', path)).body));
  const whole = await read();
  await lab.control('POST', '/faults', { leaseBytesPerSecond: 10_000_000 });
  expect(await read()).toEqual(whole);
});
