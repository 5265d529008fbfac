// The worker dies in mid-backup: that is said at once, and the next worker gives back what the dead one had taken.
import assert from 'node:assert/strict';

import { until } from '../editor.mjs';
import { connect, startHeldBackup } from '../steps.mjs';

/** People would go on believing in their backup. */
const saidWithinMs = 1000;

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await connect(editor, lab);
  await startHeldBackup(editor, lab, 'web01');
  const worker = await editor.worker();

  const killedAtMs = Date.now();
  process.kill(worker, 'SIGKILL');
  await editor.toast('The background worker has ended').waitFor();
  await editor.logged('The background worker has ended');
  const [, loggedAt] = /^(\S+ \S+) \[warning\] The background worker has ended/m.exec(
    await editor.server.extensionLog(),
  );
  const saidAfterMs = Date.parse(`${loggedAt.replace(' ', 'T')}Z`) - killedAtMs;
  console.log(`  said after ${saidAfterMs} ms`);
  assert.ok(saidAfterMs <= saidWithinMs, `said only after ${saidAfterMs} ms`);
  await editor.status('Backup of web01').waitFor({ state: 'hidden' });
  assert.equal((await lab.snapshotsLeft()).length, 1, 'the dead worker has left its snapshot');
  await editor.shot('worker-has-ended');

  await lab.letGo();
  await editor.command('Quiesce: Refresh');
  await until('the snapshot is given back', async () => (await lab.snapshotsLeft()).length === 0);
  assert.notEqual(await editor.worker(), worker);
  await editor.row('Jobs', 'Clean-up').getByText('given back').waitFor();
  await editor.shot('cleaned-up');
}
