import { expect, test } from 'vitest';

import { applyRemedy, resetTracking } from '../../../../src/host/commands/applyRemedy.ts';
import { startRemedy } from '../../../../src/protocol/job.ts';
import { planRemedy, trackingReset } from '../../../../src/protocol/plan.ts';
import { explainVm, listVms } from '../../../../src/protocol/vm.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, vmDto } from '../hostFixture.ts';

const node = { kind: 'vm', vcenter: 'vc', vm: vmDto(), newest: undefined } as const;
const source = { title: 'A guide' };
const remark = { text: 'a finding', certainty: 'certain', source } as const;

async function fixture(ui: ScriptedUi) {
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter({ name: 'vc', url: 'https://vc', user: 'u', fingerprint: 'AA' });
  await host.credentials.keep('vcenter/vc', 'right');
  worker
    .on(
      explainVm,
      () =>
        ({
          limits: [],
          remarks: [
            { ...remark, rule: 'CAP-04', remedy: 'Enable changed block tracking', canBeApplied: true },
            { ...remark, rule: 'TLS-07', remedy: 'Upgrade' },
          ],
        }) as never,
    )
    .on(planRemedy, ({ vm, rule }) => ({
      ...{ vmName: vm.name, rule, text: 'Enable changed block tracking' },
      price: ['the VM is stunned for a moment'],
      steps: ['reconfigure', 'snapshot-and-remove'] as const,
    }))
    .on(startRemedy, () => ({ jobId: 'j1' }));
  return { host, worker };
}

test('the price is read before anything is done, and only what the server can do is offered', async () => {
  const ui = new ScriptedUi([{ pick: 'Enable changed block tracking' }]);
  const { host, worker } = await fixture(ui);
  await applyRemedy(host, node);
  expect(ui.confirmations[0]).toEqual({
    question: 'Enable changed block tracking of web01?',
    lines: [
      'Price: The VM is stunned for a moment.',
      'Steps: change the settings of the VM, take a snapshot and remove it',
      'For rule CAP-04',
    ],
    action: 'Apply',
  });
  const vm = { vcenter: 'vc', id: 'vm-1', name: 'web01' };
  expect(worker.paramsOf(startRemedy)).toEqual([{ vm, rule: 'CAP-04' }]);
  await expect(
    applyRemedy((await fixture(new ScriptedUi([{ pick: 'Upgrade' }]))).host, node),
  ).rejects.toThrow('no Upgrade among Enable changed block tracking');
});

test('without a yes nothing is started', async () => {
  const ui = new ScriptedUi([], { confirms: false });
  const { host, worker } = await fixture(ui);
  const vm = { vcenter: 'vc', id: 'vm-1', name: 'web01' };
  await expect(applyRemedy(host, { kind: 'remedy', vm, rule: 'CAP-04' })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  expect(worker.paramsOf(startRemedy)).toEqual([]);
});

test('tracking is reset once its price was read, for the VM that is picked', async () => {
  const ui = new ScriptedUi([{ pick: 'web01' }]);
  const { host, worker } = await fixture(ui);
  worker.on(listVms, () => ({ vms: [vmDto()] }));
  await resetTracking(host, undefined);
  expect(ui.confirmations[0]?.lines).toEqual([
    'Price: The VM is stunned for a moment.',
    'Steps: change the settings of the VM, take a snapshot and remove it',
  ]);
  const vm = { vcenter: 'vc', id: 'vm-1', name: 'web01' };
  expect(worker.paramsOf(startRemedy)).toEqual([{ vm, rule: trackingReset }]);

  const unwilling = await fixture(new ScriptedUi([], { confirms: false }));
  await expect(resetTracking(unwilling.host, node)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(unwilling.worker.paramsOf(startRemedy)).toEqual([]);
});
