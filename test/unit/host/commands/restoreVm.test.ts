import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { restoreVm } from '../../../../src/host/commands/restoreVm.ts';
import { startVmRestore } from '../../../../src/protocol/job.ts';
import { listPlacements, type PlacementsDto, planVmRestore } from '../../../../src/protocol/plan.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { type Action, ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, pointId } from '../hostFixture.ts';

const GiB = 1024 ** 3;
const place = (id: string, name: string, path: string, isFormer = false) => ({ id, name, path, isFormer });
const datastore = (id: string, name: string, freeBytes: number, isFormer = false) => ({
  ...place(id, name, `/Lab/datastore/${name}`, isFormer),
  ...{ freeBytes, capacityBytes: 2048 * GiB },
});

/** Several of everything; the VM was in Production, on fast, in two networks of which one is gone. */
const several: PlacementsDto = {
  originalName: 'web01',
  folders: [place('group-1', 'vm', '/Lab/vm'), place('group-2', 'Production', '/Lab/vm/Production', true)],
  resourcePools: [
    place('resgroup-1', 'Resources', '/Lab/host/East/Resources', true),
    place('resgroup-2', 'Resources', '/Lab/host/West/Resources', true),
  ],
  datastores: [datastore('ds-1', 'slow', 1536 * GiB), datastore('ds-2', 'fast', 10 * GiB, true)],
  networks: [
    place('net-1', 'VM Network', '/Lab/network/VM Network', true),
    place('net-2', 'Test', '/Lab/network/Test'),
  ],
  formerNetworks: ['VM Network', 'Gone'],
};

/** One of everything, and the VM's network. */
const single: PlacementsDto = {
  originalName: 'web01',
  folders: [several.folders[0]!],
  resourcePools: [several.resourcePools[0]!],
  datastores: [several.datastores[0]!],
  networks: [several.networks[0]!],
  formerNetworks: ['VM Network'],
};

async function restore(actions: readonly Action[], placements: PlacementsDto, confirms = true) {
  const ui = new ScriptedUi(actions, { confirms });
  const { host, worker } = hostFixture(ui);
  const vc = { name: 'vc.lab', url: 'https://vc.lab', user: 'admin', fingerprint: 'AA:BB' };
  await host.known.saveVCenter(vc);
  await host.credentials.keep('vcenter/vc.lab', 'right');
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  await host.credentials.keep('repository/main', 'secret');
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }))
    .on(listPlacements, () => placements)
    .on(planVmRestore, params => {
      if (params.name === 'web01') throw new AppError('CONFLICT', 'a VM named web01 exists');
      return {
        ...{ originalName: 'web01', vcenter: params.vcenter, name: params.name },
        ...{ folder: 'Production', resourcePool: 'Resources', datastore: 'fast' },
        networks: placements.formerNetworks.map(from => ({
          from,
          to: params.networks.find(mapping => mapping.from === from)?.to ?? from,
        })),
        connectNetworks: params.connectNetworks,
        ...{ disks: [], changes: [], warnings: [] },
      };
    })
    .on(startVmRestore, () => ({ jobId: 'j1' }));
  const point = { id: pointId, takenAt: '2026-03-01T09:00:00Z', vmName: 'web01', serverInstanceUuid: 's' };
  const row = { kind: 'point', ref: { repository: 'main', point: pointId }, point } as const;
  const done = await restoreVm(host, row).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { ui, worker, done };
}

const id = { repository: 'main', point: pointId, vcenter: 'vc.lab' };

test('where there is no choice, only the connection and the name are asked', async () => {
  const { ui, worker, done } = await restore(['enter', 'enter'], single);
  expect(done).toBeUndefined();
  expect(ui.shown.map(text => text.replace(/^\d+\/\d+( ←)? /, ''))).toEqual([
    'Shall the network cards be connected when the new VM is powered on?',
    'Name of the new VM. The original is not touched',
  ]);
  expect(worker.paramsOf(startVmRestore)).toEqual([
    {
      ...{ ...id, name: 'web01-restored', folder: 'group-1', resourcePool: 'resgroup-1' },
      ...{ datastore: 'ds-1', networks: [], connectNetworks: false },
    },
  ]);
});

test('Enter takes where the VM was, its networks, and cards that stay disconnected', async () => {
  const { ui, worker } = await restore(
    ['enter', 'enter', 'enter', 'enter', { pick: 'Test' }, 'enter', 'enter'],
    several,
  );
  expect(ui.left).toBe(0);
  expect(ui.shown.map(text => text.replace(/^\d+\/\d+( ←)? /, ''))).toEqual([
    'Folder for the new VM',
    'Resource pool or host for the new VM',
    'Datastore for the new VM',
    'Network for the cards that were in VM Network',
    'Network for the cards that were in Gone',
    'Shall the network cards be connected when the new VM is powered on?',
    'Name of the new VM. The original is not touched',
  ]);
  expect(worker.paramsOf(startVmRestore)).toEqual([
    {
      ...{ ...id, name: 'web01-restored', folder: 'group-2', resourcePool: 'resgroup-1' },
      ...{ datastore: 'ds-2', networks: [{ from: 'Gone', to: 'net-2' }], connectNetworks: false },
    },
  ]);
  expect(ui.confirmations[0]?.lines).toEqual(
    expect.arrayContaining([
      ...['vCenter: vc.lab', 'Folder: Production', 'Resource pool: Resources', 'Datastore: fast'],
      ...['Network: VM Network, as before', 'Network: net-2 instead of Gone'],
      'Network cards stay disconnected at power-on.',
    ]),
  );
});

test('another place is taken as chosen; going back finds the former answer', async () => {
  const { worker } = await restore(
    [
      { pick: 'vm' },
      'back',
      // What was chosen before is preselected now, not where the VM was.
      'enter',
      'enter',
      { pick: 'slow' },
      { pick: 'Test' },
      { pick: 'VM Network' },
      { pick: 'Connect them' },
      { type: 'web02' },
    ],
    several,
  );
  expect(worker.paramsOf(startVmRestore)).toEqual([
    {
      ...{ ...id, name: 'web02', folder: 'group-1', resourcePool: 'resgroup-1', datastore: 'ds-1' },
      networks: [
        { from: 'VM Network', to: 'net-2' },
        { from: 'Gone', to: 'net-1' },
      ],
      connectNetworks: true,
    },
  ]);
});

test('a name that is taken in that place is told while it can be changed', async () => {
  const { ui, worker } = await restore(['enter', { type: '' }, { type: 'web01' }, { type: 'web03' }], single);
  expect(ui.refused).toEqual(['Enter a name', 'AppError: a VM named web01 exists']);
  expect(worker.paramsOf(startVmRestore).map(({ name }) => name)).toEqual(['web03']);
});

test('nothing is started if the plan is refused', async () => {
  const { worker, done } = await restore(['enter', 'enter'], single, false);
  expect(done).toMatchObject({ code: 'CANCELLED' });
  expect(worker.paramsOf(startVmRestore)).toEqual([]);
});
