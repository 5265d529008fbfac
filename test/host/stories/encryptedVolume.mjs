// A disk is encrypted: the restore browser says so, and the passphrase of the guest opens it there. A new worker gets it
// from what the editor has kept.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { encryptedFiles, encryptedPassphrase } from '../../images/encrypted.ts';
import { readImage } from '../../images/images.ts';
import { localPassword, LocalRepository } from '../../support/localRepository.ts';
import { storeVm } from '../../support/storedVm.ts';
import { until } from '../editor.mjs';
import { RestoreBrowserPage } from '../restoreBrowserPage.mjs';
import { openRepository } from '../steps.mjs';

export async function story(editor) {
  const folder = join(editor.folder, 'repository');
  await storeVm(new LocalRepository(folder), [readImage('luks2')]);
  await openRepository(editor, folder, localPassword);

  await editor.command('Quiesce: Open Restore Browser');
  const browser = new RestoreBrowserPage(editor.page);
  await browser.document.getByText('This volume is encrypted.').waitFor();
  assert.equal(await browser.document.locator('.icon-locked').count(), 2, 'on its row, and above the text');
  await editor.shot('locked');

  await browser.press('Unlock…');
  await editor.enter('Passphrase, as the guest asks for it', 'wrong');
  await editor.question('the passphrase opens no encrypted volume').waitFor();
  await editor.page.keyboard.press('Escape');
  await browser.document.getByText('This volume is encrypted.').waitFor();

  await browser.press('Unlock…');
  await editor.enter('Passphrase, as the guest asks for it', encryptedPassphrase);
  await browser.entry('hello.txt').waitFor();
  assert.equal(await browser.document.locator('.icon-locked').count(), 0);
  await editor.shot('unlocked');
  await browser.moveTo('hello.txt');
  await editor.page.keyboard.press('Enter');
  await editor.line(encryptedFiles.get('hello.txt').trim()).waitFor();
  await editor.shot('file');

  // The page is open while the worker that has the key ends.
  await editor.command('Quiesce: Open Restore Browser');
  await browser.entry('folder').waitFor();
  process.kill(await editor.worker(), 'SIGKILL');
  await until('the worker is gone', async () => (await editor.server.workers()).length === 0);
  await browser.document.getByText('The background worker has ended.').waitFor();
  await browser.enterFolder('folder');
  await browser.moveTo('lines.txt');
  await editor.page.keyboard.press('Enter');
  await editor.line('line 7').waitFor();
  for (const path of await editor.server.logs())
    assert.ok(!(await editor.server.holds(path, encryptedPassphrase)), `${path} holds the passphrase`);
}
