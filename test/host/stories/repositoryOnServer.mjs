// A repository in an object store: created with the account of its server, filled, found again by another worker with what
// the editor has kept, and looked after from its menu. The server is somebody else's.
import assert from 'node:assert/strict';

import { s3Root, startS3Server } from '../../support/storeServers.ts';
import { until } from '../editor.mjs';
import { addVCenter, backUp, repositoryPassword } from '../steps.mjs';

/** It makes the server. */
export const tools = ['go'];

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await using server = await startS3Server('backups');
  await editor.openQuiesce();
  await addVCenter(editor, lab);

  await editor.command('Quiesce: Create Repository…');
  await editor.pick('S3-compatible object store');
  await editor.enter('Address of the repository', `http://127.0.0.1:${server.port}/backups/vms`);
  await editor.enter('Access key id', s3Root.user);
  await editor.enter('Secret access key', s3Root.secret);
  await editor.enter('Session token', '');
  await editor.enter('Region of the bucket', '');
  await editor.enter('Certificate file', '');
  await editor.enter('Password that encrypts', repositoryPassword);
  await editor.enter('The same password again', repositoryPassword);
  await editor.pick('Go without a recovery kit');
  await editor.row('Restore Points', 'vms').waitFor();
  await editor.shot('created');
  await backUp(editor, 'web01');

  process.kill(await editor.worker(), 'SIGKILL');
  await until('the worker is gone', async () => (await editor.server.workers()).length === 0);
  await editor.command('Quiesce: Unlock Repository');
  await editor.toast('locks of holders that are gone were removed').waitFor();
  await editor.command('Quiesce: Prune Repository…');
  await editor.dialog('Prune the repository vms?').waitFor();
  await editor.shot('prune');
  await editor.page.keyboard.press('Enter');
  await editor.toast('Prune of repository vms: ').waitFor();

  for (const path of await editor.server.logs())
    for (const secret of [s3Root.secret, repositoryPassword])
      assert.ok(!(await editor.server.holds(path, secret)), `${path} holds a password`);
}
