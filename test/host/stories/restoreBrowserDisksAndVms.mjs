// From the restore browser to a disk in a file, to a new VM and into the running guest; then the worker is killed while
// the page waits for it, and the page goes on after a retry.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { until } from '../editor.mjs';
import { RestoreBrowserPage } from '../restoreBrowserPage.mjs';
import { backUp, connect } from '../steps.mjs';

const configuration = '/etc/web/web.conf';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await backUp(editor, 'web01');
  const [{ disks }] = await lab.snapshots();
  const before = await lab.guestText('web01', configuration);
  await lab.writeGuestText('web01', configuration, 'name = damaged\n');
  // What the page restores must be of the restore point's moment, not of now.
  for (const { deviceKey } of disks)
    await lab.control('POST', `disks/web01/${deviceKey}/burst`, { bytes: 1_048_576, offset: 0 });
  await clearToasts(editor);

  const browser = new RestoreBrowserPage(editor.page);
  await editor.command('Quiesce: Open Restore Browser');
  await browser.row('Hard disk 1').waitFor();
  await browser.entry('etc').waitFor();
  await editor.shot('only-set-is-open');

  await restoreDisk(editor, lab, browser, disks);
  await restoreVm(editor, lab, browser, disks);
  await restoreToGuest(editor, lab, browser);
  assert.equal(await lab.guestText('web01', configuration), before);
  await loseWorker(editor, browser);
}

async function restoreDisk(editor, lab, browser, [{ deviceKey, position }]) {
  const path = join(editor.workspace, 'disk.raw');
  await browser.press('Restore Disk…');
  await editor.pick('raw');
  await editor.enter('File to write', path);
  await editor.dialog('Restore Hard disk 1 of web01').waitFor();
  await editor.shot('disk-plan');
  await editor.answerDialog('Restore Hard disk 1 of web01', 'Restore');
  await editor.toast('Restore of a disk').waitFor();
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  assert.equal(hash.digest('hex'), await sha256(lab, 'web01', deviceKey, position));
  assert.notEqual(await sha256(lab, 'web01', deviceKey), await sha256(lab, 'web01', deviceKey, position));
  await clearToasts(editor);
}

async function restoreVm(editor, lab, browser, disks) {
  await browser.press('Restore VM…');
  await editor.accept('Folder for the new VM');
  await editor.accept('Datastore for the new VM');
  await editor.accept('Network for the cards that were in VM Network');
  await editor.accept('Shall the network cards be connected');
  await editor.enter('Name of the new VM', 'web01-restored');
  await editor.dialog('Restore web01 as the new VM web01-restored').waitFor();
  await editor.shot('vm-plan');
  await editor.answerDialog('Restore web01 as the new VM web01-restored', 'Restore');
  await editor.toast('Restore of a VM').waitFor();
  for (const { deviceKey, position } of disks)
    assert.equal(
      await sha256(lab, 'web01-restored', deviceKey),
      await sha256(lab, 'web01', deviceKey, position),
      `disk ${deviceKey}`,
    );
  await clearToasts(editor);
}

async function restoreToGuest(editor, lab, browser) {
  for (const folder of ['etc', 'web']) await browser.enterFolder(folder);
  await browser.moveTo('web.conf');
  await browser.press('Restore to Guest…');
  await editor.enter('Account in the guest of web01', 'root');
  await editor.enter('Password of root', await lab.guestPassword('root'));
  await editor.dialog('into the guest of web01 as root').waitFor();
  await editor.shot('guest-plan');
  await editor.answerDialog('into the guest of web01 as root', 'Restore and Replace');
  await editor.toast('Restore into the guest of web01').waitFor();
  await clearToasts(editor);
}

/** It is stopped first: what the page has asked for is surely on its way when the worker dies. */
async function loseWorker(editor, browser) {
  const { document } = browser;
  const worker = await editor.worker();
  await browser.leaveFolder('etc');
  await browser.moveTo('web');
  process.kill(worker, 'SIGSTOP');
  await editor.page.keyboard.press('Enter');
  await document.getByText('Reading the folder…').waitFor();
  assert.equal(await document.getByRole('button', { name: 'Try Again' }).count(), 0);

  process.kill(worker, 'SIGKILL');
  await document.getByRole('alert').getByText('The background worker has ended').waitFor();
  await until('the status tells it', async () =>
    (await browser.status()).startsWith('The background worker has ended. What is shown was read before'),
  );
  await editor.shot('worker-has-ended');
  await browser.press('Try Again');
  await browser.entry('web.conf').waitFor();
  assert.equal((await browser.location()).at(-1), 'web');
  assert.notEqual(await editor.worker(), worker);
  await browser.leaveFolder('etc');
  await editor.shot('goes-on');
}

async function sha256(lab, vm, deviceKey, position) {
  const at = position === undefined ? '' : `?position=${position}`;
  return (await lab.control('GET', `disks/${vm}/${deviceKey}/sha256${at}`)).sha256;
}

async function clearToasts(editor) {
  await editor.command('Notifications: Clear All Notifications');
}
