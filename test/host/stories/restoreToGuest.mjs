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
  await editor.dialog('into the guest of web01 as root').waitFor();
  await editor.answerDialog('into the guest of web01 as root', 'Compare First…');
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

  // The account is known now: one click on the row, and one confirmation.
  await lab.writeGuestText('web01', path, damaged);
  await editor.command('Notifications: Clear All Notifications');
  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, [
    'repository',
    'web01',
    /^20/,
    'Hard disk 1',
    'web01',
    'etc',
    'web',
  ]);
  await editor.act(editor.row('Restore Points', 'web.conf'), 'Restore to Guest…');
  await editor.dialog('into the guest of web01 as root').waitFor();
  await editor.shot('one-click');
  await editor.page.keyboard.press('Enter');
  await editor.toast('Restore into the guest of web01').waitFor();
  assert.equal(await lab.guestText('web01', path), before);

  // Somebody changes it again: its versions are compared with what the guest has.
  await lab.writeGuestText('web01', path, 'listen = 127.0.0.1\nname = by hand\n');
  await editor.command('Notifications: Clear All Notifications');
  await editor.act(editor.row('Restore Points', 'web.conf'), 'Show Versions');
  await editor.pick('where you started');
  await editor.pick('Compare With the Running Guest…');
  await editor.line('name = by hand').waitFor();
  await editor.shot('compared-with-guest');
}
