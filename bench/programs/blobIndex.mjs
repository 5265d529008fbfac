// An index of many blobs: a repository that has nothing but index files, opened by a process of its own.
//   node bench/programs/blobIndex.mjs make REPOSITORY BLOBS
//   node bench/programs/blobIndex.mjs open REPOSITORY INDEX_FOLDER [--blobs N]
// `open` measures the opening and, of a repository with N blobs, how long it takes to look some of them up.
// Prints one line of JSON.
import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { zstdCompressSync } from 'node:zlib';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { inlineSealingPool } from '../../src/core/codec/inlineSealingPool.ts';
import { openSealer } from '../../src/core/codec/sealer.ts';
import { encodeIndex } from '../../src/core/repository/internal/indexFile.ts';
import { fileSegmentStores } from '../../src/core/repository/node/fileSegmentStore.ts';
import { localHost } from '../../src/core/repository/node/localHost.ts';
import { LocalObjectStore } from '../../src/core/repository/node/localObjectStore.ts';
import { createRepository, openRepository } from '../../src/core/repository/openRepository.ts';
import { watchTurns } from '../turns.mjs';

const blobsPerFile = 50_000;
const blobsPerPack = 20;
const lookups = 20_000;
const { values, positionals } = parseArgs({
  options: { blobs: { type: 'string' } },
  allowPositionals: true,
});
const [job, folder, last] = positionals;
const { signal } = new AbortController();
const logger = { ...silentLogger, warn: console.error, error: console.error };
const surroundings = { clock: systemClock, random: systemRandom, logger };
const password = new Secret('bench');
const store = new LocalObjectStore({ ...surroundings, folder, readOnly: false });
console.log(JSON.stringify(await { make, open }[job]()));

async function make() {
  const keys = [];
  await using repository = await createRepository(store, password, deps(keys), signal);
  const sealer = await openSealer(keys[0]);
  const blobCount = Number(last);
  for (let first = 0; first < blobCount; first += blobsPerFile) {
    const json = Buffer.from(encodeIndex(packsFrom(first, Math.min(blobsPerFile, blobCount - first))));
    const frame = zstdCompressSync(json);
    const sealed = sealer.seal(Buffer.concat([Buffer.of(2), frame]), systemRandom);
    await store.put({ kind: 'index', id: createHash('sha256').update(sealed).digest('hex') }, sealed, signal);
  }
  return { repositoryId: repository.id };
}

async function open() {
  const indexSegments = fileSegmentStores({ ...surroundings, folder: last });
  const longestTurn = watchTurns();
  const startedMs = performance.now();
  await using repository = await openRepository(store, password, { ...deps([]), indexSegments }, signal);
  const openMs = performance.now() - startedMs;
  const { longestCpuMs: longestTurnMs } = longestTurn();
  const openedPeakMb = memoryMb('VmHWM');
  const looked = values.blobs === undefined ? {} : await lookUp(repository, Number(values.blobs));
  return {
    openMs,
    longestTurnMs,
    openedPeakMb,
    ...looked,
    peakMb: memoryMb('VmHWM'),
    rssMb: memoryMb('VmRSS'),
  };
}

/** Half of them are there. */
async function lookUp(repository, blobCount) {
  const found = await timed(number => (number * 2_654_435_761) % blobCount, true);
  const absent = await timed(number => blobCount + number, false);
  return { foundP95Ms: p95(found), foundMedianMs: median(found), absentP95Ms: p95(absent) };

  async function timed(numberOf, expected) {
    const tookMs = [];
    for (let number = 0; number < lookups; number += 1) {
      const id = idsFrom(numberOf(number), 1);
      const startedMs = performance.now();
      const has = await repository.hasBlob('data', id, signal);
      tookMs.push(performance.now() - startedMs);
      if (has !== expected) throw new Error(`blob ${id}: ${has}, expected ${expected}`);
    }
    return tookMs.sort((a, b) => a - b);
  }
}

function deps(keys) {
  return {
    ...surroundings,
    host: localHost(),
    sealingPool: key => {
      keys.push(key);
      return inlineSealingPool(key, 'auto', systemRandom);
    },
  };
}

function packsFrom(first, count) {
  const ids = idsFrom(first, count);
  // Ids of packs lie far beyond those of blobs.
  const packIds = idsFrom(2 ** 40 + first, count / blobsPerPack);
  return Array.from({ length: count / blobsPerPack }, (_, pack) => {
    let offsetBytes = 0;
    const blobs = Array.from({ length: blobsPerPack }, (_, index) => {
      const number = pack * blobsPerPack + index;
      const blob = {
        ...{ id: ids.slice(number * 64, number * 64 + 64), type: 'data', offsetBytes },
        ...{ lengthBytes: 700_000 + ((first + number) % 99_991), uncompressedLengthBytes: 1_048_576 },
      };
      offsetBytes += blob.lengthBytes;
      return blob;
    });
    return { packId: packIds.slice(pack * 64, pack * 64 + 64), blobs };
  });
}

/** Ids that look as hashes do, each a function of its number: two blocks of a stream cipher. */
function idsFrom(first, count) {
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(first) * 2n, 8);
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), counter)
    .update(Buffer.alloc(32 * count))
    .toString('hex');
}

function memoryMb(field) {
  const [, kilobytes] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'));
  return Math.round(Number(kilobytes) / 1000);
}

function p95(sorted) {
  return sorted[Math.floor(sorted.length * 0.95)];
}

function median(sorted) {
  return sorted[sorted.length >> 1];
}
