// A colleague's backup was killed, and somebody has forgotten a snapshot: the tree says so, the page tells whose each is,
// and what another installation has left goes once it has expired and the user agrees. What is a person's stays.
import assert from 'node:assert/strict';

import { Cli } from '../cli.mjs';
import { until } from '../editor.mjs';
import { connect } from '../steps.mjs';

const view = 'Virtual Machines';
const hourMs = 3_600_000;

export async function story(editor, { startLab }) {
  const lab = await startLab();
  const repositoryFolder = await connect(editor, lab);
  const colleague = await Cli.open(editor, lab, repositoryFolder);
  await lab.hold();
  const { child, ended } = colleague.start('backup', 'db01');
  await until('the backup has its snapshot', async () => (await lab.snapshotsLeft()).length === 1);
  const isReady = ({ state }) => state === 'ready';
  await until('a disk is read', async () => (await lab.control('GET', 'leases')).some(isReady));
  child.kill('SIGKILL');
  await ended;
  await lab.letGo();

  await editor.command('Quiesce: Take Quiesced Snapshot');
  await editor.pick('web01');
  await editor.enter('Name of the snapshot of web01', 'before the update');
  await until('the snapshot is there', async () => (await lab.snapshotsLeft()).length === 2);
  await lab.control('POST', 'disks/web01/2000/burst', { bytes: 3_000_000 });
  await lab.control('POST', 'vms/archive01', { consolidationNeeded: true });
  await lab.control('POST', 'clock', { advanceMs: 80 * hourMs });

  await editor.command('Quiesce: Guard Snapshots');
  await editor.pick(/127\.0\.0\.1/);
  const question = 'Remove snapshots that other installations have left behind?';
  const dialog = editor.dialog(question);
  await dialog.waitFor();
  await dialog.getByText(/db01: Quiesce backup .*expired/).waitFor();
  await editor.shot('asked');
  await editor.dismissDialog(question);
  assert.equal((await lab.snapshotsLeft()).length, 2, 'nobody has agreed yet');
  const page = editor.page
    .locator('iframe.webview')
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame();
  await page.getByText('1 left behind by others, 1 old, 1 to consolidate').waitFor();
  await editor.showOnly(view);
  const row = editor.row(view, 'Snapshot guardian');
  await row.getByText('1 left behind by others · 1 old · 1 to consolidate').waitFor();
  await editor.expand(view, 2, ['Snapshot guardian']);
  await editor
    .row(view, 'web01: before the update')
    .getByText(/3 d 8 h · grown .* a day · old/)
    .waitFor();
  await editor.row(view, 'archive01', 3).getByText('disks need consolidation').waitFor();
  await editor.shot('guardian');

  await editor.command('Quiesce: Guard Snapshots');
  await editor.pick(/127\.0\.0\.1/);
  await editor.answerDialog(question, 'Remove');
  await until('the expired one is gone', async () => (await lab.snapshotsLeft()).length === 1);
  const [left] = (await lab.snapshots()).filter(({ removeTime }) => removeTime === undefined);
  assert.equal(left.name, 'before the update');
  await editor.toast('given back').waitFor();
  await row.getByText('1 old · 1 to consolidate').waitFor();
  await editor.shot('removed');
}
