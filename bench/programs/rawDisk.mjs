// What a VM backup does with a disk, on a raw image instead of a VM: the part that other backup programs do, too.
//   node bench/programs/rawDisk.mjs init|backup|restore|check REPOSITORY [IMAGE] [--compression off|fast|auto|max] [--holes]
// With --holes, what was never written is not read, as a transport does that knows what is allocated.
// The password comes from QUIESCE_BENCH_PASSWORD. Prints one line of JSON.
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';

import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { commitRestorePoint } from '../../src/core/catalog/commitRestorePoint.ts';
import { defaultChunkGeometry } from '../../src/core/chunking/geometry.ts';
import { backUpDisk } from '../../src/core/jobs/backupVm/backupDisk.ts';
import { planDiskRestore, restoreDisk } from '../../src/core/jobs/restoreDisk.ts';
import { sampleManifest } from '../../test/support/manifests.ts';
import { memoryJournal } from '../../test/support/memoryJournal.ts';
import { benchStore, ignore, newestRestorePoint, openBenchRepository, signal } from './benchRepository.mjs';

const { values, positionals } = parseArgs({
  options: { compression: { type: 'string', default: 'auto' }, holes: { type: 'boolean' } },
  allowPositionals: true,
});
const [job, folder, image] = positionals;
const startedMs = performance.now();
const options = { create: job === 'init', compression: values.compression };
await using repository = await openBenchRepository(benchStore(folder), options);
await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
const result = await { init: ignore, backup, restore, check }[job]();
console.log(JSON.stringify({ tookMs: Math.round(performance.now() - startedMs), ...result }));

async function backup() {
  await using source = await openFileBlockSource(image);
  const { sizeBytes } = source;
  const reader = {
    shape: 'random-access',
    reads: { maxBytes: defaultChunkGeometry.chunkBytes, inFlight: 8 },
    sizeBytes,
    receivedBytes: 0,
    read: async (...args) => await source.read(...args),
    allocatedAreas: async () =>
      await Promise.resolve(values.holes ? written(image) : [{ startBytes: 0, lengthBytes: sizeBytes }]),
  };
  const stored = await backUpDisk(
    repository,
    reader,
    defaultChunkGeometry,
    undefined,
    'Reading',
    ignore,
    signal,
  );
  const [disk] = sampleManifest().disks;
  const manifest = sampleManifest({
    disks: [{ ...disk, capacityBytes: sizeBytes, ...defaultChunkGeometry }],
  });
  const disks = new Map([[disk.key, stored.tree]]);
  const content = { manifest, config: '{}', disks, parent: undefined, username: 'bench' };
  await commitRestorePoint(repository, content, lock, signal);
  return { storedBytes: stored.storedBytes };
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

async function check() {
  const { errorCount, readBytes } = await repository.check({ readData: true }, lock, ignore, signal);
  if (errorCount > 0) throw new Error(`${errorCount} errors`);
  return { readBytes };
}
