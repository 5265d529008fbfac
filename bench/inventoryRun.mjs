// One worker and one lab of 5000 VMs, from nothing to the figures that inventory.mjs prints.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { listedVms } from '../src/client/listedVms.ts';
import { connectWorker } from '../src/client/node/connectWorker.ts';
import { listJobs } from '../src/protocol/job.ts';
import { openVCenter } from '../src/protocol/vcenter.ts';
import { listVms, vmsChanged } from '../src/protocol/vm.ts';

const vmCount = 5000;
const changedCount = 500;
const never = new AbortController().signal;
const dist = join(import.meta.dirname, '..', 'dist');

/** Figures by name; what ends in Ms is in milliseconds. */
export async function runOnce() {
  const folder = mkdtempSync(join(tmpdir(), 'quiesce-bench-'));
  process.env.QUIESCE_STATE = join(folder, 'state');
  process.env.QUIESCE_LOOP_PROBE = join(folder, 'loop.json');
  const lab = await startLab();
  const nodePath = probedNode(folder);
  let client;
  const start = async () => {
    const meeting = { bundleFolder: dist, storageFolder: folder, rendezvousFolder: join(folder, 'meet') };
    const deps = { clock: systemClock, random: systemRandom };
    client = await connectWorker({ ...meeting, nodePath, productVersion: '0.1.0' }, deps, never);
    return client;
  };
  const end = async () => {
    process.kill(client.worker.processId, 'SIGTERM');
    await client.closed;
  };
  try {
    const figures = await measureFirst(lab, await start());
    await end();
    const next = await measureNext(lab, await start());
    const longestTurnCpuMs = Math.max(figures.longestTurnCpuMs, next.longestTurnCpuMs);
    return { ...figures, ...next, longestTurnCpuMs };
  } finally {
    await end();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** A worker that knows nothing. */
async function measureFirst(lab, client) {
  const pid = client.worker.processId;
  const idleCpuMs = cpuMs(pid);
  await client.request(openVCenter, lab.params, never);
  const clientStartCpuMs = cpuMs(pid) - idleCpuMs;
  await loopOf(pid);

  const labCpuBeforeMs = cpuMs(lab.pid);
  const startMs = performance.now();
  const sinceStart = () => Math.round(performance.now() - startMs);
  const complete = new Set();
  let [allFactsMs, told] = [0, new Set()];
  client.on(vmsChanged, ({ changed }) => {
    for (const vm of changed) {
      told.add(vm.id);
      if (vm.diskCount > 0 || vm.connectionState === 'inaccessible') complete.add(vm.id);
    }
    allFactsMs ||= complete.size >= vmCount ? sinceStart() : 0;
  });
  const waits = measureWaits(client);
  await client.request(listVms, { vcenter: 'lab', atOnce: true }, never);
  const firstRowsMs = sinceStart();
  const all = await listedVms(client, 'lab', never);
  const allRowsMs = sinceStart();
  if (all.length < vmCount) throw new Error(`the list has ${all.length} VMs only`);
  while (allFactsMs === 0) await systemClock.sleep(20, never);
  const labCpuMs = cpuMs(lab.pid) - labCpuBeforeMs;
  const workerCpuMs = cpuMs(pid) - idleCpuMs;
  const longestWaitMs = await waits.stop();
  await systemClock.sleep(500, never);

  told = new Set();
  await lab.control('vms', { count: changedCount, seed: 7 });
  const changedAtMs = performance.now();
  while (told.size < changedCount) await systemClock.sleep(5, never);
  const changesMs = Math.round(performance.now() - changedAtMs);
  const loop = await loopOf(pid);
  return {
    ...{ clientStartCpuMs, firstRowsMs, allRowsMs, allFactsMs, peakMemoryMb: peakMemoryMb(pid), changesMs },
    ...{ longestTurnCpuMs: loop.longestCpuMs, longestTurnMs: loop.longestMs, longestWaitMs },
    ...{ workerCpuMs, labCpuMs },
  };
}

/** The next worker, which finds what the first one has kept. */
async function measureNext(lab, client) {
  await client.request(openVCenter, lab.params, never);
  await loopOf(client.worker.processId);
  const startMs = performance.now();
  const { vms } = await client.request(listVms, { vcenter: 'lab', atOnce: true }, never);
  const keptRowsMs = Math.round(performance.now() - startMs);
  if (vms.some(({ asOf }) => asOf === undefined)) throw new Error('rows are not said to be kept ones');
  const confirmed = async () =>
    (await listedVms(client, 'lab', never)).every(({ asOf }) => asOf === undefined);
  while (!(await confirmed())) await systemClock.sleep(500, never);
  const confirmedMs = Math.round(performance.now() - startMs);
  const { longestCpuMs: longestTurnCpuMs } = await loopOf(client.worker.processId);
  return { keptRowsMs, confirmedMs, longestTurnCpuMs };
}

/** How long another small request waits at most; client, machine and load are in it. */
function measureWaits(client) {
  let isRunning = true;
  let longestMs = 0;
  const run = (async () => {
    while (isRunning) {
      const askedMs = performance.now();
      await client.request(listJobs, {}, never);
      longestMs = Math.max(longestMs, performance.now() - askedMs);
      await systemClock.sleep(10, never);
    }
  })();
  return {
    stop: async () => {
      isRunning = false;
      await run;
      return Math.round(longestMs);
    },
  };
}

/** The longest turn of the worker's event loop since this was last asked. */
async function loopOf(pid) {
  const file = process.env.QUIESCE_LOOP_PROBE;
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(file)) await systemClock.sleep(10, never);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The worker is started without the options of this process, so the probe comes with the program that runs it. */
function probedNode(folder) {
  const path = join(folder, 'node');
  const probe = join(import.meta.dirname, 'loopProbe.mjs');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' --import '${probe}' "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

/** Of the whole process so far; in units of 10 ms. */
function cpuMs(processId) {
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function peakMemoryMb(processId) {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'));
  return Math.round(Number(kilobytes) / 1000);
}

async function startLab() {
  const options = [
    '--profile',
    'small',
    '--no-activity',
    '--generate',
    String(vmCount),
    '--exit-with-parent',
  ];
  const child = spawn(process.execPath, [join(dist, 'lab.mjs'), ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise(resolve => child.once('exit', resolve));
  const line = await new Promise(resolve => createInterface(child.stdout).once('line', resolve));
  const ready = JSON.parse(line);
  const { url, user, fingerprint, passwordFile } = ready;
  return {
    params: { name: 'lab', url, user, fingerprint, password: readFileSync(passwordFile, 'utf8').trim() },
    pid: child.pid,
    control: async (path, body) => await post(`${ready.controlUrl}/${path}`, ready.controlToken, body),
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

async function post(url, token, body) {
  await new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}` };
    const request = https.request(url, { method: 'POST', rejectUnauthorized: false, headers }, response => {
      response.resume().once('end', resolve);
    });
    request.once('error', reject);
    request.end(JSON.stringify(body));
  });
}
