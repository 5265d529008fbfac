// Backs up VMs of a lab through leases, all at once, with what the command line and the worker do it with.
//   node bench/programs/leasedDisks.mjs init REPOSITORY | backUp REPOSITORY VM… | stages VMDK
// `stages` tells what a processor takes for each of the steps that a disk goes through, in this thread alone.
// The lab comes from QUIESCE_BENCH_LAB (JSON), the password from QUIESCE_BENCH_PASSWORD. Prints one line of JSON.
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
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

const [job, path, ...names] = process.argv.slice(2);
const jobs = { init, backUp, stages };
console.log(JSON.stringify(await jobs[job]()));

async function init() {
  await using _ = await openBenchRepository(benchStore(path), { create: true });
  return {};
}

/** Time runs from the moment at which repository and session are open, to the last restore point. */
async function backUp() {
  await using repository = await openBenchRepository(benchStore(path));
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

/** Milliseconds of a processor for each step. */
async function stages() {
  const grains = await compressedGrains();
  const inflated = timed(() => grains.map(grain => inflateSync(grain)));
  const plain = Buffer.concat(inflated.result);
  const chunks = [];
  for (let at = 0; at < plain.length; at += MiB) chunks.push(plain.subarray(at, at + MiB));
  const { result: ids, ...hash } = timed(() => chunks.map(blobIdOf));
  const compressed = timed(() => chunks.map(chunk => compressSync(chunk, zstdLevels.auto)));
  const stored = compressed.result.map((frame, index) =>
    frame.length < chunks[index].length ? frame : chunks[index],
  );
  const key = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
  const sealer = await openSealer(key);
  const seal = timed(() => stored.map(frame => sealer.seal(frame, systemRandom).length));
  return {
    plainBytes: plain.length,
    chunkCount: ids.length,
    ms: { inflate: inflated.ms, hash: hash.ms, compress: compressed.ms, seal: seal.ms },
  };
}

function timed(work) {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, ms: (user + system) / 1000 };
}

/** The grains of a stream, each between its marker and the end of its last sector. */
async function compressedGrains() {
  const pieces = [];
  for await (const piece of createReadStream(path)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const grains = [];
  for (let at = 128 * 512; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 8);
    if (length > 0) {
      grains.push(bytes.subarray(at + 12, at + 12 + length));
      at += Math.ceil((12 + length) / 512) * 512;
    } else at += 512 * (1 + Number(bytes.readBigUInt64LE(at)));
  }
  return grains;
}
