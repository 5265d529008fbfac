// From an empty editor to a restored file, with the window reloaded while the backup runs.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../editor.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await editor.openQuiesce();
  await editor.page.getByText('No vCenter or ESXi host has been added').waitFor();
  await editor.shot('welcome');

  await editor.command('Quiesce: Add vCenter…');
  await editor.enter('Address of the vCenter', lab.url);
  await editor.question(lab.fingerprint).waitFor();
  await editor.shot('fingerprint');
  await editor.pick('Trust this certificate');
  await editor.enter('User name', lab.user);
  await editor.enter('Password of', lab.password);
  await editor.row('Virtual Machines', 'web01').waitFor();

  await editor.command('Quiesce: Create Repository…');
  await editor.enter('Empty or new folder', join(editor.folder, 'repository'));
  await editor.enter('Password that encrypts', 'correct horse battery staple');
  await editor.enter('The same password again', 'correct horse battery staple');
  await editor.row('Restore Points', 'repository').waitFor();

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
  const [snapshot] = await lab.snapshots();
  assert.equal((await lab.snapshots()).length, 1, 'one snapshot was taken in all');
  assert.deepEqual(await lab.snapshotsLeft(), [], 'no snapshot is left');

  await editor.command('Quiesce: Restore Guest File…');
  await editor.pick('web01');
  await editor.pick(/^\d{4}-/);
  for (const name of ['var', 'lib', 'guest', 'identity.txt']) await editor.pick(name);
  await editor.enter('Folder to restore', join(editor.workspace, 'restored'));
  await editor.dialog('Restore /var/lib/guest/identity.txt').waitFor();
  await editor.shot('restore-plan');
  await editor.answerDialog('Restore /var/lib/guest/identity.txt', 'Restore');
  await editor.toast('Restore of files').waitFor();
  const restored = await readFile(join(editor.workspace, 'restored/identity.txt'), 'utf8');
  assert.match(restored, /^guest: web01\ndisk: web01/);
  assert.equal(restored.length, 4096);
  await editor.shot('restored');
  assert.equal(snapshot.quiesced, true);
}
