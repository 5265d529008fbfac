// From a backup set to a file on the disk in the restore browser, with the keyboard alone; then everything is where it
// was after the window was hidden and reloaded.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../editor.mjs';
import { RestoreBrowserPage } from '../restoreBrowserPage.mjs';

export async function story(editor, { startLab }) {
  await prepare(editor, await startLab());
  const browser = new RestoreBrowserPage(editor.page);

  await editor.command('Quiesce: Open Restore Browser');
  await browser.row('db01-system').waitFor();
  await browser.choose('Backup sets and restore points', /^20/);
  await editor.shot('point');
  await browser.choose('Disks and volumes', /^db01-system/);
  await browser.entry('etc').waitFor();
  await browser.focusTable();
  await editor.shot('volume');
  for (const folder of ['var', 'lib', 'guest']) await browser.enterFolder(folder);
  await browser.moveTo('identity.txt');
  assert.equal(await browser.status(), '2 entries. Selected: identity.txt');
  await editor.shot('file');

  await browser.press('Restore Files…');
  await editor.enter('Folder to restore', join(editor.workspace, 'restored'));
  await editor.dialog('Restore /var/lib/guest/identity.txt').waitFor();
  await editor.shot('plan');
  await answer(editor, 'Restore');
  await editor.toast('Restore of files').waitFor();
  const restored = await readFile(join(editor.workspace, 'restored/identity.txt'), 'utf8');
  assert.match(restored, /^guest: db01\ndisk: db01-system/);
  assert.equal(restored.length, 4096);
  await editor.command('Notifications: Clear All Notifications');

  for (const folder of ['lib', 'var', 'db01-system']) await browser.leaveFolder(folder);
  for (const folder of ['srv', 'mail']) await browser.enterFolder(folder);
  await editor.page.keyboard.press('End');
  await browser.entry('letter-01499').waitFor();
  await editor.page.keyboard.press('Shift+ArrowUp');
  await stands(browser);
  assert.ok((await browser.document.getByRole('row').count()) < 60, 'rows out of sight do not exist');
  await editor.shot('large-folder');

  await editor.command('File: Compare New Untitled Text Files');
  await browser.hidden();
  await editor.command('Quiesce: Open Restore Browser');
  await stands(browser);
  await editor.reload();
  await stands(browser);
  await editor.shot('after-reload');

  await browser.focusTable();
  await editor.page.keyboard.press('/');
  await editor.page.keyboard.type('0149');
  await until('the filter is in force', async () => (await browser.status()) === '11 entries. 2 selected');
  await editor.shot('filtered');

  for (const folder of ['srv', 'db01-system']) await browser.leaveFolder(folder);
  await browser.enterFolder('etc');
  await browser.moveTo('hostname');
  await editor.page.keyboard.press('Enter');
  await editor.line('guest').waitFor();
  await editor.shot('guest-file');
}

/** With the keyboard: the editor gives the focus to the question, or back to the page behind it; Tab brings it back. */
async function answer(editor, button) {
  const focused = editor.page.locator('.monaco-dialog-box :focus', { hasText: button });
  await until(`${button} has the focus`, async () => {
    if ((await focused.count()) > 0) return true;
    await editor.page.keyboard.press('Tab');
    return false;
  });
  await editor.page.keyboard.press('Enter');
}

/** The last two letters of the large folder are seen and selected. */
async function stands(browser) {
  await browser.entry('letter-01499').waitFor();
  await until(
    'two letters are selected',
    async () => (await browser.status()) === '1500 entries. 2 selected',
  );
  assert.deepEqual(await browser.location().then(names => names.slice(-2)), ['srv', 'mail']);
  for (const name of ['letter-01498', 'letter-01499'])
    assert.equal(await browser.entry(name).getAttribute('aria-selected'), 'true');
}

/** A vCenter, a repository and a restore point of a VM with two disks. */
async function prepare(editor, lab) {
  await editor.openQuiesce();
  await editor.command('Quiesce: Add vCenter…');
  await editor.enter('Address of the vCenter', lab.url);
  await editor.pick('Trust this certificate');
  await editor.enter('User name', lab.user);
  await editor.enter('Password of', lab.password);
  await editor.row('Virtual Machines', 'db01').waitFor();
  await editor.command('Quiesce: Create Repository…');
  await editor.pick('Folder');
  await editor.enter('Empty or new folder', join(editor.folder, 'repository'));
  await editor.enter('Password that encrypts', 'correct horse battery staple');
  await editor.enter('The same password again', 'correct horse battery staple');
  await editor.pick('Go without a recovery kit');
  await editor.row('Restore Points', 'repository').waitFor();
  await editor.command('Quiesce: Back Up Now');
  await editor.pick('db01');
  await editor.pick('Quiesced');
  await editor.toast('Backup of db01').waitFor();
  await editor.command('Notifications: Clear All Notifications');
}
