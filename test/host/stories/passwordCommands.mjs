// The passwords of a repository, by their four commands; another program says which of them opens it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createRepository, repositoryPassword } from '../steps.mjs';

export const tools = ['restic'];

export async function story(editor) {
  await editor.openQuiesce();
  const folder = await createRepository(editor);
  const opens = async password => await isOpenedBy(editor, folder, password);
  assert.deepEqual([await opens(repositoryPassword), await opens('second one')], [true, false]);

  await editor.command('Quiesce: Add Repository Password…');
  await editor.enter('Another password for', 'second one');
  await editor.enter('The same password again', 'second one');
  await editor.toast('opens repository from now on').waitFor();
  assert.deepEqual([await opens(repositoryPassword), await opens('second one')], [true, true]);

  await editor.command('Quiesce: Change Repository Password…');
  await editor.enter('New password of', 'third one');
  await editor.enter('The same password again', 'third one');
  await editor.toast('The password of repository is changed').waitFor();
  const after = [await opens(repositoryPassword), await opens('second one'), await opens('third one')];
  assert.deepEqual(after, [false, true, true]);

  await editor.command('Quiesce: Remove Repository Password…');
  await editor.accept('Which password shall no longer open');
  await editor.answerDialog('Remove the password with key', 'Remove');
  for (let look = 0; look < 50 && (await opens('second one')); look += 1)
    await editor.page.waitForTimeout(200);
  assert.deepEqual([await opens('second one'), await opens('third one')], [false, true]);

  await editor.command('Quiesce: List Repository Passwords');
  await editor.page.getByText('Passwords of repository').first().waitFor();
  await editor.shot('passwords');
  assert.equal((await editor.server.extensionLog()).includes('third one'), false);
}

async function isOpenedBy(editor, folder, password) {
  const file = join(editor.folder, 'tried-password');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  const args = ['--repo', folder, '--password-file', file, '--no-cache', '--no-lock', 'cat', 'config'];
  return await new Promise(resolve => {
    execFile('restic', args, error => resolve(error === null));
  });
}
