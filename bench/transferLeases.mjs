// What backups through leases cost: of so many VMs at once, each of whose leases gives out 25 MB/s, and as fast as they go. The lab
// keeps each disk as it goes over the wire, so that it is not its compressing which is measured; curl reads the same leases in turn.
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { build } from 'esbuild';

import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import { MiB } from '../src/base/units.ts';
import { HttpNfcLease } from '../src/core/vsphere/httpNfcLease.ts';
import { ChangedVm } from '../test/support/changedVm.ts';
import { logIn, startLab } from '../test/vcsim/servers.ts';

const root = join(import.meta.dirname, '..');
const limitBytesPerSecond = 25e6;
const atOnce = 4;
const writeBytes = 16 * MiB;
const processors = cpus().length;
const run = promisify(execFile);
const { signal } = new AbortController();
/** Of the runtime, for whoever looks where the time goes. */
const profiling = (process.env.QUIESCE_BENCH_PROFILE ?? '').split(' ').filter(word => word !== '');

/**
 * @param folder     for repositories, bundles and what the lab keeps
 * @param limitedMib of each disk that is read at the limit: random bytes, which do not shrink on their way
 * @param freeMib    of each disk that is read as fast as it goes: this machine's files
 * @returns rows with `what`, `measured`, `goal` and whether more is better
 */
export async function measureLeases(folder, limitedMib, freeMib) {
  await bundle(folder);
  const lab = await startLab(['--state', folder]);
  const open = await logIn(lab);
  try {
    await lab.control('faults', { taskStepMs: 0, keepExports: true });
    const bench = { folder, lab, open };
    return [...(await measureLimited(bench, limitedMib)), ...(await measureFree(bench, freeMib))];
  } finally {
    await open[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  }
}

async function measureLimited(bench, mib) {
  const vms = await createVms(bench, 'limited', mib, async (vm, number) => {
    for (let at = 0; at < mib * MiB; at += writeBytes)
      await vm.write(at, Math.min(writeBytes, mib * MiB - at), number * 1_000_000 + at / MiB + 1);
  });
  const rows = [];
  for (const count of [1, atOnce]) {
    await bench.lab.control('faults', { leaseBytesPerSecond: limitBytesPerSecond });
    const some = vms.slice(0, count);
    const curl = await readByCurl(bench, some);
    const ours = await backUp(bench, some);
    await bench.lab.control('faults', { leaseBytesPerSecond: null });
    const limit = count * limitBytesPerSecond;
    rows.push({
      what: `rate of ${count} at a time through leases of 25 MB/s, as a share of that, snapshots included`,
      goal: 0.95,
      isMoreBetter: true,
      measured: ours.receivedBytes / (ours.ms / 1000) / limit,
      figures: { curlToNull: curl.receivedBytes / (curl.ms / 1000) / limit, ...ours },
    });
  }
  return rows;
}

/** The bound is what the steps alone leave of all processors: receiving, by curl, with what the lab takes for it, and ours. */
async function measureFree(bench, mib) {
  const files = join(bench.folder, 'files.raw');
  fill(files, atOnce * mib);
  const vms = await createVms(bench, 'free', mib, async (vm, number) => {
    for (let at = 0; at < mib * MiB; at += writeBytes)
      await vm.writeFrom(files, number * mib * MiB + at, at, Math.min(writeBytes, mib * MiB - at));
  });
  rmSync(files);
  const rows = [];
  for (const count of [1, atOnce]) {
    const some = vms.slice(0, count);
    const stages = await measureStages(bench, some);
    const curl = await readByCurl(bench, some);
    const ours = await backUp(bench, some);
    const stagesMs = sum(Object.values(stages)) / processors;
    const boundMs = stagesMs + curl.cpuMs / processors;
    rows.push({
      what: `rate of ${count} at a time, as fast as it goes, as a share of the bound of ${processors} processors, snapshots included`,
      goal: 0.8,
      isMoreBetter: true,
      measured: boundMs / ours.ms,
      figures: { boundMs, withoutReceivingMs: stagesMs, stages, curl, ...ours },
    });
    if (count > 1) {
      const what = `MB of memory at the peak, ${count} disks at once`;
      rows.push({ what, goal: 500, measured: ours.peakMb, figures: {} });
    }
  }
  return rows;
}

/** Of the disks as they come over the wire, one after the other. */
async function measureStages(bench, vms) {
  const paths = [];
  for (const vm of vms) {
    const path = join(bench.folder, `${vm.name}.vmdk`);
    await readByCurl(bench, [vm], path);
    paths.push(path);
  }
  const { ms } = await program(bench, 'stages', paths);
  for (const path of paths) rmSync(path);
  return ms;
}

/** Each with one disk, which the lab has kept as it goes over the wire. */
async function createVms(bench, name, mib, fillDisk) {
  const vms = [];
  for (let number = 0; number < atOnce; number += 1) {
    const vm = await ChangedVm.create(bench.lab, bench.open, `${name}${number}`, mib * MiB);
    await fillDisk(vm, number);
    vms.push(vm);
  }
  await readByCurl(bench, vms);
  return vms;
}

/** All at once, each through a snapshot and a lease of its own; time and processors are those of the transfer alone. */
async function readByCurl({ lab, open }, vms, target = '/dev/null') {
  const { session } = open;
  const exports = await Promise.all(
    vms.map(async vm => {
      const snapshot = await vm.takeSnapshot();
      const granted = await session.call('ExportSnapshot', snapshot, {}, signal);
      const deps = { clock: systemClock, logger: silentLogger };
      return { vm, snapshot, lease: await HttpNfcLease.ready(session, granted, vm.name, deps, signal) };
    }),
  );
  const before = cpuMsOf(lab.processId) + cpuMsOfChildren();
  const startedMs = performance.now();
  const sizes = await Promise.all(
    exports.map(async ({ lease }) => {
      const url = lease.info.deviceUrl[0].url.replace('*', new URL(lab.url).host);
      const told = ['--write-out', '%{size_download}'];
      // The lab is on this machine, and has made its certificate itself.
      const { stdout } = await run('curl', [
        '--insecure',
        '--fail',
        '--silent',
        '--output',
        target,
        ...told,
        url,
      ]);
      return Number(stdout);
    }),
  );
  const ms = performance.now() - startedMs;
  const cpuMs = cpuMsOf(lab.processId) + cpuMsOfChildren() - before;
  for (const { vm, snapshot, lease } of exports) {
    await lease.complete(signal);
    await vm.removeSnapshot(snapshot);
  }
  return { ms, cpuMs, receivedBytes: sum(sizes) };
}

/** Into a new repository, in a process of its own. */
async function backUp(bench, vms) {
  const repository = join(bench.folder, 'repository');
  await program(bench, 'init', repository);
  const before = cpuMsOf(bench.lab.processId);
  const names = vms.map(({ name }) => name);
  const { done, ...figures } = await program(bench, 'backUp', repository, names);
  const labCpuMs = cpuMsOf(bench.lab.processId) - before;
  rmSync(repository, { recursive: true });
  if (done.some(({ kind }) => kind !== 'nfc-lease')) throw new Error('was not read through leases');
  const receivedBytes = sum(done.map(({ receivedBytes: bytes }) => bytes));
  const figure = { ...figures, labCpuMs, receivedBytes, done };
  // Whoever runs out of time has what is known.
  console.error(`${names.join(' ')}: ${JSON.stringify(figure)}`);
  return figure;
}

async function program({ folder, lab }, job, ...words) {
  const { url, fingerprint, user, password } = lab;
  const { stdout } = await run(
    process.execPath,
    ['--max-semi-space-size=8', ...profiling, join(folder, 'bundle/leasedDisks.mjs'), job, ...words.flat()],
    {
      env: {
        ...process.env,
        QUIESCE_BENCH_LAB: JSON.stringify({ url, fingerprint, user, password }),
        QUIESCE_BENCH_PASSWORD: 'bench',
      },
    },
  );
  return JSON.parse(stdout);
}

async function bundle(folder) {
  await build({
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node22', logLevel: 'warning' },
    entryPoints: {
      leasedDisks: join(root, 'bench/programs/leasedDisks.mjs'),
      sealWorker: join(root, 'src/core/codec/node/sealWorker.ts'),
    },
    banner: {
      js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
    },
    outExtension: { '.js': '.mjs' },
    outdir: join(folder, 'bundle'),
  });
}

/** With files as they come in an archive. */
function fill(path, mib) {
  const script = 'tar -C / --ignore-failed-read -cf - usr opt 2>/dev/null | head -c "$1" > "$2"';
  spawnSync('sh', ['-c', script, 'fill', String(mib * MiB), path]);
  truncateSync(path, mib * MiB);
}

/** Of a process, so far; the system counts in hundredths of a second. */
function cpuMsOf(processId) {
  const [user, system] = statOf(processId).slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

/** Of the programs that this one has started and that have ended. */
function cpuMsOfChildren() {
  const [user, system] = statOf('self').slice(13, 15);
  return (Number(user) + Number(system)) * 10;
}

/** From the third field on: the second one, in parentheses, may hold anything. */
function statOf(processId) {
  return readFileSync(`/proc/${processId}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
