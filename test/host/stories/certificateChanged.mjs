// The server shows another certificate than the one that was accepted: old and new are shown, and nothing is sent to it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../editor.mjs';
import { addVCenter } from '../steps.mjs';

export async function story(editor, { startLab }) {
  const passwordFile = join(editor.folder, 'lab-password');
  await writeFile(passwordFile, 'the same for both\n', { mode: 0o600 });
  const before = await startLab(['--password-file', passwordFile]);
  await editor.openQuiesce();
  await addVCenter(editor, before);

  await before.close();
  const after = await startLab(['--password-file', passwordFile, '--listen', `127.0.0.1:${before.port}`]);
  assert.notEqual(after.fingerprint, before.fingerprint);
  const row = editor.row('Virtual Machines', 'Certificate changed');
  // Until the worker has tried the server anew, what was known last is shown as stale.
  await until('the change is noticed', async () => {
    await editor.command('Quiesce: Refresh');
    return await row.waitFor({ timeout: 2000 }).then(
      () => true,
      () => false,
    );
  });
  await editor.logged(`presented the certificate ${after.fingerprint}, expected ${before.fingerprint}`);
  assert.deepEqual(await after.control('GET', 'sessions'), { live: [], past: [] }, 'no login was tried');
  await editor.shot('certificate-changed');

  await row.click();
  await editor.enter('Address of the vCenter', after.url);
  await editor.question(after.fingerprint).waitFor();
  assert.match(
    await editor.page.locator('.quick-input-widget input.input').getAttribute('placeholder'),
    new RegExp(`CHANGED.*${before.fingerprint}`),
  );
  await editor.shot('old-and-new');
  assert.deepEqual(await after.control('GET', 'sessions'), { live: [], past: [] }, 'no login was tried');
  await editor.pick('Trust this certificate');
  await editor.enter('User name', after.user);
  await editor.enter('Password of', after.password);
  await editor.row('Virtual Machines', 'web01').waitFor();
  assert.equal((await after.control('GET', 'sessions')).live.length, 1);
}
