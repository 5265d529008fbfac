// The Recovery page of a VM: the four questions from nothing to a goal that is met, missed and accepted, with the keyboard
// alone; it follows what happens and comes back after a reload.
import assert from 'node:assert/strict';

import { until } from '../editor.mjs';
import { connect, startBackup } from '../steps.mjs';
import { WebviewPage } from '../webviewPage.mjs';

const happy = 'Am I happy with this VM’s backup?';
const consistent = 'How consistent is it?';
const how = 'How can I recover?';
const what = 'What can I recover?';

export async function story(editor, { startLab }) {
  await connect(editor, await startLab());
  await editor.showOnly('Virtual Machines');
  await editor.act(editor.row('Virtual Machines', 'web01'), 'Show Recovery');
  const recovery = new WebviewPage(editor.page);
  const section = question => recovery.document.getByRole('region', { name: question });
  await section(happy).getByText('No goal is set, and there is no restore point').waitFor();
  await section(consistent).getByText('Nothing is proven yet; predicted is file-system-consistent').waitFor();
  await section(how).getByText('Not at all: there is no restore point').waitFor();
  await section(what).getByText('Nothing: there is no restore point in an open repository').waitFor();
  await editor.shot('nothing-yet');

  await recovery.press('Set Recovery Goal…');
  await setGoal(editor, 'crash-consistent');
  await section(happy).getByText('No: the goal is missed (1 gaps)').waitFor();
  await editor.shot('missed');

  await recovery.press('Back Up Now');
  await editor.pick('Quiesced');
  await editor.toast('Backup of web01: ').waitFor();
  await section(happy).getByText('Yes: the goal is met now, by the restore point of').waitFor();
  await section('Ways to recover').getByText('Restore the whole VM.').waitFor();
  await section(what).getByText('ext4, files can be read').waitFor();
  await section('Evidence').getByText('the stored disks: bytes of this restore point').first().waitFor();
  assert.match(await recovery.status(), /^Updated\. Yes: the goal is met now/);
  await editor.command('Notifications: Clear All Notifications');
  await editor.row('Virtual Machines', 'web01').getByText('goal met').waitFor();
  await editor.shot('met');

  await startBackup(editor, 'web01');
  await editor.toast('Backup of web01: ').waitFor();
  await editor.command('Notifications: Clear All Notifications');
  const marks = section(what).getByRole('option');
  await until('both restore points are on the line', async () => (await marks.count()) === 2);
  await recovery.focus('[role=listbox]');
  await editor.page.keyboard.press('Home');
  await section(what).getByRole('option', { selected: true }).first().waitFor();
  assert.equal(await marks.first().getAttribute('aria-selected'), 'true');
  await editor.reload();
  await section(happy).getByText('Yes: the goal is met now').waitFor();
  await until(
    'the chosen point is chosen still',
    async () => (await marks.first().getAttribute('aria-selected')) === 'true',
  );
  await editor.shot('after-reload');

  await recovery.press('Set Recovery Goal…');
  await setGoal(editor, 'application-consistent');
  await section(happy).getByText('No: the goal is missed (1 gaps)').waitFor();
  await recovery.press('Accept Gap…');
  await editor.enter('Why is what web01 misses good enough', 'until the database moves');
  await editor.accept('Until when');
  await editor.dialog('Accept what web01 misses until').waitFor();
  await editor.page.keyboard.press('Enter');
  await section(happy).getByText('The goal is missed, and that is accepted for now').waitFor();
  await section(happy).getByText(': until the database moves').waitFor();
  await editor.row('Virtual Machines', 'web01').getByText('gap accepted until').waitFor();
  await editor.shot('accepted');

  await recovery.press('Restore Disk…');
  await editor.question('Disk').or(editor.question('Format')).first().waitFor();
  await editor.page.keyboard.press('Escape');

  await editor.command('Quiesce: Consistency Glossary');
  const glossary = editor.page
    .locator('iframe.webview:visible')
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame();
  await glossary.getByRole('heading', { name: 'Crash-consistent' }).waitFor();
  await editor.shot('glossary');
}

async function setGoal(editor, level) {
  await editor.pick('web01 alone');
  await editor.pick(level);
  await editor.enter('How old may the newest restore point be', '24 h');
  await editor.enter('How long may recovering the whole VM take', '');
}
