// The end of the demo: an editor with the extension, on the lab of the demo. Desktop VS Code where `code` is on PATH,
// else VS Code's server build on loopback, for the browser. Neither touches the user's settings and extensions.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { findEditorHost, installEditorHost } from './editorHost.mjs';
import { EditorServer } from './editorServer.mjs';

const clone = join(import.meta.dirname, '..');
const nextClick =
  'In the editor: the Quiesce icon in the activity bar, then "Try with the Built-in Lab", then the cloud beside web01.';

/**
 * Opens it, and resolves when the person has closed it or pressed Ctrl+C.
 * @param {object} labReady  what the lab has printed
 * @param {string} folder  for everything the editor writes; removed by the caller
 */
export async function openEditorOnLab(labReady, folder) {
  const labFile = join(folder, 'lab.json');
  await writeFile(labFile, JSON.stringify(labReady), { mode: 0o600 });
  const code = findDesktop();
  if (code === undefined) await openServer(labFile);
  else await openDesktop(code, folder, labFile);
}

function findDesktop() {
  const names = process.platform === 'win32' ? ['code.cmd'] : ['code'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap(folder => names.map(name => join(folder, name))).find(path => existsSync(path));
}

async function openDesktop(code, folder, labFile) {
  const profile = join(folder, 'editor');
  await mkdir(profile, { recursive: true });
  console.log(`\nOpening VS Code with the extension. ${nextClick}\nThe lab ends when its window is closed.`);
  const child = spawn(
    code,
    [
      ...['--new-window', '--wait', '--extensionDevelopmentPath', clone],
      ...['--user-data-dir', profile, '--extensions-dir', join(profile, 'extensions')],
    ],
    {
      stdio: 'inherit',
      shell: process.platform === 'win32',
      env: { ...process.env, QUIESCE_LAB: labFile },
    },
  );
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

async function openServer(labFile) {
  if (findEditorHost() === undefined)
    console.log('\nThere is no `code` on PATH: installing VS Code’s server build, once, about 800 MB …');
  installEditorHost();
  // Whoever reaches the editor can run programs as this user, and a loopback port is open to all users.
  const password = randomBytes(9).toString('base64url');
  const server = await EditorServer.start(findEditorHost(), {
    extensionFolder: clone,
    password,
    environment: { QUIESCE_LAB: labFile },
  });
  try {
    const url = `${server.url}/?folder=${encodeURIComponent(server.workspace)}`;
    console.log(`\nThe extension in VS Code (server build):\n\n  ${url}\n  password: ${password}\n`);
    console.log(`${nextClick}\nCtrl+C ends the editor and the lab.`);
    await interrupted();
  } finally {
    await server.close();
  }
}

async function interrupted() {
  await new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
  });
}
