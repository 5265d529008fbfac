// Logins that are refused and accepted, a backup and a restore into a guest, with everything logged that can be; and then a
// search for every password, right or wrong and in every form, in all that the editor, the extension host, the worker and the
// browser have written, shown or been started with.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { secretForms } from '../../support/secretForms.ts';
import { backUp, createRepository, repositoryPassword } from '../steps.mjs';

export const logLevel = 'trace';

const vcenterPassword = 'vc-P4ss <&> "w$rd" ä%';
const wrong = {
  vcenter: 'vc-Wr0ng <&> "w$rd" ä%',
  repository: 'repo-Wr0ng <&> "w$rd" ä%',
  guest: 'guest-Wr0ng <&> "w$rd" ä%',
};
const path = '/etc/web/web.conf';

export async function story(editor, { startLab }) {
  const secretsFolder = await mkdtemp(join(tmpdir(), 'quiesce-secret-'));
  try {
    const passwordFile = join(secretsFolder, 'vcenter');
    await writeFile(passwordFile, `${vcenterPassword}\n`, { mode: 0o600 });
    await useAll(editor, await startLab(['--password-file', passwordFile]));
  } finally {
    await rm(secretsFolder, { recursive: true });
  }
}

async function useAll(editor, lab) {
  await editor.openQuiesce();
  await editor.command('Quiesce: Add vCenter…');
  await editor.enter('Address of the vCenter', lab.url);
  await editor.pick('Trust this certificate');
  await editor.enter('User name', lab.user);
  await editor.enter('Password of', wrong.vcenter);
  await editor.enter('does not accept the user', vcenterPassword);
  await editor.row('Virtual Machines', 'web01').waitFor();
  await createRepository(editor);
  await editor.command('Quiesce: Enter Password…');
  await editor.pick('repository');
  await editor.enter('Password of repository', wrong.repository);
  await editor.enter('opens none of its', repositoryPassword);
  await backUp(editor, 'web01');

  const guestPassword = await lab.guestPassword('root');
  await lab.writeGuestText('web01', path, 'damaged\n');
  await editor.command('Quiesce: Restore to Guest…');
  await editor.pick('web01');
  await editor.pick(/^\d{4}-/);
  for (const name of path.split('/').slice(1)) await editor.pick(name);
  await editor.enter('Account in the guest of web01', 'root');
  await editor.enter('Password of root', wrong.guest);
  await editor.enter('does not accept', guestPassword);
  await editor.dialog('into the guest of web01 as root').waitFor();
  await editor.page.keyboard.press('Enter');
  await editor.toast('Restore into the guest of web01').waitFor();
  // What is kept for the next time is written by then.
  await editor.reload();
  await editor.openQuiesce();
  await editor.row('Virtual Machines', 'web01').waitFor();

  const seen = await everythingSaid(editor);
  const names = seen.map(({ where }) => where);
  for (const part of [
    'Quiesce.log',
    'remoteexthost.log',
    'workspaceStorage',
    'worker.log',
    'cmdline',
    'environ',
  ])
    if (!names.some(name => name.includes(part)))
      assert.fail(`nothing is known of ${part}: ${names.join('\n')}`);
  const where = text => seen.filter(({ bytes }) => bytes.includes(text)).map(one => one.where);
  // Global state and secrets of this editor are kept by the browser; the secrets are encrypted.
  assert.ok(where(lab.user).includes('what the browser keeps'), 'the search finds what is there');
  const secrets = [vcenterPassword, repositoryPassword, guestPassword, ...Object.values(wrong)];
  assert.deepEqual(secrets.flatMap(secretForms).flatMap(where), []);
  console.log(`  ${secrets.length} passwords are in none of ${seen.length} files, processes and pages`);
}

async function everythingSaid({ server, page }) {
  const seen = [{ where: 'output of the server', bytes: Buffer.from(server.output()) }];
  for (const entry of await readdir(server.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    seen.push({ where: file, bytes: await readFile(file) });
  }
  for (const id of await server.processes(''))
    for (const what of ['cmdline', 'environ']) {
      const bytes = await readFile(`/proc/${id}/${what}`).catch(() => Buffer.alloc(0));
      seen.push({ where: `/proc/${id}/${what}`, bytes });
    }
  const kept = await page.context().storageState({ indexedDB: true });
  seen.push({ where: 'what the browser keeps', bytes: Buffer.from(JSON.stringify(kept)) });
  seen.push({ where: 'page', bytes: Buffer.from(await page.content()) });
  return seen;
}
