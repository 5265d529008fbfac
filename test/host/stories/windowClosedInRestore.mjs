// The only window is closed while a VM is being restored: the restore ends whole, and the next window tells of it.
import assert from 'node:assert/strict';

import { until } from '../editor.mjs';
import { backUp, connect } from '../steps.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await backUp(editor, 'db01');
  const [{ disks }] = await lab.snapshots();

  await lab.control('POST', 'faults', { delays: { ImportVApp: 6000 } });
  await editor.command('Quiesce: Restore VM…');
  await editor.pick('db01');
  await editor.pick(/^\d{4}-/);
  await editor.accept('Folder for the new VM');
  await editor.accept('Datastore for the new VM');
  await editor.accept('Network for the cards that were in VM Network');
  await editor.accept('Network for the cards that were in Backend');
  await editor.accept('Shall the network cards be connected');
  await editor.enter('Name of the new VM', 'db01-restored');
  await editor.dialog('Restore db01 as the new VM db01-restored').waitFor();
  await editor.shot('vm-plan');
  await editor.page.keyboard.press('Enter');
  await editor.status('Restore of a VM').waitFor();
  assert.equal(await restoredVm(lab), undefined, 'the restore is not over');
  const worker = await editor.worker();
  await editor.closeWindow();

  const restored = await until('the VM is there', async () => await restoredVm(lab));
  await until('its lease is over', async () =>
    (await lab.control('GET', 'leases')).every(({ state }) => state === 'done' || state === 'error'),
  );
  for (const { deviceKey, position } of disks) {
    const { sha256 } = await lab.control('GET', `disks/db01/${deviceKey}/sha256?position=${position}`);
    const now = await lab.control('GET', `disks/db01-restored/${deviceKey}/sha256`);
    assert.equal(now.sha256, sha256, `disk ${deviceKey} of ${restored.name}`);
  }

  const next = await editor.openWindow();
  await next.openQuiesce();
  await next.row('Virtual Machines', 'db01-restored').waitFor();
  await next.row('Jobs', 'Restore of a VM: db01').getByText('powered off').waitFor();
  assert.equal(await next.worker(), worker);
  await next.shot('restore-found-again');
}

async function restoredVm(lab) {
  return (await lab.control('GET', 'vms')).find(({ name }) => name === 'db01-restored');
}
