// What the extension costs the editor: `npm run bench:editor`, in VS Code's server build. Prints a table for
// docs/BENCHMARKS.md and fails if a goal is missed.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';

import { findChromium, findEditorHost } from '../scripts/editorHost.mjs';
import { packageExtension } from '../scripts/vsix.mjs';
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { connectWorker } from '../src/client/node/connectWorker.ts';
import { cancelJob, jobChanged, startBackup } from '../src/protocol/job.ts';
import { createRepository } from '../src/protocol/repository.ts';
import { openVCenter } from '../src/protocol/vcenter.ts';
import { listVms } from '../src/protocol/vm.ts';
import { Editor, launchBrowser, newProfile } from '../test/host/editor.mjs';
import { Lab } from '../test/host/lab.mjs';
import { EditorServer } from '../scripts/editorServer.mjs';

const startCount = 7;
const clone = join(import.meta.dirname, '..');
const rows = [];
const loadBefore = loadavg()[0].toFixed(1);

const host = findEditorHost();
const chromium = findChromium();
if (host === undefined || chromium === undefined)
  throw new Error('no editor to measure in: node scripts/setup.mjs --test-tools');

const folder = await mkdtemp(join(tmpdir(), 'quiesce-b-'));
try {
  const vsix = join(folder, 'quiesce.vsix');
  packageExtension(vsix);
  const { size } = await stat(vsix);
  row('size of the .vsix', `${(size / 1e6).toFixed(2)} MB`, '≤ 4 MB', size <= 4e6);
  const bundle = await stat(join(clone, 'dist/extension.cjs'));
  row('extension bundle', `${Math.round(bundle.size / 1000)} kB`, '≤ 400 kB', bundle.size <= 4e5);
  await measureEditor(vsix);
  await measureWorker();
  await measureCancelling();
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
print();

/** Each start is a new extension host. What it took is what the editor itself shows of its running extensions. */
async function measureEditor(vsix) {
  const server = await EditorServer.start(host, { vsix });
  const browser = await launchBrowser(chromium);
  try {
    const editor = await Editor.open(server, await newProfile(browser));
    // The slowest extensions come first, and rows out of sight do not exist.
    await editor.page.setViewportSize({ width: 1280, height: 2400 });
    await editor.page.waitForTimeout(3000);
    const started = [
      ...(await server.workers()),
      ...(await readdir(join(server.folder, 'tmp'))).filter(isOurs),
    ];
    row('processes and folders before a view is opened', String(started.length), '0', started.length === 0);
    const times = [];
    for (let start = 0; start < startCount; start += 1) {
      if (start > 0) await editor.reload();
      await editor.openQuiesce();
      await editor.command('Developer: Show Running Extensions');
      times.push(await shownActivationMs(editor.page));
    }
    row('activation', spread(times), '≤ 80 ms', median(times) <= 80);
  } finally {
    await browser.close();
    await server.close();
  }
}

function isOurs(name) {
  return name.startsWith('quiesce-');
}

async function shownActivationMs(page) {
  const shown = page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Quiesce' });
  // It says so only once the extension is active.
  const time = await shown.locator('.activation-time', { hasText: /\d+ms/ }).first().textContent();
  return Number(/(\d+)ms/.exec(time)[1]);
}

/** From the request to the end of the handshake; each time with nothing installed, running or known. */
async function measureWorker() {
  const times = [];
  for (let start = 0; start < startCount; start += 1) {
    const startedMs = performance.now();
    const { client } = await startWorker();
    times.push(performance.now() - startedMs);
    await end(client);
  }
  row('worker ready, from request to handshake, cold', spread(times), '≤ 1500 ms', median(times) <= 1500);
}

/** A backup in the middle of a disk: from the request until every client is told that the job stops. */
async function measureCancelling() {
  const lab = await Lab.start();
  const { client, own } = await startWorker();
  const signal = AbortSignal.timeout(120_000);
  try {
    const { url, user, fingerprint, password } = lab;
    await client.request(openVCenter, { name: 'lab', url, user, fingerprint, password }, signal);
    const repository = { name: 'main', location: join(own, 'repository'), password: 'for this run' };
    await client.request(createRepository, { ...repository, withoutKit: true }, signal);
    const { vms } = await client.request(listVms, { vcenter: 'lab' }, signal);
    const { id, name } = vms.find(vm => vm.name === 'web01');
    const states = new Map();
    const waiting = [];
    client.on(jobChanged, job => {
      states.set(job.id, job);
      for (const look of waiting) look();
    });
    const told = async fits =>
      await new Promise(resolve => {
        const look = () => {
          if (fits()) resolve();
        };
        waiting.push(look);
        look();
      });
    const times = [];
    const policy = { wanted: 'crash', minimum: 'crash', onShortfall: 'fail' };
    await lab.hold();
    for (let round = 0; round < startCount; round += 1) {
      const params = { vm: { vcenter: 'lab', id, name }, repository: 'main', policy };
      const { jobId } = await client.request(startBackup, params, signal);
      await told(() => states.get(jobId)?.phase.startsWith('Reading'));
      const cancelledMs = performance.now();
      await client.request(cancelJob, { jobId }, signal);
      await told(() => states.get(jobId).state !== 'running');
      times.push(performance.now() - cancelledMs);
      await told(() => states.get(jobId).finishedAt !== undefined);
    }
    row(
      'cancelling, from request to what every client is told',
      spread(times),
      '≤ 100 ms',
      median(times) <= 100,
    );
  } finally {
    await end(client);
    await lab.close();
  }
}

/** One that nobody knows. */
async function startWorker() {
  const own = await mkdtemp(join(folder, 'w-'));
  process.env.QUIESCE_STATE = join(own, 'state');
  const client = await connectWorker(
    {
      rendezvousFolder: join(own, 'meet'),
      productVersion: JSON.parse(await readFile(join(clone, 'package.json'), 'utf8')).version,
      bundleFolder: join(clone, 'dist'),
      storageFolder: own,
      nodePath: process.execPath,
    },
    { clock: systemClock, random: systemRandom },
    AbortSignal.timeout(60_000),
  );
  return { client, own };
}

async function end(client) {
  process.kill(client.worker.processId, 'SIGTERM');
  await client.closed;
}

function row(what, measured, goal, isMet) {
  rows.push({ what, measured, goal, isMet });
}

function spread(times) {
  const sorted = times.toSorted((one, other) => one - other);
  const [least, middle, most] = [sorted[0], median(sorted), sorted.at(-1)].map(Math.round);
  return `${middle} ms (${least} to ${most}, ${times.length} starts)`;
}

function median(times) {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)];
}

function print() {
  const [cpu] = cpus();
  console.log(
    `${host.name}; ${cpus().length} × ${cpu.model}, ${process.platform} ${release()}, load ${loadBefore}\n`,
  );
  console.log('| what | median (least to most) | goal | met |\n| --- | --- | --- | --- |');
  for (const { what, measured, goal, isMet } of rows)
    console.log(`| ${what} | ${measured} | ${goal} | ${isMet ? 'yes' : 'NO'} |`);
  process.exitCode = rows.every(({ isMet }) => isMet) ? 0 : 1;
}
