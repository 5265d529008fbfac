// A password that is refused is said where it was entered, and can be corrected there; the refused one is kept nowhere.
import assert from 'node:assert/strict';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await editor.openQuiesce();
  await editor.command('Quiesce: Add vCenter…');
  await editor.enter('Address of the vCenter', lab.url);
  await editor.pick('Trust this certificate');
  await editor.enter('User name', lab.user);
  await editor.enter('Password of', 'wr0ng-s3cret');
  await editor.question('does not accept the user').waitFor();
  await editor.shot('refused');
  assert.deepEqual(await lab.control('GET', 'sessions'), { live: [], past: [] }, 'nobody is logged in');
  await editor.enter('does not accept the user', lab.password);
  await editor.row('Virtual Machines', 'web01').waitFor();
  for (const path of await editor.server.logs())
    for (const secret of ['wr0ng-s3cret', lab.password])
      assert.ok(!(await editor.server.holds(path, secret)), `${path} holds a password`);
}
