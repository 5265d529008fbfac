// Files that are dragged into editors, files that no editor can show, a folder that no list shows at once, and a zip.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { backUp, chooseFromMenu, connect, restoreFile } from '../steps.mjs';

const volume = ['repository', 'web01', /^20/, 'Hard disk 1', 'web01'];
const sparseBytes = 5 * 1024 ** 3;

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await backUp(editor, 'web01');
  const zip = join(editor.workspace, 'identity.zip');
  await restoreFile(editor, 'web01', '/var/lib/guest/identity.txt', zip);
  assert.match(execFileSync('unzip', ['-p', zip, 'identity.txt'], { encoding: 'utf8' }), /^guest: web01\n/);
  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, [...volume, 'etc']);
  await editor.drag(editor.row('Restore Points', 'hostname'));
  await editor.line('guest').waitFor();
  await editor.drag(editor.row('Restore Points', 'os-release'));
  await editor.line('NAME').waitFor();
  await editor.shot('dragged');
  assert.deepEqual(await editor.page.locator('.tab').allInnerTexts(), ['hostname', 'os-release']);

  await editor.row('Restore Points', 'etc', 6).click();
  await editor.expand('Restore Points', 6, ['home', 'user']);
  await editor.drag(editor.row('Restore Points', 'Grüße'));
  await editor.line('A name beyond ASCII').waitFor();
  await editor.row('Restore Points', 'sparse.dat').click();
  const refusal = editor.toast('sparse.dat has 5 GiB');
  await refusal.waitFor();
  await editor.shot('too-large');
  await refusal.getByRole('button', { name: 'Restore Guest File…' }).click();
  await editor.enter('Folder to restore', join(editor.workspace, 'large'));
  await editor.answerDialog('Restore /home/user/sparse.dat', 'Restore');
  await editor.toast(`Restore of files: ${join(editor.workspace, 'large')}`).waitFor();
  const restored = await stat(join(editor.workspace, 'large/sparse.dat'));
  assert.equal(restored.size, sparseBytes);
  assert.ok(restored.blocks * 512 < 16 * 1024 ** 2, 'its holes take no space');

  await editor.row('Restore Points', 'home', 6).click();
  await editor.expand('Restore Points', 6, ['srv', 'blobs']);
  await editor.row('Restore Points', 'noise.bin').dblclick();
  await editor.page.getByText('binary or uses an unsupported text encoding').waitFor();
  await editor.shot('binary-file');
  await editor.command('Quiesce: Focus on Restore Points View');
  await chooseFromMenu(editor, 'Show Details of Guest File…');
  await editor.page
    .locator('.quick-input-list .monaco-list-row', { hasText: 'permissions and owner' })
    .waitFor();
  await editor.shot('details');
  await editor.page.keyboard.press('Escape');

  await editor.row('Restore Points', 'blobs', 7).click();
  await editor.expand('Restore Points', 7, ['mail']);
  await editor.row('Restore Points', 'letter-00000').waitFor();
  await editor.shot('huge-folder');
  await editor.command('Quiesce: Focus on Restore Points View');
  await editor.page.keyboard.press('End');
  await editor.row('Restore Points', 'letter-01499').waitFor();
  await editor.shot('end-of-huge-folder');
}
