// What the worker needs for an inventory of 5000 VMs, on the lab: until rows are there, until everything the consistency
// rules need is there, until changes are told. `npm run bench:inventory`, `--json` for programs. What the lab itself used
// of the processor is reported apart: a real vCenter is another machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { connectWorker } from '../src/client/node/connectWorker.ts';
import { listJobs } from '../src/protocol/job.ts';
import { openVCenter } from '../src/protocol/vcenter.ts';
import { listVms, vmsChanged } from '../src/protocol/vm.ts';

const vmCount = 5000;
const changedCount = 500;
const goals = {
  clientStartCpuMs: 300,
  firstRowsMs: 1000,
  allRowsMs: 8000,
  allFactsMs: 25_000,
  peakMemoryMb: 300,
  changesMs: 1000,
  longestPauseMs: 50,
};
const never = new AbortController().signal;
const dist = join(import.meta.dirname, '..', 'dist');
const folder = mkdtempSync(join(tmpdir(), 'quiesce-bench-'));
process.env['QUIESCE_STATE'] = join(folder, 'state');

const lab = await startLab();
const client = await connectWorker(
  {
    ...{ bundleFolder: dist, storageFolder: folder, rendezvousFolder: join(folder, 'meet') },
    ...{ nodePath: process.execPath, productVersion: '0.1.0' },
  },
  { clock: systemClock, random: systemRandom },
  never,
);
const pid = client.worker.processId;
try {
  const { url, user, fingerprint, passwordFile } = lab.ready;
  const password = readFileSync(passwordFile, 'utf8').trim();
  const idleCpuMs = cpuMs(pid);
  await client.request(openVCenter, { name: 'lab', url, user, fingerprint, password }, never);
  const clientStartCpuMs = cpuMs(pid) - idleCpuMs;

  const labCpuBeforeMs = cpuMs(lab.pid);
  const startMs = performance.now();
  const sinceStart = () => Math.round(performance.now() - startMs);
  const complete = new Set();
  let [factsMs, told] = [0, new Set()];
  client.on(vmsChanged, ({ changed }) => {
    for (const vm of changed) {
      told.add(vm.id);
      if (vm.diskCount > 0 || vm.connectionState === 'inaccessible') complete.add(vm.id);
    }
    factsMs ||= complete.size >= vmCount ? sinceStart() : 0;
  });
  const pauses = measurePauses();
  const { vms: first } = await client.request(listVms, { vcenter: 'lab', atOnce: true }, never);
  const firstRowsMs = sinceStart();
  const { vms: all } = await client.request(listVms, { vcenter: 'lab' }, never);
  const allRowsMs = sinceStart();
  while (factsMs === 0) await systemClock.sleep(20, never);
  const labCpuMs = cpuMs(lab.pid) - labCpuBeforeMs;
  const workerCpuMs = cpuMs(pid) - idleCpuMs;
  const longestPauseMs = await pauses.stop();
  await systemClock.sleep(1000, never);

  told = new Set();
  await lab.control('vms', { count: changedCount, seed: 7 });
  const changedAtMs = performance.now();
  while (told.size < changedCount) await systemClock.sleep(5, never);
  const changesMs = Math.round(performance.now() - changedAtMs);

  const result = {
    ...{ vmCount: all.length, firstRowCount: first.length, clientStartCpuMs, firstRowsMs, allRowsMs },
    ...{ allFactsMs: factsMs, peakMemoryMb: peakMemoryMb(pid), changesMs, longestPauseMs },
    ...{ workerCpuMs, labCpuMs },
    ...{ node: process.version, processor: cpus()[0]?.model ?? 'unknown', processors: cpus().length },
    load: Math.round(loadavg()[0]),
  };
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result)}\n`);
  else for (const [name, value] of Object.entries(result)) print(name, value);
  if (Object.entries(goals).some(([name, goal]) => result[name] > goal)) process.exitCode = 1;
} finally {
  client[Symbol.dispose]();
  process.kill(pid, 'SIGTERM');
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
}

function print(name, value) {
  const goal = goals[name] === undefined ? '' : `  (goal ${goals[name]})`;
  process.stdout.write(`${name.padEnd(18)} ${value}${goal}\n`);
}

/** How long the worker lets another small request wait; the machine's load is in it. */
function measurePauses() {
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
  return {
    ready,
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
