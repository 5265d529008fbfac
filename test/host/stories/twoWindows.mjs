// Two windows of one person share a worker: both see the job, and two that start at once start one.
import assert from 'node:assert/strict';

import { connect, startHeldBackup } from '../steps.mjs';
import { until } from '../editor.mjs';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await startHeldBackup(editor, lab, 'web01');
  const worker = await editor.worker();

  const other = await editor.openWindow();
  await other.openQuiesce();
  await other.status('Backup of web01').waitFor();
  await other.row('Jobs', 'Backup of web01').waitFor();
  assert.equal(await other.worker(), worker, 'one worker for both');
  await lab.letGo();
  for (const window of [editor, other]) {
    await window.row('Restore Points', 'web01', 2).waitFor();
    await window.row('Jobs', 'Backup of web01').getByText('stored').waitFor();
  }
  await other.shot('second-window');

  process.kill(worker, 'SIGKILL');
  await until('the worker is gone', async () => (await editor.server.workers()).length === 0);
  const windows = [editor, other];
  for (const window of windows) await window.findCommand('Quiesce: Refresh');
  await Promise.all(windows.map(async ({ page }) => await page.keyboard.press('Enter')));
  await until('both windows have connected again', async () => {
    const connected = (await editor.server.extensionLog()).match(/connected to worker \d+/g);
    return connected.length === 4 && new Set(connected).size === 2;
  });
  await until('one worker is left', async () => (await editor.server.workers()).length === 1);
  assert.notEqual(await other.worker(), worker);
}
