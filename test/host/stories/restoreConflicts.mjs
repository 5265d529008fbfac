// Guest files are restored over files that exist: somebody is asked what becomes of those, and nothing happens before.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { backUp, connect } from '../steps.mjs';

const way = ['repository', 'web01', /^20/, 'Hard disk 1', 'web01', 'var', 'lib', 'guest'];
const byHand = 'changed by hand\n';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await lab.control('POST', 'activity', { enabled: false });
  await connect(editor, lab);
  await backUp(editor, 'web01');
  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, way.slice(0, -1));

  const target = join(editor.workspace, 'restored');
  const [identity, activity] = ['identity.txt', 'activity.dat'].map(name => join(target, 'guest', name));
  const names = async () => (await readdir(join(target, 'guest'))).sort();
  const text = async path => await readFile(path, 'utf8');
  await restore(editor, target);
  await confirm(editor, 'Restore');
  const restored = await text(identity);
  assert.match(restored, /^guest: web01\n/);

  await writeFile(identity, byHand);
  await rm(activity);
  await restore(editor, target);
  const question = editor.page.locator(
    '.quick-input-widget input[placeholder="One file exists there already"]',
  );
  await question.waitFor();
  await editor.shot('conflict');
  await editor.page.keyboard.press('Escape');
  await question.waitFor({ state: 'hidden' });
  assert.deepEqual(await names(), ['identity.txt'], 'nothing is restored before somebody has answered');

  await restore(editor, target);
  await editor.pick('Leave It and Restore the Others…');
  await editor.dialog('One item stays out').waitFor();
  await editor.shot('skip');
  await confirm(editor, 'Restore');
  assert.deepEqual(await names(), ['activity.dat', 'identity.txt']);
  assert.equal(await text(identity), byHand);

  await rm(activity);
  await restore(editor, target);
  await editor.pick('Restore Beside It Under Another Name…');
  await editor.dialog('Nothing that exists is replaced.').waitFor();
  await editor.shot('rename');
  await confirm(editor, 'Restore');
  assert.deepEqual(await names(), ['activity.dat', 'identity (restored).txt', 'identity.txt']);
  assert.equal(await text(identity), byHand);
  assert.equal(await text(join(target, 'guest/identity (restored).txt')), restored);

  await rm(activity);
  await restore(editor, target);
  await editor.pick('Replace It…');
  await editor.dialog('One existing file is replaced; what it holds now is lost.').waitFor();
  await editor.shot('overwrite');
  await confirm(editor, 'Restore and Replace');
  assert.equal(await text(identity), restored);
  assert.deepEqual(await names(), ['activity.dat', 'identity (restored).txt', 'identity.txt']);
}

async function restore(editor, target) {
  const row = editor.row('Restore Points', way.at(-1), way.length);
  await editor.act(row, 'Restore Guest File…');
  await editor.enter('Folder to restore', target);
}

/** Says yes to the plan, and waits for the end. */
async function confirm(editor, button) {
  await editor.answerDialog('Restore', button);
  await editor.toast('Restore of files').waitFor();
  await editor.command('Notifications: Clear All Notifications');
}
