// What people do in many stories.
import { join } from 'node:path';

import { until } from './editor.mjs';

export const repositoryPassword = 'correct horse battery staple';

/** Looks at the fingerprint and accepts it. */
export async function addVCenter(editor, lab) {
  await editor.command('Quiesce: Add vCenter…');
  await editor.enter('Address of the vCenter', lab.url);
  await editor.question(lab.fingerprint).waitFor();
  await editor.pick('Trust this certificate');
  await editor.enter('User name', lab.user);
  await editor.enter('Password of', lab.password);
  await editor.row('Virtual Machines', 'web01').waitFor();
}

/** @returns its folder */
export async function createRepository(editor) {
  const folder = join(editor.folder, 'repository');
  await editor.command('Quiesce: Create Repository…');
  await editor.pick('Folder');
  await editor.enter('Empty or new folder', folder);
  await editor.enter('Password that encrypts', repositoryPassword);
  await editor.enter('The same password again', repositoryPassword);
  await editor.pick('Go without a recovery kit');
  await editor.row('Restore Points', 'repository').waitFor();
  return folder;
}

/** One that exists, in the view of the extension. */
export async function openRepository(editor, folder, password) {
  await editor.openQuiesce();
  await editor.command('Quiesce: Open Repository…');
  await editor.pick('Folder');
  await editor.enter('Folder of the repository', folder);
  await editor.enter('Password of the repository', password);
  await editor.row('Restore Points', 'repository').waitFor();
}

/** Both, in the view of the extension. */
export async function connect(editor, lab) {
  await editor.openQuiesce();
  await addVCenter(editor, lab);
  return await createRepository(editor);
}

/** From the palette, until the end is told. */
export async function backUp(editor, vm) {
  await startBackup(editor, vm);
  await editor.toast(`Backup of ${vm}: `).waitFor();
  await editor.row('Restore Points', vm, 2).waitFor();
}

export async function startBackup(editor, vm) {
  await editor.command('Quiesce: Back Up Now');
  await editor.pick(vm);
  await editor.pick('Quiesced');
}

/** A backup that has its snapshot and has read a part of its disk; it goes on when the lab lets go. */
export async function startHeldBackup(editor, lab, vm) {
  await lab.hold();
  await startBackup(editor, vm);
  await editor.status(`Backup of ${vm}`).waitFor();
  await until('the backup has its snapshot', async () => (await lab.snapshotsLeft()).length === 1);
  const isReady = ({ state }) => state === 'ready';
  await until('a disk is read', async () => (await lab.control('GET', 'leases')).some(isReady));
}

/** From the palette: walks to a file, restores it and waits for the end. */
export async function restoreFile(editor, vm, path, targetFolder) {
  await editor.command('Quiesce: Restore Guest File…');
  await editor.pick(vm);
  await editor.pick(/^\d{4}-/);
  for (const name of path.split('/').slice(1)) await editor.pick(name);
  await editor.enter('Folder to restore', targetFolder);
  await editor.dialog(`Restore ${path}`).waitFor();
  await editor.shot('restore-plan');
  await editor.page.keyboard.press('Enter');
  await editor.toast('Restore of files').waitFor();
}

/** From the menu of the row that has the focus, by keys: a menu that has just come up swallows a click. */
export async function chooseFromMenu(editor, action) {
  const { page } = editor;
  await page.keyboard.press('Shift+F10');
  const focused = page.locator('.monaco-menu .action-item.focused', { hasText: action });
  await page.locator('.monaco-menu .action-item', { hasText: action }).first().waitFor();
  for (let item = 0; item < 30 && (await focused.count()) === 0; item += 1) {
    await page.keyboard.press('ArrowDown');
    await page.waitForTimeout(30);
  }
  await page.keyboard.press('Enter');
}
