// What a VM backup does with a disk, on a raw image instead of a VM: the part that other backup programs do, too.
//   node bench/programs/rawDisk.mjs JOB REPOSITORY [IMAGE] [--compression off|fast|auto|max] [--holes] [--changed FILE] [--gib N]
// Jobs: init, restore, check, `coldReads` of 4 KiB each anywhere on the disk, and the backups `full` and `incremental`, of which the second reads the areas in FILE (JSON) alone;
// `grown` backs up N GiB, the image again and again, each time with other blocks; `thinBase` makes a restore point of an empty
// disk of 62 TiB, and `thin` one in which 100 chunks far from each other have changed.
// With --nbd, nbdkit serves the image, each request after so long (`--nbd 8ms`); `several` backs up all IMAGEs of the command line at once.
// With --holes, what was never written is not read, as a transport does that knows what is allocated.
// The password comes from QUIESCE_BENCH_PASSWORD. Prints one line of JSON.
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { isZero } from '../../src/core/block/zeros.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { commitRestorePoint } from '../../src/core/catalog/commitRestorePoint.ts';
import { DiskTreeWriter } from '../../src/core/catalog/diskTreeWriter.ts';
import { auditSample } from '../../src/core/changes/auditSample.ts';
import { ChunkSet } from '../../src/core/changes/chunkSet.ts';
import { defaultChunkGeometry } from '../../src/core/chunking/geometry.ts';
import { usualNbdReads } from '../../src/core/disk/nbd/nbdSettings.ts';
import { openNbdDisk } from '../../src/core/disk/node/nbdDisk.ts';
import { backUpChangedAreas } from '../../src/core/jobs/backupVm/backupChangedAreas.ts';
import { backUpDisk } from '../../src/core/jobs/backupVm/backupDisk.ts';
import { DiskProgress } from '../../src/core/jobs/backupVm/diskProgress.ts';
import { openKnownChanges } from '../../src/core/jobs/backupVm/knownChanges.ts';
import { openDiskImage } from '../../src/core/image/diskImage.ts';
import { planDiskRestore, restoreDisk } from '../../src/core/jobs/restoreDisk.ts';
import { sampleManifest } from '../../test/support/manifests.ts';
import { memoryJournal } from '../../test/support/memoryJournal.ts';
import { benchStore, ignore, newestRestorePoint, openBenchRepository, signal } from './benchRepository.mjs';

const { values, positionals } = parseArgs({
  options: {
    compression: { type: 'string', default: 'auto' },
    holes: { type: 'boolean' },
    changed: { type: 'string' },
    gib: { type: 'string' },
    nbd: { type: 'string' },
  },
  allowPositionals: true,
});
const [job, folder, image, ...furtherImages] = positionals;
const gibBytes = 1024 ** 3;
const thinBytes = 62 * 1024 * gibBytes;
const { chunkBytes, partBytes } = defaultChunkGeometry;
const startedMs = performance.now();
const options = { create: job === 'init', compression: values.compression };
await using repository = await openBenchRepository(benchStore(folder), options);
await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal(), isEarly: true }, signal);
const jobs = { init: ignore, full, several, incremental, grown, thinBase, thin, restore, check, coldReads };
const result = await jobs[job]();
const peakMb = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
console.log(JSON.stringify({ tookMs: Math.round(performance.now() - startedMs), peakMb, ...result }));

async function full() {
  if (values.nbd !== undefined) {
    await using disk = await served(image);
    return await backUp(disk);
  }
  await using source = await openFileBlockSource(image);
  const areas = values.holes ? written(image) : [{ startBytes: 0, lengthBytes: source.sizeBytes }];
  return await backUp(reader(source, areas));
}

async function several() {
  const one = async path => {
    await using disk = await served(path);
    return await backUp(disk);
  };
  return { of: await Promise.all([image, ...furtherImages].map(one)) };
}

async function incremental() {
  if (values.nbd !== undefined) {
    await using disk = await served(image);
    return await backUpChanges(disk, JSON.parse(readFileSync(values.changed, 'utf8')));
  }
  await using source = await openFileBlockSource(image);
  return await backUpChanges(reader(source), JSON.parse(readFileSync(values.changed, 'utf8')));
}

async function grown() {
  await using source = await openFileBlockSource(image);
  const sizeBytes = Number(values.gib) * gibBytes;
  const read = async (offsetBytes, target) => {
    const round = Math.floor(offsetBytes / source.sizeBytes);
    await source.read(offsetBytes % source.sizeBytes, target, signal);
    // What is empty stays so.
    if (round === 0 || isZero(target)) return;
    for (let at = 0; at < target.byteLength; at += 4096) target[at] ^= round;
  };
  return await backUp(reader({ sizeBytes, read }, [{ startBytes: 0, lengthBytes: sizeBytes }]));
}

async function thinBase() {
  const tree = new DiskTreeWriter(repository, { sizeBytes: thinBytes, ...defaultChunkGeometry });
  const zeros = await repository.saveBlob('data', new Uint8Array(chunkBytes), signal);
  const partWriter = new DiskTreeWriter(repository, { sizeBytes: partBytes, ...defaultChunkGeometry });
  for (let at = 0; at < partBytes; at += chunkBytes) await partWriter.addChunk(zeros.id, chunkBytes, signal);
  const { nodes } = await repository.loadTree(await partWriter.finish(signal), signal);
  for (let at = 0; at < thinBytes; at += partBytes) tree.addPart(nodes[0].subtree);
  return await commit({ tree: await tree.finish(signal), storedBytes: 0 }, thinBytes);
}

async function thin() {
  const areas = Array.from({ length: 100 }, (_, index) => ({
    startBytes: Math.floor(((index + 0.5) * thinBytes) / 100 / chunkBytes) * chunkBytes,
    lengthBytes: chunkBytes,
  }));
  const isChanged = offsetBytes => areas.some(({ startBytes }) => startBytes === offsetBytes);
  const read = async (offsetBytes, target) => {
    await Promise.resolve();
    if (isChanged(offsetBytes)) randomFillSync(target);
    else target.fill(0);
  };
  return await backUpChanges(reader({ sizeBytes: thinBytes, read }), areas);
}

/** As a VM's disk is read through an NBD program. */
async function served(path) {
  const delay = values.nbd === '' ? [] : [`rdelay=${values.nbd}`];
  const command = [
    ...['nbdkit', '--foreground', '--readonly', '--exit-with-parent', '--unix', '{socket}'],
    ...[...(delay.length > 0 ? ['--filter=delay'] : []), 'file', path, ...delay],
  ];
  const request = {
    ...{ name: path, command, values: {}, capacityBytes: statSync(path).size, reads: usualNbdReads },
    source: { password: async () => await Promise.resolve(new Secret('none')) },
  };
  const logger = { debug: ignore, info: ignore, warn: console.error, error: console.error };
  return await openNbdDisk(request, { clock: systemClock, logger }, signal);
}

function reader(source, areas = []) {
  return {
    shape: 'random-access',
    reads: { maxBytes: chunkBytes, inFlight: 8 },
    sizeBytes: source.sizeBytes,
    receivedBytes: 0,
    read: async (...args) => await source.read(...args),
    allocatedAreas: async () => await Promise.resolve(areas),
  };
}

function progress() {
  return new DiskProgress('Reading', ignore, systemClock);
}

async function backUp(disk) {
  const told = [undefined, progress(), signal];
  const stored = await backUpDisk(repository, disk, defaultChunkGeometry, ...told);
  const { receivedBytes } = disk;
  return { receivedBytes, ...(await commit(stored, disk.sizeBytes)) };
}

/** As a VM is backed up whose changes are known, with the sample that is compared. */
async function backUpChanges(disk, areas) {
  const point = await newestRestorePoint(repository);
  const [stored] = point.manifest.disks;
  const changed = new ChunkSet({ chunkBytes, diskBytes: disk.sizeBytes });
  for (const area of areas) changed.addArea(area);
  const tree = point.disks.get(stored.key);
  const known = await openKnownChanges(repository, { disk: stored, tree }, changed, signal);
  const sample =
    disk.sizeBytes === thinBytes ? new ChunkSet(changed) : auditSample(known.changed, systemRandom);
  const told = [progress(), signal];
  const done = await backUpChangedAreas(repository, disk, defaultChunkGeometry, known, sample, ...told);
  if (done.kind !== 'stored') throw new Error('something else has changed, too');
  const { receivedBytes } = disk;
  const changedBytes = known.changed.sizeBytes;
  return { receivedBytes, changedBytes, ...(await commit(done, disk.sizeBytes)) };
}

async function commit({ tree, storedBytes }, capacityBytes) {
  const [disk] = sampleManifest().disks;
  const takenAt = new Date().toISOString();
  const manifest = sampleManifest({ takenAt, disks: [{ ...disk, capacityBytes, ...defaultChunkGeometry }] });
  const disks = new Map([[disk.key, tree]]);
  const content = { manifest, config: '{}', disks, parent: undefined, username: 'bench' };
  await commitRestorePoint(repository, content, lock, signal);
  return { storedBytes };
}

/** The runtime cannot ask a file for its holes. */
function written(path) {
  const program = `
import json, os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
end, at, areas = os.fstat(file).st_size, 0, []
while at < end:
    try:
        start = os.lseek(file, at, os.SEEK_DATA)
    except OSError:
        break
    at = os.lseek(file, start, os.SEEK_HOLE)
    areas.append({'startBytes': start, 'lengthBytes': at - start})
print(json.dumps(areas))`;
  return JSON.parse(execFileSync('python3', ['-c', program, path], { encoding: 'utf8' }));
}

async function restore() {
  const point = await newestRestorePoint(repository);
  const [{ key }] = point.manifest.disks;
  const plan = await planDiskRestore(repository, point, key, 'raw', image, signal);
  await restoreDisk(repository, point, plan, ignore, signal);
  return {};
}

/** Of 4 KiB each, in chunks far from each other, with nothing kept from one read to the next. */
async function coldReads() {
  const point = await newestRestorePoint(repository);
  const [{ key, capacityBytes }] = point.manifest.disks;
  const disk = await openDiskImage(repository, point, key, signal);
  const target = new Uint8Array(4096);
  const tookMs = [];
  for (let number = 0; tookMs.length < 500; number += 1) {
    const chunk = (number * 7919) % Math.floor(capacityBytes / chunkBytes);
    const beganMs = performance.now();
    await disk.read(chunk * chunkBytes + 8192, target, signal);
    // What is empty is not read at all.
    if (!isZero(target)) tookMs.push(performance.now() - beganMs);
  }
  tookMs.sort((one, other) => one - other);
  return { p50Ms: tookMs[249], p95Ms: tookMs[474] };
}

async function check() {
  const { errorCount, readBytes } = await repository.check({ readData: true }, lock, ignore, signal);
  if (errorCount > 0) throw new Error(`${errorCount} errors`);
  return { readBytes };
}
