// Backs up VMs of a lab through leases, all at once, with what the command line and the worker do it with.
//   node bench/programs/leasedDisks.mjs init REPOSITORY | backUp REPOSITORY VM… | stages VMDK…
// `stages` tells what a processor takes for each of the steps that disks go through, in this thread alone.
// The lab comes from QUIESCE_BENCH_LAB (JSON), the password from QUIESCE_BENCH_PASSWORD. Prints one line of JSON.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';

import { systemClock } from '../../src/base/clock.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { defaultWholeReads } from '../../src/core/changes/readDecision.ts';
import { blobIdOf } from '../../src/core/codec/blobId.ts';
import { compressSync, zstdLevels } from '../../src/core/codec/compression.ts';
import { openSealer } from '../../src/core/codec/sealer.ts';
import { localMachine } from '../../src/core/disk/node/localMachine.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { planBackup } from '../../src/core/jobs/backupVm/backupPlan.ts';
import { backUpVm } from '../../src/core/jobs/backupVm/backupVm.ts';
import { neverPaused } from '../../src/core/jobs/backupVm/pause.ts';
import { TransferSlots, usualParallelLimits } from '../../src/core/jobs/backupVm/transferSlots.ts';
import { VimClient } from '../../src/core/vsphere/node/vimClient.ts';
import { VimSession } from '../../src/core/vsphere/session.ts';
import { memoryJournal } from '../../test/support/memoryJournal.ts';
import { benchStore, ignore, openBenchRepository, signal } from './benchRepository.mjs';

const [job, place, ...names] = process.argv.slice(2);
const jobs = { init, backUp, stages };
console.log(JSON.stringify(await jobs[job]()));

async function init() {
  await using _ = await openBenchRepository(benchStore(place), { create: true });
  return {};
}

/** Time runs from the moment at which repository and session are open, to the last restore point. */
async function backUp() {
  await using repository = await openBenchRepository(benchStore(place));
  const lab = JSON.parse(process.env.QUIESCE_BENCH_LAB);
  const logger = { debug: ignore, info: ignore, warn: console.error, error: console.error };
  const client = await VimClient.connect(lab.url, { fingerprint: lab.fingerprint }, signal);
  const credentials = { user: lab.user, source: heldPassword(new Secret(lab.password)) };
  const surroundings = { clock: systemClock, random: systemRandom, logger };
  await using session = await VimSession.open(
    client,
    new URL(lab.url).host,
    credentials,
    surroundings,
    signal,
  );
  const deps = {
    ...surroundings,
    ...{ journal: memoryJournal(), endpoint: client, job: 'bench', program: 'bench', username: 'bench' },
    ...{ slots: new TransferSlots(usualParallelLimits), pause: neverPaused },
    machine: localMachine({ clock: systemClock, environment: {} }),
    askForLess: async () => await Promise.resolve(false),
  };
  const startedMs = performance.now();
  const done = await Promise.all(
    names.map(async name => {
      const vm = await readVirtualMachine(session, await findVirtualMachine(session, name, signal), signal);
      const plan = planBackup(vm, planOptions(), { kind: 'none' });
      const phases = new Map();
      const note = phase => {
        if (!phases.has(phase)) phases.set(phase, Math.round(performance.now() - startedMs));
      };
      let waits;
      const onProgress = progress => {
        note(progress.phase);
        waits = progress.waits ?? waits;
      };
      const { manifest } = await backUpVm(session, repository, plan, deps, onProgress, signal);
      note('done');
      const { kind, receivedBytes, storedBytes } = manifest.disks[0].transport;
      return { kind, receivedBytes, storedBytes, phases: Object.fromEntries(phases), waits };
    }),
  );
  const ms = performance.now() - startedMs;
  client.close();
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const peakMb = Math.round((maxRSS * 1024) / 1e6);
  return { ms, peakMb, cpuMs: (userCPUTime + systemCPUTime) / 1000, done };
}

function planOptions() {
  return {
    policy: {
      ...{ wanted: 'crash', minimum: 'crash', onShortfall: 'fail' },
      ...{ timeoutMinutes: undefined, vssBackupType: 'copy' },
    },
    ...{ wholeReads: defaultWholeReads, transport: 'nfc-lease', knowsSpecs: true, hasUser: false },
    now: systemClock.now(),
  };
}

/** Milliseconds of a processor for each step; what was there before is neither compressed nor sealed again. */
async function stages() {
  const key = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
  const sealer = await openSealer(key);
  const seen = new Set();
  const ms = { inflate: 0, hash: 0, compress: 0, seal: 0 };
  const timed = (step, work) => {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    ms[step] += (user + system) / 1000;
    return result;
  };
  for (const path of [place, ...names])
    for await (const grains of chunksOf(path)) {
      const chunk = Buffer.concat(timed('inflate', () => grains.map(grain => inflateSync(grain))));
      const id = timed('hash', () => blobIdOf(chunk));
      if (seen.has(id)) continue;
      seen.add(id);
      const frame = timed('compress', () => compressSync(chunk, zstdLevels.auto));
      timed('seal', () => sealer.seal(frame.length < chunk.length ? frame : chunk, systemRandom));
    }
  return { ms };
}

/** The compressed grains of a stream, those of a chunk together, each between its marker and the end of its last sector. */
async function* chunksOf(path) {
  const bytes = await readFile(path);
  let chunk = { index: 0, grains: [] };
  for (let at = 128 * 512; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 8);
    const value = Number(bytes.readBigUInt64LE(at));
    if (length === 0) {
      at += 512 * (1 + value);
      continue;
    }
    const index = Math.floor((value * 512) / MiB);
    if (index !== chunk.index && chunk.grains.length > 0) yield chunk.grains;
    if (index !== chunk.index) chunk = { index, grains: [] };
    chunk.grains.push(bytes.subarray(at + 12, at + 12 + length));
    at += Math.ceil((12 + length) / 512) * 512;
  }
  if (chunk.grains.length > 0) yield chunk.grains;
}
