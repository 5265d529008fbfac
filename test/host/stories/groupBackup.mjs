// Several VMs are selected and backed up as a group, with the window reloaded meanwhile. How far apart their snapshots came
// out is said wherever the restore points are shown, and nowhere that they are consistent across VMs.
import assert from 'node:assert/strict';

import { until } from '../editor.mjs';
import { chooseFromMenu, connect } from '../steps.mjs';
import { WebviewPage } from '../webviewPage.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await editor.showOnly('Virtual Machines');
  const [web, database] = ['web01', 'db01'].map(name => editor.row('Virtual Machines', name));
  await lab.hold();
  await web.click();
  await database.click({ modifiers: ['ControlOrMeta'] });
  await chooseFromMenu(editor, 'Back Up as a Group…');
  await editor.question('never consistent across VMs').waitFor();
  await editor.shot('asked-for-a-name');
  await editor.enter('Name of the group of', 'shop');
  await editor.pick('Quiesced');
  await editor.status('Backup of the group shop').waitFor();
  await until('both have their snapshots', async () => (await lab.snapshotsLeft()).length === 2);

  await editor.reload();
  await editor.openQuiesce();
  await editor.showOnly('Jobs');
  await editor.row('Jobs', 'Backup of the group shop', 1).waitFor();
  for (const name of ['web01', 'db01']) await editor.row('Jobs', name, 2).waitFor();
  await editor.shot('both-on-their-way');
  await lab.letGo();
  const skew = /2 of 2 VMs backed up; snapshots (\d+) ms apart, not consistent across VMs/;
  await editor.row('Jobs', skew, 1).waitFor();
  assert.deepEqual(await lab.snapshotsLeft(), [], 'no snapshot is left');
  const times = (await lab.snapshots()).map(({ createTime }) => Date.parse(createTime));
  assert.equal(times.length, 2);
  const apart = `snapshots ${Math.max(...times) - Math.min(...times)} ms apart`;
  await editor.row('Jobs', apart, 1).click();
  await editor.line('near each other, not consistent across VMs').waitFor();
  await editor.shot('in-the-log');
  await editor.command('View: Close All Editors');

  await editor.showOnly('Restore Points');
  for (const name of ['web01', 'db01']) {
    await editor.expand('Restore Points', 1, ['repository', name]);
    await editor.row('Restore Points', `${apart}, not consistent across VMs`, 3).waitFor();
    await editor.row('Restore Points', name, 2).click();
  }
  await editor.showOnly('Virtual Machines');
  await editor.act(editor.row('Virtual Machines', 'web01'), 'Show Recovery');
  const { document } = new WebviewPage(editor.page);
  const section = document.getByRole('region', { name: 'What is in the restore point' });
  await section.getByText('Backed up together as shop').waitFor();
  await section.getByText(`2 VMs, ${apart}, not consistent across VMs`).scrollIntoViewIfNeeded();
  await editor.shot('on-the-page');
}
