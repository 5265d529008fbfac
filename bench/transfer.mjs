// What an incremental backup reads and how long it takes, beside a full one, against the lab over loopback.
//   npm run bench:transfer [-- --gib 48 --filled-gib 2 --json]
// Bytes on a large, nearly empty disk, where the sample that is compared weighs as it does in practice; time on a small
// one that is full. Of each, 1 % changes in one run.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { formatBytes, GiB, MiB } from '../src/base/units.ts';
import { ChangedVm } from '../test/support/changedVm.ts';
import { LocalRepository } from '../test/support/localRepository.ts';
import { logIn, startLab } from '../test/vcsim/servers.ts';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '48' },
    'filled-gib': { type: 'string', default: '2' },
    json: { type: 'boolean' },
  },
});
const writeBytes = 16 * MiB;
/** No two writes are of the same bytes. */
let seed = 0;

const folder = mkdtempSync(join(tmpdir(), 'quiesce-transfer-'));
const lab = await startLab();
const open = await logIn(lab);
try {
  await lab.control('faults', { taskStepMs: 0 });
  const large = await measure('large', Number(values.gib) * GiB, 0);
  const filled = await measure(
    'filled',
    Number(values['filled-gib']) * GiB,
    Number(values['filled-gib']) * GiB,
  );
  print([
    {
      what: `read of ${values.gib} GiB, as a share of what has changed`,
      goal: 1.15,
      measured: large.incremental.receivedBytes / large.incremental.changedBytes,
      ...large,
    },
    {
      what: `time for ${values['filled-gib']} GiB of data, as a share of a full backup’s`,
      goal: 0.05,
      measured: filled.incremental.ms / filled.full.ms,
      ...filled,
    },
  ]);
} finally {
  await open[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}

/** A full backup, then one after 1 % has changed in one run. */
async function measure(name, diskBytes, filledBytes) {
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
  if (values.json) {
    console.log(JSON.stringify({ cpus: cpus().length, load: loadavg()[0], rows }, undefined, 2));
    return;
  }
  for (const { what, goal, measured, full, incremental } of rows) {
    console.log(`${what}: ${measured.toFixed(3)}, goal ${goal}, ${measured <= goal ? 'passed' : 'MISSED'}`);
    for (const [name, { ms, receivedBytes, changedBytes, storedBytes }] of Object.entries({
      full,
      incremental,
    }))
      console.log(
        `  ${name}: ${(ms / 1000).toFixed(1)} s, ${formatBytes(receivedBytes)} received, ` +
          `${changedBytes === undefined ? '' : `${formatBytes(changedBytes)} changed, `}${formatBytes(storedBytes)} stored`,
      );
  }
  console.log(
    `${cpus().length} processors, ${cpus()[0]?.model ?? ''}, load ${loadavg()[0].toFixed(0)}, Node ${process.version}`,
  );
}
