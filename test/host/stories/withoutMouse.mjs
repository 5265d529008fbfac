// Everything from the palette, then everything from the trees by keys; the mouse is never touched.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../editor.mjs';
import { addVCenter, backUp, chooseFromMenu, createRepository, restoreFile } from '../steps.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  const { page } = editor;
  await page.evaluate(() => {
    globalThis.pressCount = 0;
    addEventListener('mousedown', () => (globalThis.pressCount += 1), true);
  });

  await editor.command('View: Show Quiesce');
  await addVCenter(editor, lab);
  await createRepository(editor);
  await backUp(editor, 'web01');
  await restoreFile(editor, 'web01', '/etc/hostname', join(editor.workspace, 'palette'));
  assert.equal(await readFile(join(editor.workspace, 'palette/hostname'), 'utf8'), 'guest\n');
  await editor.shot('palette');

  await editor.command('Notifications: Clear All Notifications');
  await editor.command('Quiesce: Focus on Virtual Machines View');
  await walkTo(editor, 'build01');
  await chooseFromMenu(editor, 'Back Up Now');
  await editor.pick('Crash-consistent');
  await editor.toast('Backup of build01: ').waitFor();
  await editor.shot('tree-by-keys');

  await editor.command('Quiesce: Focus on Restore Points View');
  await page.keyboard.press('Home');
  for (const text of ['web01', /^20/, 'Hard disk 1', 'web01', 'etc']) {
    await walkTo(editor, text);
    await stepInside(editor);
  }
  await walkTo(editor, 'os-release');
  await page.keyboard.press('Enter');
  await editor.line('Lab Guest').waitFor();
  await editor.shot('guest-file-by-keys');

  await editor.command('Notifications: Clear All Notifications');
  await editor.command('Quiesce: Focus on Restore Points View');
  await chooseFromMenu(editor, 'Restore Guest File…');
  await editor.enter('Folder to restore', join(editor.workspace, 'keys'));
  await editor.dialog('Restore /etc/os-release').waitFor();
  await page.keyboard.press('Enter');
  await editor.toast('Restore of files').waitFor();
  assert.match(await readFile(join(editor.workspace, 'keys/os-release'), 'utf8'), /^NAME="Lab Guest"/);
  assert.equal(await page.evaluate(() => globalThis.pressCount), 0, 'the mouse was pressed');
}

/** Down to the row of the focused tree that holds a text. */
async function walkTo(editor, text) {
  const found = editor.page.locator('.monaco-list:focus-within .monaco-list-row.focused', { hasText: text });
  for (let row = 0; row < 60; row += 1) {
    if ((await found.count()) > 0) return;
    await editor.page.keyboard.press('ArrowDown');
    await editor.page.waitForTimeout(50);
  }
  throw new Error(`no row ${text} can be walked to`);
}

/** Opens the focused row and goes to the first one inside it, as soon as it is there. */
async function stepInside(editor) {
  const focused = editor.page.locator('.monaco-list:focus-within .monaco-list-row.focused');
  const level = Number(await focused.getAttribute('aria-level'));
  await until('the row has opened', async () => {
    await editor.page.keyboard.press('ArrowRight');
    return Number(await focused.getAttribute('aria-level')) > level;
  });
}
