// The main job on real input: a simulated vCenter with real disks, one VM backed up while its guest goes on writing, a
// guest file, a disk and the whole VM restored, and every byte compared with what the disks held at snapshot time. Then
// the editor is opened on the same lab.
//   --headless  no editor   --small  small disks   --vm NAME
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { openEditorOnLab } from './demoEditor.mjs';

const vmName = process.argv.includes('--vm') ? process.argv[process.argv.indexOf('--vm') + 1] : 'web01';
const labOptions = process.argv.includes('--small') ? ['--profile', 'small'] : [];
const folder = await mkdtemp(join(tmpdir(), 'quiesce-demo-'));
const environment = {
  ...process.env,
  QUIESCE_CONFIG: join(folder, 'config.json'),
  QUIESCE_STATE: join(folder, 'state'),
};
const comparisons = [];
const whyNoEditor = reasonForNoEditor();

console.log(
  'Starting the lab, a simulated vCenter. Its disk images are built once, which takes a minute or two.',
);
const lab = await startLab();
try {
  await setUp();
  const point = await backUp();
  await restoreAFile(point);
  await restoreADisk(point);
  await restoreTheVm(point);
  await lookForLeftovers();
  conclude();
  if (whyNoEditor === undefined) await openEditor();
  else console.log(`No editor is opened: ${whyNoEditor}.`);
} finally {
  lab.process.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

function reasonForNoEditor() {
  if (process.argv.includes('--headless')) return '--headless was given';
  if (process.env.CI === 'true') return 'CI=true';
  return process.stdout.isTTY ? undefined : 'there is no terminal';
}

/** The proof has been made: an editor that cannot be had changes nothing about it. */
async function openEditor() {
  try {
    await openEditorOnLab(lab.ready, folder);
  } catch (error) {
    console.log(`The editor cannot be opened: ${error.message}`);
  }
}

async function setUp() {
  const passwordFile = join(folder, 'repository-password');
  await writeFile(passwordFile, 'only for this demonstration\n', { mode: 0o600 });
  const { url, user, fingerprint } = lab.ready;
  await quiesce(
    'vcenter',
    'add',
    'lab',
    '--url',
    url,
    '--user',
    user,
    '--password-file',
    lab.ready.passwordFile,
    '--fingerprint',
    fingerprint,
  );
  await quiesce(
    'repo',
    'init',
    'main',
    '--location',
    join(folder, 'repository'),
    '--password-file',
    passwordFile,
    '--no-kit',
  );
  await quiesce('vms');
}

/** @returns the disks and where each stood when the snapshot was taken */
async function backUp() {
  await quiesce('backup', vmName);
  await control('POST', `disks/${vmName}/2000/burst`, { bytes: 1024 * 1024 });
  await quiesce('points');
  const snapshot = (await control('GET', 'snapshots')).at(-1);
  const disks = [];
  for (const { deviceKey, position } of snapshot.disks) {
    const { sha256 } = await control('GET', `disks/${vmName}/${deviceKey}/sha256?position=${position}`);
    disks.push({ deviceKey, position, sha256 });
  }
  return { disks };
}

/** The file the guest was writing to all the time; its true content is read from the lab's disk, block by block. */
async function restoreAFile({ disks }) {
  const [{ deviceKey, position }] = disks;
  const { activityFile } = await control('GET', `disks/${vmName}/${deviceKey}`);
  const where = ['--disk', String(deviceKey), '--volume', '1'];
  await quiesce('ls', vmName, '/', ...where);
  await quiesce('restore', 'file', vmName, activityFile.path, '--to', join(folder, 'files'), ...where);
  const truth = createHash('sha256');
  for (const { startBytes, lengthBytes } of activityFile.extents) {
    for (let at = startBytes; at < startBytes + lengthBytes; at += 8 * 1024 * 1024) {
      const length = Math.min(8 * 1024 * 1024, startBytes + lengthBytes - at);
      truth.update(
        await controlBytes(
          `disks/${vmName}/${deviceKey}/bytes?position=${position}&offset=${at}&length=${length}`,
        ),
      );
    }
  }
  const name = activityFile.path.split('/').at(-1);
  compare(
    `guest file ${activityFile.path}`,
    truth.digest('hex'),
    await fileHash(join(folder, 'files', name)),
  );
}

async function restoreADisk({ disks }) {
  const [{ deviceKey, sha256 }] = disks;
  const target = join(folder, 'disk.raw');
  await quiesce('restore', 'disk', vmName, '--disk', String(deviceKey), '--to', target);
  compare(`disk ${deviceKey}`, sha256, await fileHash(target));
  const { sha256: now } = await control('GET', `disks/${vmName}/${deviceKey}/sha256`);
  console.log(
    `  (the guest went on: the disk now has ${now === sha256 ? 'the same hash, which is wrong' : short(now)})`,
  );
  if (now === sha256) comparisons.push(false);
}

async function restoreTheVm({ disks }) {
  const name = `${vmName}-restored`;
  await quiesce('restore', 'vm', vmName, '--name', name);
  await quiesce('vms');
  for (const { deviceKey, sha256 } of disks) {
    const restored = await control('GET', `disks/${name}/${deviceKey}/sha256`);
    compare(`disk ${deviceKey} of ${name}`, sha256, restored.sha256);
  }
}

async function lookForLeftovers() {
  await quiesce('guard');
  const snapshots = (await control('GET', 'vms')).flatMap(vm => vm.snapshots);
  compare('snapshots left behind', '0', String(snapshots.length));
}

function compare(what, expected, actual) {
  const equal = expected === actual;
  comparisons.push(equal);
  console.log(
    `${equal ? '  equal    ' : '  DIFFERENT'} ${what}: at snapshot time ${short(expected)}, restored ${short(actual)}`,
  );
}

function short(hash) {
  return hash.length > 16 ? `sha256 ${hash.slice(0, 16)}…` : hash;
}

function conclude() {
  const equal = comparisons.filter(Boolean).length;
  console.log(`\n${equal} of ${comparisons.length} comparisons are equal.`);
  process.exitCode = equal === comparisons.length && equal > 0 ? 0 : 1;
}

/** Runs the bundled command line as a user would, and shows it. */
async function quiesce(...args) {
  const shown = args.map(argument =>
    argument.startsWith(folder) ? argument.replace(folder, '$TMP') : argument,
  );
  console.log(`\n$ quiesce ${shown.join(' ')}`);
  const child = spawn(process.execPath, ['dist/cli.mjs', ...args], { stdio: 'inherit', env: environment });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`quiesce ${args.join(' ')} ended with ${code}`);
}

async function startLab() {
  const child = spawn(process.execPath, ['dist/lab.mjs', '--exit-with-parent', ...labOptions], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { process: child, ready: JSON.parse(line) };
  }
  throw new Error('the lab ended before it was ready');
}

async function control(method, path, body) {
  return JSON.parse((await request(method, path, body)).toString());
}

async function controlBytes(path) {
  return await request('GET', path);
}

async function request(method, path, body) {
  return await new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { Authorization: `Bearer ${lab.ready.controlToken}` },
      // The lab on this machine made its certificate a moment ago.
      rejectUnauthorized: false,
    };
    const sent = https.request(`${lab.ready.controlUrl}/${path}`, options, response => {
      const pieces = [];
      response.on('data', piece => pieces.push(piece));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(pieces));
        else reject(new Error(`lab: ${method} ${path}: ${response.statusCode} ${Buffer.concat(pieces)}`));
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function fileHash(path) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}
