// Somebody has damaged a configuration file in a running guest: it is compared with the restore point and put back.
import assert from 'node:assert/strict';

import { backUp, connect } from '../steps.mjs';

const path = '/etc/web/web.conf';
const damaged = 'listen = 0.0.0.0\nname = damaged\n';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await backUp(editor, 'web01');
  const before = await lab.guestText('web01', path);
  await lab.writeGuestText('web01', path, damaged);

  await editor.command('Quiesce: Restore to Guest…');
  await editor.pick('web01');
  await editor.pick(/^\d{4}-/);
  for (const name of path.split('/').slice(1)) await editor.pick(name);
  await editor.enter('Account in the guest of web01', 'root');
  await editor.enter('Password of root', await lab.guestPassword('root'));
  await editor.pick('Show Difference: web.conf');
  await editor.line('name = damaged').waitFor();
  await editor.line('name = web').waitFor();
  await editor.shot('guest-difference');
  assert.equal(await lab.guestText('web01', path), damaged, 'looking changes nothing');

  await editor.pick('Restore…');
  await editor.dialog('into the guest of web01 as root').waitFor();
  await editor.shot('guest-restore-plan');
  await editor.page.keyboard.press('Enter');
  await editor.toast('Restore into the guest of web01').waitFor();
  await editor.shot('guest-restored');
  assert.equal(await lab.guestText('web01', path), before);
  const names = (await lab.guestFolder('web01', '/etc/web')).map(({ name }) => name);
  const [aside, ...others] = names.filter(name => name !== 'web.conf');
  assert.match(aside, /^web\.conf\.quiesce-before-\d{8}T\d{9}Z$/);
  assert.deepEqual(others, [], 'no temporary file is left');
  assert.equal(await lab.guestText('web01', `/etc/web/${aside}`), damaged);

  // The account is known now; the file is as it was, so that nothing is asked but whether to go on.
  await editor.command('Quiesce: Restore to Guest…');
  await editor.pick('web01');
  await editor.pick(/^\d{4}-/);
  for (const name of path.split('/').slice(1)) await editor.pick(name);
  await editor.dialog('into the guest of web01 as root').waitFor();
  await editor.page.keyboard.press('Escape');
}
