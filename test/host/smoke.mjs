// The story of the product in a real editor, from nothing to a restored file; see editor.mjs for what it needs.
//   node test/host/smoke.mjs [SCREENSHOT-FOLDER]     after `npm run build`
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openEditor, runCommand } from './editor.mjs';

const shots = process.argv[2];
if (shots !== undefined) await mkdir(shots, { recursive: true });
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern', contrast: 'Default High Contrast' };
const theme = process.env.QUIESCE_THEME ?? 'dark';
const editor = await openEditor({ extensionFolder: join(import.meta.dirname, '../..'), theme: themes[theme] });
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

  const vm = row('web01').last();
  for (const name of ['web01', /^\d{4}-\d\d-\d\d/, 'Hard disk 1', 'Volume|guest|root|linux', 'etc']) await opened(name);
  void vm;
  await row('hostname').first().dblclick();
  await page.locator('.tab', { hasText: 'hostname' }).waitFor({ timeout: 30_000 });
  await shown('guest-file');

  await runCommand(page, 'Quiesce: Restore Guest File…');
  await picked('web01');
  await picked(/^\d{4}-/);
  await picked('etc');
  await picked('hostname');
  await typed('Folder to restore', join(editor.workspace, 'restored'));
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('Restore 1 items').waitFor();
  await shown('restore-plan');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await toast('Restore of files').waitFor({ timeout: 60_000 });
  const restored = await readFile(join(editor.workspace, 'restored/hostname'), 'utf8');
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

/** Expands a row of the restore points. */
async function opened(text) {
  const pane = page.locator('.pane', { has: page.locator('[aria-label^="Restore Points"]') });
  const found = pane.locator('.monaco-list-row', { hasText: typeof text === 'string' ? new RegExp(text) : text }).first();
  await found.waitFor({ timeout: 30_000 });
  if ((await found.getAttribute('aria-expanded')) !== 'true') await found.click();
}

async function picked(text) {
  const choice = page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  await choice.waitFor({ timeout: 30_000 });
  await choice.click();
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
