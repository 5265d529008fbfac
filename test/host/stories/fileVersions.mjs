// What a guest file was like over several restore points: from a row, and from the file that is open.
import assert from 'node:assert/strict';

import { RestoreBrowserPage } from '../restoreBrowserPage.mjs';
import { backUp, connect } from '../steps.mjs';

const volume = [/^20/, 'Hard disk 1', 'web01'];

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await lab.control('POST', 'activity', { enabled: false });
  await connect(editor, lab);
  for (let day = 0; day < 3; day += 1) {
    // Only between the second and the third backup the guest writes.
    if (day === 2) await writeInGuest(lab);
    await backUp(editor, 'web01');
    await editor.command('Notifications: Clear All Notifications');
  }

  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, ['repository', 'web01', ...volume, 'var', 'lib', 'guest']);
  await editor.act(editor.row('Restore Points', 'activity.dat'), 'Show Versions');
  const versions = editor.page.locator('.quick-input-list .monaco-list-row');
  await versions.filter({ hasText: 'where you started' }).waitFor();
  assert.equal(await versions.count(), 2);
  await versions.filter({ hasText: 'in 2 restore points' }).waitFor();
  await editor.shot('versions');
  await editor.pick('in 2 restore points');
  await versions.filter({ hasText: 'Compare With:' }).waitFor();
  await editor.shot('what-to-do');
  await editor.pick('Compare With:');
  await editor.page.locator('.tab', { hasText: /activity\.dat: .* ↔ / }).waitFor();
  await editor.shot('compared');

  await editor.row('Restore Points', 'identity.txt').dblclick();
  await editor.page.locator('.view-lines', { hasText: 'guest: web01' }).waitFor();
  await editor.command('Quiesce: Show Versions of Guest File…');
  await versions.filter({ hasText: 'in 3 restore points' }).waitFor();
  assert.equal(await versions.count(), 1);
  await editor.page.keyboard.press('Escape');

  // What is different in the whole folder, from the page of the restore browser.
  await editor.command('Quiesce: Open Restore Browser');
  const browser = new RestoreBrowserPage(editor.page);
  await browser.choose('Backup sets and restore points', /^20/);
  await browser.entry('var').waitFor();
  await browser.enterFolder('var');
  await browser.enterFolder('lib');
  await browser.moveTo('guest');
  await browser.press('Compare Folder…');
  await editor.pick(/^20.*/);
  await editor.page.locator('.tab', { hasText: /guest: .* ↔ / }).waitFor();
  await editor.page.locator('.multiDiffEntry', { hasText: 'activity.dat' }).waitFor();
  assert.equal(await editor.page.locator('.multiDiffEntry').count(), 1);
  await editor.shot('folder-compared');
}

async function writeInGuest(lab) {
  const [{ disks }] = await lab.snapshots();
  for (const { deviceKey } of disks)
    await lab.control('POST', `disks/web01/${deviceKey}/burst`, { bytes: 65_536, offset: 0 });
}
