// The tree says what a backup of each VM can reach and why, arranged as the user likes it, and a page explains it; a VM is
// restored to another place, and the repository is checked.
import assert from 'node:assert/strict';

import { until } from '../editor.mjs';
import { backUp, connect } from '../steps.mjs';

const vms = 'Virtual Machines';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await editor.showOnly(vms);
  for (const [vm, text] of [
    ['web01', 'filesystem · FIFREEZE — no restore point'],
    ['build01', 'filesystem · 1 disk outside the snapshot'],
    ['archive01', 'crash · powered off, not known how'],
  ])
    await editor.row(vms, vm).getByText(text).waitFor();
  await editor.tooltip(editor.row(vms, 'archive01'), 'Shut the guest down cleanly');
  await editor.shot('predicted');

  await editor.command('Quiesce: Explain Consistency');
  await editor.pick('build01');
  const page = editor.page
    .locator('iframe.webview')
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame();
  await page.getByRole('heading', { name: 'Consistency of build01' }).waitFor();
  await page.getByText('Without Hard disk 2: independent disks are not part of snapshots (DSK-01)').waitFor();
  assert.equal(
    await page.getByRole('link', { name: 'open-vm-tools 13.1.0' }).first().getAttribute('href'),
    'https://github.com/vmware/open-vm-tools',
  );
  await editor.shot('explained');
  await editor.command('View: Close All Editors');

  await editor.command('Quiesce: Group Virtual Machines By…');
  await editor.pick('Hosts and clusters');
  await editor.row(vms, 'esx01.lab.invalid').waitFor();
  assert.equal(await editor.row(vms, 'Production').count(), 0);
  await editor.shot('by-hosts');
  await editor.reload();
  await editor.openQuiesce();
  await editor.row(vms, 'esx01.lab.invalid').waitFor();
  await editor.command('Quiesce: Group Virtual Machines By…');
  await editor.pick('Tags');
  await editor.row(vms, 'Environment').waitFor();
  await editor.row(vms, 'Daily').waitFor();
  await editor.row(vms, 'Without a tag').waitFor();
  await editor.shot('by-tags');
  await editor.command('Quiesce: Group Virtual Machines By…');
  await editor.pick('Datastores');
  await editor.row(vms, 'datastore2').waitFor();
  await editor.shot('by-datastores');
  await editor.command('Quiesce: Filter Virtual Machines…');
  await editor.enter('Words of the name', '@tag:Production web');
  await editor.page.getByText('Filter: @tag:Production web (1 of 4 VMs)').waitFor();
  assert.equal(await editor.row(vms, 'db01').count(), 0);
  await editor.shot('filtered');
  await editor.command('Quiesce: Clear Filter of Virtual Machines');
  await editor.row(vms, 'db01').first().waitFor();
  await editor.command('Quiesce: Group Virtual Machines By…');
  await editor.pick('Folders');
  await editor.row(vms, 'Production').waitFor();

  await editor.command('Quiesce: Check Privileges');
  await editor.pick(/127\.0\.0\.1/);
  await page.getByText('The account may do everything that Quiesce does.').waitFor();
  await editor.shot('privileges');
  await editor.command('View: Close All Editors');

  await editor.showOnly('Restore Points');
  await backUp(editor, 'web01');
  await editor.command('Quiesce: Restore VM…');
  await editor.pick('web01');
  await editor.pick(/^\d{4}-/);
  await editor.pick('Archive');
  await editor.shot('datastores');
  await editor.pick('datastore2');
  await editor.pick('Backend');
  await editor.accept('Shall the network cards be connected');
  await editor.enter('Name of the new VM', 'web01-elsewhere');
  const dialog = editor.dialog('Restore web01 as the new VM web01-elsewhere');
  await dialog.waitFor();
  for (const line of ['Folder: Archive', 'Datastore: datastore2', 'Network: Backend instead of VM Network'])
    await dialog.getByText(line).waitFor();
  await editor.shot('placed');
  await editor.page.keyboard.press('Enter');
  await until('the VM is there', async () =>
    (await lab.control('GET', 'vms')).some(({ name }) => name === 'web01-elsewhere'),
  );
  await editor.toast('Restore of a VM').waitFor();

  await editor.command('Quiesce: Check Repository…');
  await editor.pick('Read everything');
  await editor.toast('no errors (1 restore points, all').waitFor();
  await editor.shot('checked');
}
