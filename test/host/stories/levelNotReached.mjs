// A guest that cannot be brought to rest. Whoever is asked for less says no, then yes; what was not reached is told of one
// and the same restore point in the exit code, its manifest, the trees and the panel.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Cli } from '../cli.mjs';
import { connect, startBackup } from '../steps.mjs';
import { WebviewPage } from '../webviewPage.mjs';

/** It reads the manifest. */
export const tools = ['restic'];

const levelNotReached = 16;
const asked = 'Backup of web01: is crash consistency good enough?';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  const folder = await connect(editor, lab);
  await lab.control('POST', 'vms/web01/guest', { preset: 'linux-script-fails' });

  await startBackup(editor, 'web01');
  const dialog = editor.dialog(asked);
  await dialog.getByText('Asked for: filesystem').waitFor();
  await dialog.getByText('Custom quiesce script failed').waitFor();
  await editor.row('Jobs', 'waits for an answer: is crash good enough?').waitFor();
  await editor.shot('asked');
  await editor.dismissDialog(asked);
  await editor.toast('Custom quiesce script failed').waitFor();
  await editor.row('Jobs', 'failed: ').waitFor();
  assert.deepEqual(await lab.snapshotsLeft(), [], 'no snapshot is left');
  await editor.row('Restore Points', 'No restore points yet').waitFor();
  await editor.command('Notifications: Clear All Notifications');

  await startBackup(editor, 'web01');
  await editor.answerDialog(asked, 'Take crash');
  await editor.toast('stepped down from filesystem to crash').waitFor();
  await editor.shot('stepped-down');
  assert.deepEqual(await lab.snapshotsLeft(), [], 'no snapshot is left');
  await editor.command('Notifications: Clear All Notifications');

  const cli = await Cli.open(editor, lab, folder);
  const byCli = await cli.run('backup', 'web01', '--on-shortfall', 'step-down', '--json');
  assert.equal(byCli.code, levelNotReached, byCli.stderr);
  const { point, consistency } = JSON.parse(byCli.stdout);
  const [{ from, to, reason }] = consistency.downgrades;
  assert.deepEqual([from, to], ['filesystem', 'crash']);

  const kept = (await manifestOf(editor, folder, point)).consistency;
  assert.deepEqual(kept, consistency, 'the manifest is what the exit code was made of');
  assert.deepEqual([kept.requested, kept.proven], ['filesystem', 'crash']);

  await editor.command('Quiesce: Refresh');
  await editor.row('Virtual Machines', 'web01').getByText('proven crash').waitFor();
  await editor.showOnly('Restore Points');
  await editor.expand('Restore Points', 1, ['repository', 'web01']);
  const row = editor.row('Restore Points', 'crash-consistent, asked for filesystem', 3);
  await row.locator('.codicon-warning').waitFor();
  await editor.shot('in-the-tree');

  await editor.showOnly('Virtual Machines');
  await editor.act(editor.row('Virtual Machines', 'web01'), 'Show Recovery');
  const { document } = new WebviewPage(editor.page);
  const region = name => document.getByRole('region', { name });
  const levels = region('How consistent is it?');
  await levels.getByText('Requested', { exact: true }).waitFor();
  await levels.getByText('Proven: crash-consistent').waitFor();
  await levels.getByText('file-system-consistent', { exact: true }).first().waitFor();
  const evidence = region('Evidence');
  await evidence
    .getByText(`Stepped down from file-system-consistent to crash-consistent: ${reason}`)
    .waitFor();
  await evidence.getByText('Refused: ').first().scrollIntoViewIfNeeded();
  await editor.shot('on-the-page');
}

/** Read by another program. */
async function manifestOf(editor, folder, point) {
  const passwordFile = join(editor.folder, 'cli/repository-password');
  const args = ['--repo', folder, '--password-file', passwordFile, '--no-cache', '--no-lock'];
  const { stdout } = await promisify(execFile)('restic', [...args, 'dump', point, '/manifest.json']);
  return JSON.parse(stdout);
}
