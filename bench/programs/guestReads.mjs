// What people wait for when they look for a guest file, each with cold caches, in a process of its own.
//   node bench/programs/guestReads.mjs REPOSITORY [--delay-ms 20 | --versions FILE]
// The password comes from QUIESCE_BENCH_PASSWORD; with QUIESCE_BENCH_PASSPHRASE the disk is encrypted. Prints one line of JSON.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Secret } from '../../src/base/secret.ts';
import { listBackupSets } from '../../src/core/catalog/backupSet.ts';
import { openGuestVolume } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { passingPieces } from '../../src/core/guestfs/passingPieces.ts';
import { findFileVersions } from '../../src/core/jobs/guestFiles/fileVersions.ts';
import { listGuestVolumes } from '../../src/core/jobs/guestFiles/guestVolumes.ts';
import { unlockGuestVolumes } from '../../src/core/jobs/guestFiles/unlockVolumes.ts';
import { threadArgon2 } from '../../src/core/volume/luks/node/threadArgon2.ts';
import { VolumeKeys } from '../../src/core/volume/luks/volumeKeys.ts';
import { watchTurns } from '../turns.mjs';
import { benchStore, ignore, newestRestorePoint, openBenchRepository, signal } from './benchRepository.mjs';

const { values, positionals } = parseArgs({
  options: { 'delay-ms': { type: 'string', default: '0' }, versions: { type: 'string' } },
  allowPositionals: true,
});
const [folder] = positionals;
const delayMs = Number(values['delay-ms']);
let packReads = 0;

await using repository = await openBenchRepository(slowed(benchStore(folder, { readOnly: true })));
const longestTurn = watchTurns();
console.log(JSON.stringify({ ...(await job()), packReads, peakMb: ownPeakMb() }));

async function job() {
  const { QUIESCE_BENCH_PASSPHRASE: passphrase } = process.env;
  if (passphrase !== undefined) return await readEncrypted(new Secret(passphrase));
  const result = await (values.versions === undefined ? readPoint() : readVersions(values.versions));
  return { ...result, longestTurnMs: longestTurn().longestCpuMs };
}

async function readVersions(path) {
  const { sets } = await listBackupSets(repository, signal);
  const find = async () => await findFileVersions(repository, sets[0].points, path, {}, ignore, signal);
  const found = await timed(find);
  return { versionsMs: found.ms, versionCount: found.value.versions.length, points: sets[0].points.length };
}

/** Each with a cache of its own, of which the process, like the worker, has one at a time. */
async function readPoint() {
  const point = await newestRestorePoint(repository);
  const { names, ...looked } = await lookAround(point);
  if (names === undefined) return looked;
  return { ...looked, ...(await openSmallFiles(point, names)), ...(await readLargeFile(point)) };
}

async function lookAround(point) {
  const opened = await timed(async () => await openVolume(point));
  const openReads = packReads;
  const { value: fileSystem } = opened;
  const many = await fileSystem.lookup('many', signal).catch(ignore);
  const result = { openMs: opened.ms, openReads };
  if (many === undefined) return result;
  const listed = await timed(async () => await fileSystem.list(many, signal));
  const { entries } = listed.value;
  const statted = await timed(async () => {
    for (const { node } of entries) await fileSystem.stat(node, signal);
  });
  const names = entries.map(({ name }) => name);
  return { ...result, names, entryCount: names.length, listMs: listed.ms, statMs: statted.ms };
}

/** Far from each other, so that hardly one finds what another has fetched. */
async function openSmallFiles(point, names) {
  const fileSystem = await openVolume(point);
  const opens = [];
  for (let index = 0; index < 100; index += 1) {
    const name = names[(index * 7919) % names.length];
    opens.push((await timed(async () => await readAll(fileSystem, `many/${name}`))).ms);
  }
  opens.sort((one, other) => one - other);
  return { fileP50Ms: opens[49], fileP95Ms: opens[94], fileWorstMs: opens[99] };
}

async function readLargeFile(point) {
  const fileSystem = await openVolume(point);
  const read = await timed(async () => await readAll(fileSystem, 'large'));
  return { largeMb: read.value / 1e6, largeMbPerSecond: read.value / 1e3 / read.ms };
}

/** The key is derived in a thread of its own; what was encrypted is decrypted in this one. */
async function readEncrypted(passphrase) {
  const point = await newestRestorePoint(repository);
  const keys = new VolumeKeys(threadArgon2(new URL('./argon2Thread.mjs', import.meta.url)));
  const unlocked = await timed(
    async () => await unlockGuestVolumes(repository, point, passphrase, keys, signal),
  );
  const unlockTurnMs = longestTurn().longestCpuMs;
  const volume = unlocked.value[0].listing.volumes.find(({ content }) => content?.kind === 'ext');
  const fileSystem = await openGuestVolume(volume, signal);
  const read = await timed(async () => await readAll(fileSystem, 'large'));
  return {
    ...{ unlockMs: unlocked.ms, unlockTurnMs },
    ...{ decryptedMbPerSecond: read.value / 1e3 / read.ms, decryptTurnMs: longestTurn().longestCpuMs },
  };
}

async function openVolume(point) {
  const [{ listing }] = await listGuestVolumes(repository, point, {}, signal);
  return await openGuestVolume(listing.volumes[0], signal);
}

async function readAll(from, path) {
  let bytes = 0;
  const node = await from.lookup(path, signal);
  // As a restore of files reads.
  for await (const piece of passingPieces(from.readFile(node, { offsetBytes: 0 }, signal)))
    bytes += piece.byteLength;
  return bytes;
}

async function timed(run) {
  const startedMs = performance.now();
  const value = await run();
  return { value, ms: performance.now() - startedMs };
}

/** Of this program alone: what `resourceUsage` tells begins with the memory of the program that has started it. */
function ownPeakMb() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1e3;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1e3;
}

/** The store, counting what is read of packs, each read later by so much. */
function slowed(inner) {
  return new Proxy(inner, {
    get: (target, property) => {
      const member = target[property];
      if (typeof member !== 'function') return member;
      if (property !== 'getRange') return member.bind(target);
      return async (...args) => {
        packReads += 1;
        if (delayMs > 0) await setTimeout(delayMs);
        return await target.getRange(...args);
      };
    },
  });
}
