// The story of the product in a real editor, from nothing to a restored file; see editor.mjs for what it needs.
//   node test/host/smoke.mjs [SCREENSHOT-FOLDER]     after `npm run build`
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openEditor, runCommand } from './editor.mjs';

const shots = process.argv[2];
if (shots !== undefined) await mkdir(shots, { recursive: true });
const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  contrast: 'Default High Contrast',
};
const theme = process.env.QUIESCE_THEME ?? 'dark';
const editor = await openEditor({
  extensionFolder: join(import.meta.dirname, '../..'),
  theme: themes[theme],
});
const { page } = editor;
let step = 0;

try {
  await page.locator('.activitybar [aria-label^="Quiesce"]').first().click({ timeout: 60_000 });
  await page.getByText('No vCenter or ESXi host has been added').waitFor();
  await shown('welcome');

  await runCommand(page, 'Quiesce: Try with the Built-in Lab');
  const web = row('web01');
  await web.waitFor({ timeout: 60_000 });
  await shown('inventory');

  await web.hover();
  await web.locator('.action-label[aria-label^="Back Up Now"]').click();
  await picked('Quiesced');
  await page.locator('.statusbar-item', { hasText: 'Backup of web01' }).waitFor({ timeout: 30_000 });
  await shown('backup-runs');
  await toast('Backup of web01:').waitFor({ timeout: 120_000 });
  await shown('backup-done');

  // Rows out of sight do not exist: the restore points get the room of the others.
  for (const view of ['Virtual Machines', 'Jobs'])
    await page.locator(`.pane-header[aria-label^="${view}"]`).click();
  for (const [level, name] of ['web01', /^20/, 'Hard disk 1', 'web01', 'etc'].entries())
    await opened(level + 2, name);
  await pointRow(7, 'hostname').dblclick();
  await page.locator('.tab', { hasText: 'hostname' }).waitFor({ timeout: 30_000 });
  await page.locator('.view-line', { hasText: 'guest' }).waitFor({ timeout: 30_000 });
  await shown('guest-file');

  await runCommand(page, 'Quiesce: Restore Guest File…');
  await picked('web01');
  await picked(/^\d{4}-/);
  for (const name of ['var', 'lib', 'guest', 'identity.txt']) await picked(name);
  await typed('Folder to restore', join(editor.workspace, 'restored'));
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('Restore /var/lib/guest/identity.txt').waitFor();
  await shown('restore-plan');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await toast('Restore of files').waitFor({ timeout: 60_000 });
  const restored = await readFile(join(editor.workspace, 'restored/identity.txt'), 'utf8');
  if (!restored.includes('web01')) throw new Error(`the restored file holds ${JSON.stringify(restored)}`);
  await shown('restored');
  console.log(`smoke: ${step} steps passed, 0 failed`);
} catch (error) {
  await page.screenshot({ path: join(shots ?? editor.folder, 'failure.png') });
  console.log(`smoke: ${step} steps passed, 1 failed`);
  throw error;
} finally {
  await editor.close();
}

function row(text) {
  return page.locator('.pane-body .monaco-list-row', { hasText: text });
}

function toast(text) {
  return page.locator('.notification-toast', { hasText: text });
}

/** A row of the restore points; repositories are on level 1. */
function pointRow(level, text) {
  const pane = page.locator('.pane', { has: page.locator('[aria-label^="Restore Points"]') });
  return pane.locator(`.monaco-list-row[aria-level="${level}"]`, { hasText: text }).first();
}

async function opened(level, text) {
  const found = pointRow(level, text);
  await found.waitFor({ timeout: 30_000 });
  if ((await found.getAttribute('aria-expanded')) !== 'true') await found.click();
}

/** Types what narrows the list to a row, and takes it. */
async function picked(text) {
  const choice = page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  await choice.waitFor({ timeout: 30_000 });
  if (typeof text === 'string') await page.locator('.quick-input-widget input.input').fill(text);
  const focused = page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text });
  for (let down = 0; down < 30 && (await focused.count()) === 0; down += 1) {
    await page.waitForTimeout(100);
    if (down % 5 === 4) await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
}

async function typed(prompt, text) {
  await page.locator('.quick-input-widget').getByText(prompt).waitFor({ timeout: 30_000 });
  await page.locator('.quick-input-widget input.input').fill(text);
  await page.keyboard.press('Enter');
}

async function shown(name) {
  step += 1;
  console.log(`smoke: ${step} ${name}`);
  if (shots !== undefined) await page.screenshot({ path: join(shots, `${theme}-${step}-${name}.png`) });
}
