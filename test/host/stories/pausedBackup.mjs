// A backup is paused on its row, says what it still holds, goes on, and what has failed is tried again.
import assert from 'node:assert/strict';

import { until } from '../editor.mjs';
import { connect, startHeldBackup } from '../steps.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await startHeldBackup(editor, lab, 'web01');
  await editor.showOnly('Jobs');
  const row = editor.row('Jobs', 'Backup of web01');
  await editor.act(row, 'Pause Job');
  await row.getByText('Paused: the snapshot of web01').waitFor();
  await editor.shot('paused');
  const isOpen = ({ state }) => state === 'ready' || state === 'initializing';
  assert.equal((await lab.control('GET', 'leases')).some(isOpen), false, 'no lease is held');
  assert.equal((await lab.snapshotsLeft()).length, 1, 'the snapshot is kept');

  await lab.letGo();
  await editor.act(row, 'Resume Job');
  await editor.toast('Backup of web01: ').waitFor();
  await until('no snapshot is left', async () => (await lab.snapshotsLeft()).length === 0);
  assert.equal((await lab.snapshots()).length, 1, 'one snapshot was taken in all');

  await startHeldBackup(editor, lab, 'db01');
  const other = editor.row('Jobs', 'Backup of db01');
  await editor.act(other, 'Cancel Job');
  await other.getByText('cancelled').waitFor();
  await lab.letGo();
  await editor.act(other, 'Retry What Has Failed');
  await editor.toast('Backup of db01: ').waitFor();
  await editor.shot('tried-again');
}
