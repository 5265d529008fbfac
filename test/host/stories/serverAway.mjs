// The editor comes up before the vCenter does: its VMs are there at once as they were known last, with the reason why nothing
// newer is known, and become live without anybody asking. The same while it refuses the login.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';

import { until } from '../editor.mjs';
import { addVCenter } from '../steps.mjs';

const view = 'Virtual Machines';

export async function story(editor, { startLab }) {
  const lab = await startLab();
  await editor.openQuiesce();
  await addVCenter(editor, lab);
  await until('the inventory is kept', async () =>
    (await readdir(editor.folder, { recursive: true })).some(path => /inventory\/\w+\.jsonl$/.test(path)),
  );
  await editor.showOnly(view);
  const notConfirmed = editor.row(view, /web01.*as of \d\d:\d\d, not confirmed/);

  // As after a night: neither the worker nor the server is there.
  await lab.control('POST', 'restart', { downMs: 25_000 });
  process.kill(await editor.worker(), 'SIGKILL');
  await editor.row(view, 'Not available').waitFor();
  await notConfirmed.waitFor();
  assert.ok(await editor.row(view, 'not connected', 1).isVisible(), 'the vCenter itself is said to be away');
  await editor.row(view, 'Not available').hover();
  await editor.shot('unreachable');

  await notConfirmed.waitFor({ state: 'detached' });
  await editor.row(view, 'web01').waitFor();
  await editor.row(view, 'not connected').waitFor({ state: 'detached' });
  await editor.shot('live-again');

  // A login that is refused is said, and not repeated: the account would be locked.
  await lab.control('POST', 'faults', { methods: [{ method: 'Login', fault: 'InvalidLogin', times: 1 }] });
  process.kill(await editor.worker(), 'SIGKILL');
  await editor.row(view, 'Password needed').waitFor();
  await notConfirmed.waitFor();
  await editor.shot('login-refused');
  await editor.row(view, 'Password needed').click();
  await editor.enter('Password', lab.password);
  await notConfirmed.waitFor({ state: 'detached' });
  await editor.row(view, 'Password needed').waitFor({ state: 'detached' });
  await editor.row(view, 'web01').waitFor();
}
