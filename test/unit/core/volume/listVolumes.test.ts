import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import type { BlockSource } from '../../../../src/core/block/blockSource.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { listVolumes } from '../../../../src/core/volume/listVolumes.ts';
import { readImage, readImageJson } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';

interface SfdiskDump {
  readonly partitiontable: {
    readonly label: string;
    readonly sectorsize: number;
    readonly partitions: readonly {
      readonly node: string;
      readonly start: number;
      readonly size: number;
      readonly type: string;
      readonly uuid?: string;
      readonly name?: string;
    }[];
  };
}

const extendedTypes = ['5', 'f', '85'];

test.each(['gpt-512', 'gpt-4096', 'mbr'])('what sfdisk finds is found: %s', async name => {
  const { partitiontable } = readImageJson(name) as SfdiskDump;
  const listing = await list(readImage(name));
  const found = listing.volumes.map(volume => ({
    index: volume.index,
    name: volume.name,
    typeId: volume.typeId,
    uuid: volume.uuid,
    offsetBytes: volume.offsetBytes,
    sizeBytes: volume.source.sizeBytes,
  }));
  const expected = partitiontable.partitions
    .filter(({ type }) => !extendedTypes.includes(type))
    .map(({ node, start, size, type, uuid, name: partitionName }) => ({
      index: Number(/\d+$/.exec(node.replace(/^.*p/, 'p'))?.[0]),
      name: partitionName ?? '',
      typeId: type.padStart(2, '0').toUpperCase(),
      uuid,
      offsetBytes: start * partitiontable.sectorsize,
      sizeBytes: size * partitiontable.sectorsize,
    }));
  expect(found).toEqual(expected);
  expect(listing).toMatchObject({ scheme: partitiontable.label === 'dos' ? 'mbr' : 'gpt', problems: [] });
});

test('roles and contents are recognized', async () => {
  const gpt = await list(readImage('gpt-512'));
  expect(gpt.volumes.map(({ role, content }) => [role, content?.kind])).toEqual([
    ['efi-system', undefined],
    ['data', 'ext'],
    ['swap', undefined],
    ['lvm', undefined],
  ]);
  const mbr = await list(readImage('mbr'));
  expect(mbr.volumes.map(({ role, content }) => [role, content?.kind])).toEqual([
    ['data', 'ext'],
    ['data', undefined],
    ['data', undefined],
    ['swap', undefined],
    ['lvm', undefined],
  ]);
});

const primaryDamages: readonly [string, (disk: Uint8Array) => void][] = [
  ['header overwritten', disk => disk.fill(0, 512, 1024)],
  ['one bit of the header', disk => flip(disk, 512 + 72)],
  ['one bit of an entry', disk => flip(disk, 1024 + 40)],
  ['everything in front overwritten', disk => disk.fill(0, 0, 34 * 512)],
];

test.each(primaryDamages)(
  'a damaged primary table is replaced by the backup, and said: %s',
  async (_, damage) => {
    const disk = readImage('gpt-512');
    const intact = await list(disk.slice());
    damage(disk);
    const listing = await list(disk);
    expect(listing.volumes.map(place)).toEqual(intact.volumes.map(place));
    expect(listing.problems).toEqual([expect.stringContaining('backup')]);
  },
);

test('both tables damaged: no volumes, and why', async () => {
  const disk = readImage('gpt-512');
  flip(disk, 512 + 72);
  flip(disk, disk.byteLength - 512 + 72);
  expect(await list(disk)).toEqual({
    scheme: 'gpt',
    volumes: [],
    problems: [expect.stringContaining('Both')],
  });
});

test('a partition that leaves the disk is left out, the others stay', async () => {
  const disk = readImage('gpt-512');
  const view = new DataView(disk.buffer, disk.byteOffset);
  view.setBigUint64(1024 + 128 + 40, 10n ** 9n, true);
  sign(disk);
  const listing = await list(disk);
  expect(listing.volumes.map(volume => volume.index)).toEqual([1, 3, 4]);
  expect(listing.problems).toEqual([expect.stringContaining('Partition 2 leaves the disk')]);
});

test('partitions that overlap are told', async () => {
  const disk = readImage('gpt-512');
  new DataView(disk.buffer, disk.byteOffset).setBigUint64(1024 + 40, 7000n, true);
  sign(disk);
  expect((await list(disk)).problems).toEqual(['Partitions 1 and 2 overlap']);
});

test('logical partitions that run in a circle end', async () => {
  const disk = readImage('mbr');
  // The second record of the chain points back to the first, at 0 sectors from the container's start.
  const second =
    24576 * 512 +
    new DataView(disk.buffer, disk.byteOffset).getUint32(24576 * 512 + 446 + 16 + 8, true) * 512;
  new DataView(disk.buffer, disk.byteOffset).setUint32(second + 446 + 16 + 8, 0, true);
  const listing = await list(disk);
  expect(listing.volumes.map(volume => volume.index)).toEqual([1, 2, 5, 6]);
  expect(listing.problems).toEqual([expect.stringContaining('circle')]);
});

test('a file system on the bare disk comes before a boot sector that can be read as a table', async () => {
  const disk = readImage('ext4-4k');
  const withTable = readImage('mbr').subarray(0, 512);
  disk.set(withTable);
  const listing = await list(disk);
  expect(listing).toMatchObject({ scheme: 'none', problems: [] });
  expect(listing.volumes.map(({ index, content }) => [index, content?.kind])).toEqual([[0, 'ext']]);

  const ntfs = new Uint8Array(1 << 20);
  ntfs.set(Buffer.from('\xebR\x90NTFS    ', 'latin1'));
  ntfs.set([0x55, 0xaa], 510);
  ntfs.set(Buffer.from('BOOTMGR is missing', 'latin1'), 446);
  expect((await list(ntfs)).volumes.map(({ content }) => content?.title)).toEqual(['NTFS']);
});

test('a blank disk has nothing, an unknown one says so', async () => {
  expect(await list(new Uint8Array(1 << 20))).toEqual({ scheme: 'none', volumes: [], problems: [] });
  expect(await list(new Uint8Array(100))).toEqual({ scheme: 'none', volumes: [], problems: [] });
  const unknown = await list(new Uint8Array(1 << 20).fill(7));
  expect(unknown).toEqual({ scheme: 'none', volumes: [], problems: [expect.stringContaining('neither')] });
});

test('one unreadable partition does not hide the others', async () => {
  const inner = memorySource(readImage('gpt-512'));
  const source: BlockSource = {
    sizeBytes: inner.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      if (offsetBytes === 6144 * 512) throw new AppError('CORRUPT_DATA', 'chunk 12 is damaged');
      await inner.read(offsetBytes, target, signal);
    },
  };
  const listing = await listVolumes(source, anySignal);
  expect(listing.volumes.map(volume => volume.index)).toEqual([1, 2, 3, 4]);
  expect(listing.problems).toEqual(['Partition 2 cannot be read: chunk 12 is damaged']);
});

async function list(disk: Uint8Array) {
  return await listVolumes(memorySource(disk), anySignal);
}

function place({
  index,
  offsetBytes,
  sizeBytes,
  uuid,
}: {
  index: number;
  offsetBytes: number;
  sizeBytes: number;
  uuid: string | undefined;
}) {
  return { index, offsetBytes, sizeBytes, uuid };
}

function flip(disk: Uint8Array, offset: number): void {
  disk[offset] = disk[offset]! ^ 4;
}

/** Makes the checksums of the primary table right again. */
function sign(disk: Uint8Array): void {
  const view = new DataView(disk.buffer, disk.byteOffset);
  view.setUint32(512 + 88, crc32(disk.subarray(1024, 1024 + 128 * 128)), true);
  view.setUint32(512 + 16, 0, true);
  view.setUint32(512 + 16, crc32(disk.subarray(512, 512 + 92)), true);
}
