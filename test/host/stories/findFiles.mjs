// A line is somewhere in a restore point, nobody knows in which file: it is searched, opened, and found again afterwards.
import assert from 'node:assert/strict';

import { RestoreBrowserPage } from '../restoreBrowserPage.mjs';
import { until } from '../editor.mjs';
import { backUp, connect } from '../steps.mjs';

export async function story(editor, { startLab }) {
  await connect(editor, await startLab());
  await backUp(editor, 'web01');
  await editor.command('Notifications: Clear All Notifications');

  await editor.command('Quiesce: Find Files in Restore Point…');
  await editor.pick('web01');
  await editor.pick(/^\d{4}-/);
  const browser = new RestoreBrowserPage(editor.page);
  const name = browser.document.getByRole('textbox', { name: 'Name of the files' });
  await name.waitFor();
  await browser.focus('tk-text-field');
  await editor.page.keyboard.type('*.txt');
  await editor.page.keyboard.press('Tab');
  await editor.page.keyboard.type('GUEST: web');
  await editor.page.keyboard.press('Enter');
  const found = async () => /^1 found among \d+ files and folders\./.test(await browser.status());
  await until('the file is found', found);
  await editor.shot('found');
  await editor.page.keyboard.press('ArrowDown');
  await editor.page.keyboard.press('End');
  for (const key of ['Home', 'ArrowDown', 'Enter']) await editor.page.keyboard.press(key);
  await editor.line('guest: web01').waitFor();
  await editor.shot('line');

  await editor.command('Quiesce: Open Restore Browser');
  await until('the search goes on where it was', found);
  await browser.press('Show in Folder');
  await until(
    'the folder is open at the file',
    async () => (await browser.status()) === '2 entries. Selected: identity.txt',
  );
  assert.deepEqual((await browser.location()).slice(-3), ['var', 'lib', 'guest']);
  await editor.shot('in-folder');
}
