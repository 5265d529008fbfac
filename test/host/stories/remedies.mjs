// What a rule asks for is done from the Recovery page and from the palette: the price is read first, saying no changes
// nothing, and afterwards the prediction is another one.
import assert from 'node:assert/strict';

import { connect } from '../steps.mjs';
import { WebviewPage } from '../webviewPage.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await lab.control('POST', 'vms/db01/guest', { preset: 'windows-no-disk-uuids' });
  await connect(editor, lab);
  await editor.showOnly('Virtual Machines');
  await editor.row('Virtual Machines', 'db01').getByText('filesystem').waitFor();
  await editor.act(editor.row('Virtual Machines', 'db01'), 'Show Recovery');
  const recovery = new WebviewPage(editor.page);
  const region = name => recovery.document.getByRole('region', { name });
  const limit = region('What limits it').getByText('DSK-11');
  await limit.waitFor();

  await recovery.focus('tk-button[data-key="remedy-DSK-11"]');
  await editor.page.keyboard.press('Enter');
  const question = 'Show the guest the UUIDs of its disks (disk.EnableUUID = TRUE) of db01?';
  const dialog = editor.dialog(question);
  await dialog.waitFor();
  const said = (await dialog.innerText()).split('\n').map(line => line.trim());
  const prices = said.filter(line => line.startsWith('Price: '));
  assert.match(prices[0], /shut down/);
  assert.match(prices[1], /other names in the guest/);
  const firstStep = said.findIndex(line => line.startsWith('Steps: shut the guest down'));
  assert.ok(said.indexOf(prices[1]) < firstStep, 'the price is read before the steps');
  await editor.shot('the-price');
  await editor.dismissDialog(question);
  const before = await powerOf(lab);
  assert.equal(before.powerState, 'poweredOn');
  await limit.waitFor();

  await recovery.focus('tk-button[data-key="remedy-DSK-11"]');
  await editor.page.keyboard.press('Enter');
  await editor.answerDialog(question, 'Apply');
  await editor.toast('Remedy for db01: rule DSK-11 finds nothing any more').waitFor();
  await limit.waitFor({ state: 'detached' });
  await region('How consistent is it?').getByText('predicted is application-consistent').waitFor();
  await editor.row('Virtual Machines', 'db01').getByText('application').waitFor();
  await editor.shot('remedied');
  assert.equal((await powerOf(lab)).powerState, 'poweredOn', 'the guest is on again');

  await editor.command('Quiesce: Apply Remedy…');
  await editor.pick('web01');
  await editor.pick('CAP-04');
  const tracking = editor.dialog('of web01?');
  await tracking.getByText(/Price: .*stunned/).waitFor();
  await editor.page.keyboard.press('Enter');
  await editor.toast('Remedy for web01: rule CAP-04 finds nothing any more').waitFor();
  assert.deepEqual(await lab.snapshotsLeft(), [], 'the snapshot that begins it is gone');

  await editor.command('Quiesce: Reset Changed Block Tracking…');
  await editor.pick('web01');
  const reset = editor.dialog('Switch changed block tracking off and on again of web01?');
  await reset.getByText(/Price: .*reads all of its disks/).waitFor();
  await editor.page.keyboard.press('Enter');
  await editor.toast('Remedy for web01: changed block tracking has begun anew').waitFor();
  assert.deepEqual(await lab.snapshotsLeft(), [], 'the snapshots that end and begin it are gone');
}

async function powerOf(lab) {
  return (await lab.control('GET', 'vms')).find(({ name }) => name === 'db01');
}
