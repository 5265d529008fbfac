// What reading through an NBD program costs: nbdkit serves raw disks full of this machine's files, and the same way of a backup as
// the worker's reads and stores them, as it is shipped.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { GiB, KiB, MiB } from '../src/base/units.ts';
import { bundled, bundlePrograms } from './bundle.mjs';

/**
 * @param folder    for disks, repositories and bundles
 * @param gib       of the disks that are full
 * @param wideGib   of the one that is nearly empty
 * @returns rows with `what`, `measured`, `goal` and whether more is better
 */
export async function measureNbd(folder, gib, wideGib) {
  await bundlePrograms(folder, 'rawDisk');
  const disk = join(folder, 'filled.raw');
  fill(disk, gib);
  const fromFile = run(folder, 'file', 'full', [disk, '--holes']);
  const nullMs = nbdcopyMs(disk);
  const full = run(folder, 'nbd', 'full', [disk, '--nbd', '']);
  const late = run(folder, 'late', 'full', [disk, '--nbd', '8ms']);
  const limitMs = Math.max(fromFile.tookMs, nullMs);
  const rows = [
    {
      what: 'rate of a full over NBD, as a share of the lower of nbdcopy to null and of the same disk as a file',
      measured: limitMs / full.tookMs,
      goal: 0.8,
      isMoreBetter: true,
      figures: { nbdcopyMs: nullMs, fromFileMs: fromFile.tookMs, nbdMs: full.tookMs, peakMb: full.peakMb },
    },
    {
      what: 'time of a full with 8 ms for each request, as a share of the same without',
      measured: late.tookMs / full.tookMs,
      goal: 1.25,
      figures: { withoutMs: full.tookMs, withMs: late.tookMs },
    },
  ];
  for (const [name, places] of [
    ['contiguous', 1],
    ['in 16 places', 16],
    ['in random 64 KiB', undefined],
  ]) {
    const changed = change(folder, disk, places);
    const incremental = run(
      folder,
      'nbd',
      'incremental',
      [disk, '--nbd', '', '--changed', changed.file],
      false,
    );
    rows.push({
      what: `time of an incremental of 1 %, ${name}, as a share of the full of ${gib} GiB`,
      measured: incremental.tookMs / full.tookMs,
      ...(places === 1 && { goal: 0.05 }),
      figures: { ...incremental, writtenBytes: changed.bytes },
    });
  }
  const wide = join(folder, 'wide.raw');
  writeFileSync(wide, '');
  truncateSync(wide, wideGib * GiB);
  run(folder, 'wide', 'full', [wide, '--nbd', '']);
  for (const [name, places] of [
    ['contiguous', 1],
    ['in 16 places', 16],
    ['in random 64 KiB', undefined],
  ]) {
    const changed = change(folder, wide, places);
    const incremental = run(
      folder,
      'wide',
      'incremental',
      [wide, '--nbd', '', '--changed', changed.file],
      false,
    );
    rows.push({
      what: `read for an incremental of 1 % of ${wideGib} GiB, ${name}, as a share of what was written, in chunks of 1 MiB`,
      measured: incremental.receivedBytes / changed.bytes,
      ...(places === 1 && { goal: 1.15 }),
      figures: { ...incremental, writtenBytes: changed.bytes },
    });
  }
  const four = [1, 2, 3, 4].map(number => join(folder, `four-${number}.raw`));
  for (const path of four) {
    copyFileSync(disk, path);
    change(folder, path, undefined);
  }
  const parallel = run(folder, 'four', 'several', [...four, '--nbd', '']);
  rows.push({
    what: 'MB of memory at the peak, four disks over NBD at once',
    measured: parallel.peakMb,
    goal: 500,
    figures: { tookMs: parallel.tookMs },
  });
  return rows;
}

/** With files as they come in an archive. */
function fill(path, gib) {
  const script = 'tar -C / --ignore-failed-read -cf - usr opt 2>/dev/null | head -c "$1" > "$2"';
  spawnSync('sh', ['-c', script, 'fill', String(gib * GiB), path]);
  truncateSync(path, gib * GiB);
}

function nbdcopyMs(path) {
  const startedMs = performance.now();
  execFileSync('nbdkit', ['-U', '-', '--readonly', 'file', path, '--run', 'nbdcopy "$uri" null:']);
  return performance.now() - startedMs;
}

function run(folder, repository, job, words, isFresh = true) {
  const at = join(folder, `repository-${repository}`);
  const start = (name, rest) =>
    JSON.parse(
      execFileSync(process.execPath, [...bundled(folder, 'rawDisk'), name, at, ...rest], {
        env: { ...process.env, QUIESCE_BENCH_PASSWORD: 'bench' },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
  if (isFresh) {
    rmSync(at, { recursive: true, force: true });
    start('init', []);
  }
  const figure = start(job, words);
  // Whoever runs out of time has what is known.
  console.error(`${job} ${words.join(' ')}: ${JSON.stringify(figure)}`);
  return figure;
}

/** 1 % of a disk, in so many places, or in as many as there are pieces of 64 KiB. */
function change(folder, path, placeCount) {
  const pieceBytes = 64 * KiB;
  const { size } = statSync(path);
  const pieces = Math.round(size / 100 / pieceBytes);
  const places = placeCount ?? pieces;
  const placeBytes = Math.floor(pieces / places) * pieceBytes;
  const room = Math.floor(size / places / pieceBytes);
  const handle = openSync(path, 'r+');
  const areas = Array.from({ length: places }, (_, index) => {
    const offset = Math.floor(Math.random() * (room - placeBytes / pieceBytes));
    const startBytes = (index * room + offset) * pieceBytes;
    for (let done = 0; done < placeBytes; done += MiB) {
      const bytes = randomFillSync(new Uint8Array(Math.min(MiB, placeBytes - done)));
      writeSync(handle, bytes, 0, bytes.byteLength, startBytes + done);
    }
    return { startBytes, lengthBytes: placeBytes };
  });
  closeSync(handle);
  const file = join(folder, 'changed.json');
  writeFileSync(file, JSON.stringify(areas));
  return { file, bytes: places * placeBytes };
}
