import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { KiB, MiB } from '../../src/base/units.ts';
import { writeStreamOptimized } from '../../src/core/disk/vmdk/streamOptimizedWriter.ts';
import { anySignal } from '../support/anySignal.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { blocksOf, patternedDisk, readBack } from '../unit/core/disk/vmdkFixtures.ts';

const disks: readonly [string, Uint8Array][] = [
  ['empty', patternedDisk(10 * MiB)],
  [
    'several grain tables',
    patternedDisk(200 * MiB, [0, 5 * MiB], [31 * MiB, 34 * MiB], [150 * MiB + 7, 199 * MiB]),
  ],
  ['size not a multiple of the grain', patternedDisk(3 * MiB + 1536, [MiB, 3 * MiB + 1536])],
];

const qemuTest = toolTest('qemu-img');

qemuTest.each(disks)('qemu-img checks and compares what we write: %s', async (_, disk) => {
  const folder = temporaryFolder('vmdk');
  const [raw, vmdk] = [join(folder, 'disk.raw'), join(folder, 'disk.vmdk')];
  writeFileSync(raw, disk);
  const written = writeStreamOptimized(disk.byteLength, blocksOf(disk, 300 * KiB + 1), {}, anySignal);
  await pipeline(Readable.from(written), createWriteStream(vmdk));

  const check = JSON.parse(qemuImg('check', '--output=json', vmdk)) as Record<string, unknown>;
  expect(check).toMatchObject({ format: 'vmdk', 'check-errors': 0 });
  expect(check['corruptions'] ?? 0).toBe(0);
  expect(qemuImg('compare', '-f', 'raw', '-F', 'vmdk', raw, vmdk)).toContain('Images are identical');
});

qemuTest.each(disks.slice(1))('we read what qemu-img writes: %s', async (_, disk) => {
  const folder = temporaryFolder('vmdk');
  const [raw, vmdk] = [join(folder, 'disk.raw'), join(folder, 'disk.vmdk')];
  writeFileSync(raw, disk);
  qemuImg('convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', raw, vmdk);
  const read = await readBack(createReadStream(vmdk));
  expect(Buffer.compare(read.disk, disk)).toBe(0);
});

// qemu-img writes no end mark if it never wrote a grain: such a file cannot be told from a truncated one.
qemuTest('an empty disk of qemu-img is refused, not believed', async () => {
  const vmdk = join(temporaryFolder('vmdk'), 'disk.vmdk');
  qemuImg('create', '-f', 'vmdk', '-o', 'subformat=streamOptimized', vmdk, '10M');
  await expect(readBack(createReadStream(vmdk))).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

function qemuImg(...args: readonly string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8' });
}
