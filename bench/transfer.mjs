// What an incremental backup reads and how long it takes, beside a full one, against the lab over loopback.
//   npm run bench:transfer [-- --jobs ranges,nbd,leases --gib 48 --filled-gib 2 --limited-mib 512 --free-mib 512 --json]
// Bytes on a large, nearly empty disk, where the sample that is compared weighs as it does in practice; time on a small
// one that is full. Of each, 1 % changes in one run. `nbd` reads through nbdkit (`transferNbd.mjs`), `leases` through leases
// (`transferLeases.mjs`).
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { GiB, MiB } from '../src/base/units.ts';
import { ChangedVm } from '../test/support/changedVm.ts';
import { LocalRepository } from '../test/support/localRepository.ts';
import { logIn, startLab } from '../test/vcsim/servers.ts';
import { measureLeases } from './transferLeases.mjs';
import { measureNbd } from './transferNbd.mjs';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '48' },
    'filled-gib': { type: 'string', default: '2' },
    'limited-mib': { type: 'string', default: '512' },
    'free-mib': { type: 'string', default: '512' },
    jobs: { type: 'string', default: 'ranges,nbd,leases' },
    json: { type: 'boolean' },
  },
});
const writeBytes = 16 * MiB;
/** No two writes are of the same bytes. */
let seed = 0;

const folder = mkdtempSync(join(process.env.QUIESCE_BENCH_FOLDER ?? tmpdir(), 'quiesce-transfer-'));
const measures = { ranges: measureRanges, nbd: measureOverNbd, leases: measureOverLeases };
try {
  for (const job of values.jobs.split(',')) print(await measures[job]());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measureOverNbd() {
  return await measureNbd(folder, Number(values['filled-gib']), Number(values.gib));
}

async function inLab(work) {
  const lab = await startLab();
  const open = await logIn(lab);
  try {
    await lab.control('faults', { taskStepMs: 0 });
    return await work(lab, open);
  } finally {
    await open[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  }
}

async function measureRanges() {
  return await inLab(async (lab, open) => {
    const [gib, filledGib] = [Number(values.gib), Number(values['filled-gib'])];
    const large = await measure(lab, open, 'large', gib * GiB, 0);
    const filled = await measure(lab, open, 'filled', filledGib * GiB, filledGib * GiB);
    return [
      {
        what: `read of ${gib} GiB by ranges, as a share of what has changed`,
        goal: 1.15,
        measured: large.incremental.receivedBytes / large.incremental.changedBytes,
        figures: large,
      },
      {
        what: `time for ${filledGib} GiB of data, as a share of a full backup’s`,
        goal: 0.05,
        measured: filled.incremental.ms / filled.full.ms,
        figures: filled,
      },
    ];
  });
}

async function measureOverLeases() {
  return await measureLeases(folder, Number(values['limited-mib']), Number(values['free-mib']));
}

/** A full backup, then one after 1 % has changed in one run. */
async function measure(lab, open, name, diskBytes, filledBytes) {
  const vm = await ChangedVm.create(lab, open, name, diskBytes);
  await write(vm, 0, filledBytes);
  const place = new LocalRepository(join(folder, name));
  await using repository = await place.create();
  const full = await backUp(vm, repository, undefined);
  await write(vm, Math.floor(diskBytes / 2 / MiB) * MiB, Math.floor(diskBytes / 100 / MiB) * MiB);
  const incremental = await backUp(vm, repository, full.point);
  if (incremental.kind !== 'datastore-files') throw new Error(`was read by ${incremental.kind}`);
  return { full, incremental };
}

async function write(vm, startBytes, lengthBytes) {
  for (let offset = startBytes; offset < startBytes + lengthBytes; offset += writeBytes)
    await vm.write(offset, Math.min(writeBytes, startBytes + lengthBytes - offset), (seed += 1));
}

async function backUp(vm, repository, previous) {
  const startedMs = performance.now();
  const { pointId: point, manifest } = await vm.backUp(repository, previous);
  const ms = performance.now() - startedMs;
  const { kind, receivedBytes, readBytes, changedBytes, storedBytes } = manifest.disks[0].transport;
  return { point, ms, kind, receivedBytes, readBytes, changedBytes, storedBytes };
}

function print(rows) {
  const load = loadavg()[0];
  if (values.json) {
    console.log(JSON.stringify({ cpus: cpus().length, load, rows }, undefined, 2));
    return;
  }
  for (const { what, goal, isMoreBetter = false, measured, figures } of rows) {
    const isMet = goal === undefined || (isMoreBetter ? measured >= goal : measured <= goal);
    const verdict = goal === undefined ? '' : `, goal ${goal}, ${isMet ? 'passed' : 'MISSED'}`;
    console.log(`${what}: ${measured.toFixed(3)}${verdict}\n  ${JSON.stringify(figures)}`);
  }
  console.log(
    `${cpus().length} processors, ${cpus()[0]?.model ?? ''}, load ${load.toFixed(0)}, Node ${process.version}`,
  );
}
