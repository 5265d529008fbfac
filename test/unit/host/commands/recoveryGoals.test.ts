import { expect, test } from 'vitest';

import { setRecoveryGoal } from '../../../../src/host/commands/recoveryGoals.ts';
import { listStandings, removeGoal, setGoal } from '../../../../src/protocol/recovery.ts';
import { listVms } from '../../../../src/protocol/vm.ts';
import { type Action, ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, vmDto } from '../hostFixture.ts';

const web = vmDto({
  inventoryPath: '/Lab/vm/Production/web01',
  computePath: '/Lab/host/Cluster/esx01/web01',
  tags: [{ category: 'Tier', name: 'Gold' }],
});
const database = vmDto({ id: 'vm-2', name: 'db01' });
const nodeOf = (vm: typeof web) => ({ kind: 'vm', vcenter: 'vc', vm, newest: undefined }) as const;
const times: readonly Action[] = [{ pick: 'crash-consistent' }, { type: '24 h' }, { type: '' }];

async function fixture(actions: readonly Action[]) {
  const ui = new ScriptedUi(actions);
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter({ name: 'vc', url: 'https://vc', user: 'admin', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/vc', 'right');
  worker.on(listStandings, () => ({ standings: [], problems: [] }));
  worker.on(listVms, () => ({ vms: [web, database] }));
  worker.on(setGoal, () => ({})).on(removeGoal, () => ({}));
  return { host, worker, ui };
}

test.each([
  ['web01 alone', { kind: 'vm', vm: { vcenter: 'vc', id: 'vm-1', name: 'web01' } }],
  ['All VMs with the tag Tier: Gold', { kind: 'tag', vcenter: 'vc', category: 'Tier', tag: 'Gold' }],
  ['All VMs below /Lab/vm/Production', { kind: 'folder', vcenter: 'vc', path: '/Lab/vm/Production' }],
  [/^All VMs below \/Lab$/, { kind: 'folder', vcenter: 'vc', path: '/Lab' }],
  [
    'All VMs that run on /Lab/host/Cluster/esx01',
    { kind: 'compute', vcenter: 'vc', path: '/Lab/host/Cluster/esx01' },
  ],
  [
    /^All VMs that run on \/Lab\/host\/Cluster$/,
    { kind: 'compute', vcenter: 'vc', path: '/Lab/host/Cluster' },
  ],
])('a goal is set for what a VM belongs to: %s', async (pick, scope) => {
  const { host, worker, ui } = await fixture([{ pick }, ...times]);
  await setRecoveryGoal(host, [nodeOf(web)]);
  expect(ui.left).toBe(0);
  const goal = { minimumLevel: 'crash', maxAgeMs: 86_400_000 };
  expect(worker.paramsOf(setGoal)).toEqual([{ scope, goal }]);
});

test('several selected VMs have a goal under a name, which can be taken away again', async () => {
  const vms = [
    { vcenter: 'vc', id: 'vm-1', name: 'web01' },
    { vcenter: 'vc', id: 'vm-2', name: 'db01' },
  ];
  const selected = [nodeOf(web), nodeOf(database)];
  const scope = { kind: 'group', vcenter: 'vc', group: 'shop', vms };
  const set = await fixture([{ pick: 'The 2 selected VMs' }, { type: ' ' }, { type: 'shop ' }, ...times]);
  await setRecoveryGoal(set.host, selected);
  expect(set.ui.refused).toEqual(['Enter a name']);
  expect(set.worker.paramsOf(setGoal)).toMatchObject([{ scope }]);
  const removed = await fixture([{ pick: 'The 2 selected VMs' }, { type: 'shop' }, { pick: 'No goal' }]);
  await setRecoveryGoal(removed.host, selected);
  expect(removed.worker.paramsOf(removeGoal)).toEqual([{ scope }]);
});

test('a VM by itself is no group, and one whose host is unknown is on no host', async () => {
  const { host } = await fixture([{ pick: /selected VMs/ }]);
  await expect(setRecoveryGoal(host, [nodeOf(web)])).rejects.toThrow('no ');
  const { host: other } = await fixture([{ pick: /run on/ }]);
  await expect(setRecoveryGoal(other, [nodeOf(database)])).rejects.toThrow('no ');
});
