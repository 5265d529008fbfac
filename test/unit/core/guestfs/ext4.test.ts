import { expect, test } from 'vitest';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { crc32c, crc32cStart } from '../../../../src/base/crc32c.ts';
import { inodeTableOf } from '../../../../src/core/guestfs/ext4/groupDescriptors.ts';
import { readInode } from '../../../../src/core/guestfs/ext4/inode.ts';
import { readJournal } from '../../../../src/core/guestfs/ext4/journal.ts';
import { readSuperblock } from '../../../../src/core/guestfs/ext4/superblock.ts';
import type { GuestFileSystem } from '../../../../src/core/guestfs/guestFileSystem.ts';
import { openGuestFileSystem } from '../../../../src/core/guestfs/openGuestFileSystem.ts';
import { fileSystemImages, readImage, readManifest } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';

const extImages = fileSystemImages().filter(name => !/xfs|ntfs|btrfs/.test(name));
const superblock = 1024;
const incompatible = superblock + 0x60;

test.each(extImages)('what the file system says of itself: %s', async name => {
  const { kind, label, journal, problems } = await open(readImage(name));
  expect({ label, kind }).toEqual({ label: name, kind: /ext\d/.exec(name)?.[0] ?? 'ext4' });
  const withoutJournal = kind === 'ext2' ? 'none' : 'clean';
  expect({ journal, problems }).toEqual({
    journal: name.startsWith('crashed') ? 'replayed' : withoutJournal,
    problems: [],
  });
});

test('a crash-consistent volume without its journal would miss files: the replay is what finds them', async () => {
  const image = readImage('crashed-ext4');
  const view = new DataView(image.buffer);
  view.setUint32(incompatible, view.getUint32(incompatible, true) & ~4, true);
  resign(image);
  const fileSystem = await open(image);
  expect(fileSystem.journal).toBe('clean');
  const found = new Set((await listAt(fileSystem, '/')).entries.map(entry => `/${entry.name}`));
  const truth = readManifest('crashed-ext4').filter(({ path }) => /^\/[^/]+$/.test(path));
  const missing = truth.filter(({ path }) => !found.has(path));
  expect(missing.length).toBeGreaterThan(0);
});

test('what the last transaction did not commit never happened', () => {
  const paths = readManifest('crashed-lost').map(({ path }) => path);
  expect(paths.filter(path => path.startsWith('/lost-'))).toEqual([]);
});

test.each([
  ['compression', 0x1],
  ['a journal device', 0x8],
  ['data in directory entries', 0x1000],
  ['a feature of the future', 0x8000_0000],
])('%s is refused, not guessed', async (_, bit) => {
  const image = readImage('ext4-1k');
  const view = new DataView(image.buffer);
  view.setUint32(incompatible, (view.getUint32(incompatible, true) | bit) >>> 0, true);
  resign(image);
  await expect(open(image)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
});

test('features that only concern writers do not matter', async () => {
  const image = readImage('ext4-1k');
  new DataView(image.buffer).setUint32(
    superblock + 0x64,
    new DataView(image.buffer).getUint32(superblock + 0x64, true) | 0x4000_0000,
    true,
  );
  resign(image);
  expect((await open(image)).kind).toBe('ext4');
});

test('a journal on another disk is refused if it holds changes', async () => {
  const image = readImage('crashed-ext4');
  new DataView(image.buffer).setUint32(superblock + 0xe0, 0, true);
  resign(image);
  await expect(open(image)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
});

test.each([1024 + 58, 1500, 2047])(
  'a volume that ends within the superblock, at %i bytes, is refused as damaged',
  async sizeBytes => {
    const source = memorySource(readImage('ext4-1k').subarray(0, sizeBytes));
    await expect(openGuestFileSystem(source, anySignal)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
  },
);

test('errors the guest has found are told', async () => {
  const image = readImage('ext4-1k');
  new DataView(image.buffer).setUint16(superblock + 0x3a, 3, true);
  resign(image);
  expect((await open(image)).problems).toEqual([expect.stringContaining('errors')]);
  const old = readImage('ext2-1k');
  new DataView(old.buffer).setUint16(superblock + 0x3a, 0, true);
  expect((await open(old)).problems).toEqual([expect.stringContaining('no journal')]);
});

test('a damaged directory block costs its entries, and is told', async () => {
  const image = readImage('ext4-4k');
  const name = Buffer.from('back\\slash');
  expect((await listAt(await open(image), '/names')).entries.map(entry => entry.name)).toContain(
    'back\\slash',
  );
  const bytes = Buffer.from(image.buffer);
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at)) bytes[at] = 0x42;
  const damaged = await listAt(await open(image), '/names');
  expect(damaged.entries).toEqual([]);
  expect(damaged.problems).toEqual([expect.stringContaining('checksum')]);
});

test('every byte of an inode is under its checksum', async () => {
  const image = readImage('ext4-4k');
  const fileSystem = await open(image);
  const node = await fileSystem.lookup('/owned', anySignal);
  const offset = await inodeOffset(image, node);
  expect((await fileSystem.stat(node, anySignal)).uid).toBe(70_000);
  for (let byte = 0; byte < 256; byte += 1) {
    image[offset + byte] = image[offset + byte]! ^ 1;
    await expect(fileSystem.stat(node, anySignal)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    image[offset + byte] = image[offset + byte]! ^ 1;
  }
});

test('the blocks of an extent tree are under their checksum', async () => {
  const image = readImage('ext4-4k');
  const fileSystem = await open(image);
  const node = await fileSystem.lookup('/fragmented', anySignal);
  const root = (await inodeOffset(image, node)) + 0x28;
  const view = new DataView(image.buffer);
  expect(view.getUint16(root + 6, true)).toBeGreaterThan(0); // deep enough to have blocks
  const leaf = view.getUint32(root + 12 + 4, true) * 4096;
  image[leaf + 12 + 8] = image[leaf + 12 + 8]! ^ 1;
  const reading = collect(fileSystem.readFile(node, { offsetBytes: 0 }, anySignal));
  await expect(reading).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});

test('damaged content of the journal is not written over what is there', async () => {
  const image = readImage('crashed-ext4');
  const source = memorySource(image);
  const volume = { source, superblock: await readSuperblock(source, anySignal) };
  const journal = await readJournal(volume, await readInode(volume, 8, anySignal), anySignal);
  const [[block, content] = [0, undefined]] = [...journal.blocks].slice(-1);
  image[content!.offsetBytes + 100] = image[content!.offsetBytes + 100]! ^ 1;
  const damaged = await readJournal(volume, await readInode(volume, 8, anySignal), anySignal);
  expect(damaged.problems).toEqual([
    `The journal's content of block ${block} is damaged; the older one is read`,
  ]);
  expect(damaged.blocks.get(block)?.offsetBytes).not.toBe(content!.offsetBytes);
  expect(damaged.blocks.size).toBeGreaterThanOrEqual(journal.blocks.size - 1);
});

test('the crashed images exercise what they are for', async () => {
  const escaped: string[] = [];
  for (const name of extImages.filter(image => image.startsWith('crashed'))) {
    const source = memorySource(readImage(name));
    const volume = { source, superblock: await readSuperblock(source, anySignal) };
    const { blocks } = await readJournal(volume, await readInode(volume, 8, anySignal), anySignal);
    expect(blocks.size).toBeGreaterThan(20);
    if ([...blocks.values()].some(block => block.isEscaped)) escaped.push(name);
  }
  expect(escaped).not.toEqual([]);
});

test('an encrypted file is refused, its neighbors are read', async () => {
  const image = readImage('ext4-inode128');
  const fileSystem = await open(image);
  const node = await fileSystem.lookup('/sizes/file-4096', anySignal);
  const flags = (await inodeOffset(image, node)) + 0x20;
  const view = new DataView(image.buffer);
  view.setUint32(flags, view.getUint32(flags, true) | 0x800, true);
  const reading = collect(fileSystem.readFile(node, { offsetBytes: 0 }, anySignal));
  await expect(reading).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  const neighbor = await fileSystem.lookup('/sizes/file-4097', anySignal);
  const content = Buffer.concat(await collect(fileSystem.readFile(neighbor, { offsetBytes: 0 }, anySignal)));
  expect(content.length).toBe(4097);
});

test.each([
  ['ReFS', 3, 'ReFS\0\0\0\0'],
  ['VDO', 0, 'dmvdo001'],
  ['LVM2 physical volume', 536, 'LVM2 001'],
  ['encrypted with LUKS', 0, 'LUKS\xba\xbe'],
  ['encrypted with BitLocker', 3, '-FVE-FS-'],
  ['Linux swap', 4086, 'SWAPSPACE2'],
  ['no known file system', 0, 'nothing'],
])('what cannot be read is named: %s', async (title, offset, magic) => {
  const image = new Uint8Array(1 << 20);
  image.set(Buffer.from(magic, 'latin1'), offset);
  await expect(open(image)).rejects.toMatchObject({
    code: 'UNSUPPORTED_FORMAT',
    message: expect.stringContaining(title) as string,
  });
});

test.each([
  ['the whole volume', '3bd66749292ed84a8399f6a339e3d001'],
  ['what is in use', '3b4da89280dd0e4d9e4eb1e3284eaed8'],
])('BitLocker To Go is not taken for the FAT32 it looks like: %s is encrypted', async (_, id) => {
  const image = readImage('fat32');
  expect((await open(image)).kind).toBe('fat32');
  image.set(Buffer.from(id, 'hex'), 424);
  await expect(open(image)).rejects.toMatchObject({
    code: 'UNSUPPORTED_FORMAT',
    message: 'the volume is encrypted with BitLocker',
    remedy: expect.stringContaining('recovery key') as string,
  });
});

test('CRC-32C is the published one', () => {
  // RFC 3720, B.4: the check value of "123456789", before the final inversion.
  expect(~crc32c(crc32cStart, Buffer.from('123456789')) >>> 0).toBe(0xe3069283);
});

async function open(image: Uint8Array): Promise<GuestFileSystem> {
  return await openGuestFileSystem(memorySource(image), anySignal);
}

async function listAt(fileSystem: GuestFileSystem, path: string) {
  return await fileSystem.list(await fileSystem.lookup(path, anySignal), anySignal);
}

async function inodeOffset(image: Uint8Array, number: number): Promise<number> {
  const source = memorySource(image);
  const superblock = await readSuperblock(source, anySignal);
  const { inodesPerGroup, inodeBytes, blockBytes } = superblock;
  const group = Math.floor((number - 1) / inodesPerGroup);
  const table = await inodeTableOf({ source, superblock }, group, anySignal);
  return table * blockBytes + ((number - 1) % inodesPerGroup) * inodeBytes;
}

/** Makes the checksum of the superblock right again. */
function resign(image: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(image.buffer);
  view.setUint32(
    superblock + 0x3fc,
    crc32c(crc32cStart, image.subarray(superblock, superblock + 0x3fc)),
    true,
  );
}
