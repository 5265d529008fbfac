// A newer version is installed and the extension host dies while a backup runs: the backup goes on, the new version
// finds it, and has a worker of its own once it is over.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { packageExtension } from '../../../scripts/vsix.mjs';
import { until } from '../editor.mjs';
import { connect, startHeldBackup } from '../steps.mjs';

export async function story(editor, { startLab, resultsFolder }) {
  const lab = await startLab();
  await connect(editor, lab);
  await startHeldBackup(editor, lab, 'web01');
  const worker = await editor.worker();

  const newer = join(resultsFolder, 'quiesce-newer.vsix');
  packageExtension(newer, '0.1.1');
  await editor.server.install(newer);
  const hosts = await editor.server.extensionHosts();
  assert.equal(hosts.length, 1);
  process.kill(hosts[0], 'SIGKILL');
  await editor.reload();
  await editor.openQuiesce();
  await editor.status('Backup of web01').waitFor();
  assert.equal(await editor.worker(), worker, 'the worker of the older version goes on');
  assert.notEqual((await editor.server.extensionHosts())[0], hosts[0]);
  assert.deepEqual(await editor.server.installedVersions(), ['0.1.1']);
  await editor.shot('backup-found-by-newer-version');

  await lab.letGo();
  await editor.row('Restore Points', 'web01', 2).waitFor();
  assert.equal((await lab.snapshots()).length, 1, 'the backup was not begun anew');
  assert.deepEqual(await lab.snapshotsLeft(), []);
  await until('the older worker has ended', async () => !(await editor.server.workers()).includes(worker));
  await editor.shot('older-worker-has-gone');
  await editor.command('Quiesce: Refresh');
  await until('a worker of the newer version runs', async () => (await editor.server.workers()).length === 1);
  await editor.row('Restore Points', 'web01', 2).waitFor();
}
