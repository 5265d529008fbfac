// From an empty editor to a restored file, with the window reloaded while the backup runs.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { connect, restoreFile } from '../steps.mjs';
import { until } from '../editor.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await editor.openQuiesce();
  await editor.page.getByText('No vCenter or ESXi host has been added').waitFor();
  await editor.shot('welcome');
  await connect(editor, lab);

  await lab.hold();
  await editor.act(editor.row('Virtual Machines', 'web01'), 'Back Up Now');
  await editor.pick('Quiesced');
  await editor.status('Backup of web01').waitFor();
  await until('the backup has its snapshot', async () => (await lab.snapshotsLeft()).length === 1);
  const worker = await editor.worker();
  await editor.shot('backup-runs');

  await editor.reload();
  await editor.openQuiesce();
  await editor.status('Backup of web01').waitFor();
  assert.equal(await editor.worker(), worker, 'the worker is the same');
  await editor.shot('backup-found-again');
  await lab.letGo();
  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, ['repository', 'web01', /^20/, 'Hard disk 1', 'web01', 'etc']);
  await editor.row('Restore Points', 'hostname').dblclick();
  await editor.line('guest').waitFor();
  await editor.shot('guest-file');
  const [snapshot, ...others] = await lab.snapshots();
  assert.deepEqual(others, [], 'one snapshot was taken in all');
  assert.equal(snapshot.quiesced, true);
  assert.deepEqual(await lab.snapshotsLeft(), [], 'no snapshot is left');

  await restoreFile(editor, 'web01', '/var/lib/guest/identity.txt', join(editor.workspace, 'restored'));
  const restored = await readFile(join(editor.workspace, 'restored/identity.txt'), 'utf8');
  assert.match(restored, /^guest: web01\ndisk: web01/);
  assert.equal(restored.length, 4096);
  await editor.shot('restored');
}
