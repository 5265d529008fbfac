// In the middle of everything the server shows another certificate than the one that was accepted: the tree says so by itself,
// old and new are shown, and nothing is sent to it.
import assert from 'node:assert/strict';

import { addVCenter } from '../steps.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await editor.openQuiesce();
  await addVCenter(editor, lab);

  const { shown: newFingerprint } = await lab.control('POST', 'certificate', {});
  assert.notEqual(newFingerprint, lab.fingerprint);
  const { main } = await lab.control('GET', 'requests');
  const row = editor.row('Virtual Machines', 'Certificate changed');
  await row.waitFor();
  await editor.logged(`presented the certificate ${newFingerprint}, expected ${lab.fingerprint}`);
  assert.equal((await lab.control('GET', 'requests')).main, main, 'nothing was sent');
  await editor.shot('certificate-changed');

  await row.click();
  await editor.enter('Address of the vCenter', lab.url);
  await editor.question(newFingerprint).waitFor();
  assert.match(
    await editor.page.locator('.quick-input-widget input.input').getAttribute('placeholder'),
    new RegExp(`CHANGED.*${lab.fingerprint}`),
  );
  await editor.shot('old-and-new');
  assert.equal((await lab.control('GET', 'requests')).main, main, 'nothing was sent');
  await editor.pick('Trust this certificate');
  await editor.enter('User name', lab.user);
  await editor.enter('Password of', lab.password);
  await editor.row('Virtual Machines', 'web01').waitFor();
  assert.equal(
    (await lab.control('GET', 'sessions')).past.length,
    0,
    'the old session was not even logged out',
  );
}
