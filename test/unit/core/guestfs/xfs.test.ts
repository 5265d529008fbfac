import { describe, expect, test } from 'vitest';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { crc32c, crc32cStart } from '../../../../src/base/crc32c.ts';
import { updateChecksum } from '../../../../src/core/guestfs/xfs/checksum.ts';
import { readInode, positionOfInode } from '../../../../src/core/guestfs/xfs/inode.ts';
import { findLogEnds } from '../../../../src/core/guestfs/xfs/logEnds.ts';
import { itemType } from '../../../../src/core/guestfs/xfs/logItems.ts';
import { LogBlocks, logBlockBytes } from '../../../../src/core/guestfs/xfs/logRecord.ts';
import { readSuperblock } from '../../../../src/core/guestfs/xfs/superblock.ts';
import { positionOfBlocks } from '../../../../src/core/guestfs/xfs/volume.ts';
import { openXfs } from '../../../../src/core/guestfs/xfs/xfs.ts';
import { readImage, readManifest } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';

const open = async (image: Uint8Array) => await openXfs(memorySource(image), anySignal);

/** Changes the superblock and gives it its checksum. */
function withSuperblock(name: string, change: (view: DataView) => void): Uint8Array {
  const image = readImage(name);
  change(new DataView(image.buffer));
  updateChecksum(image.subarray(0, 512), 224);
  return image;
}

describe('XFS', () => {
  test('says what it is and that its log was replayed', async () => {
    expect(await open(readImage('xfs-4k'))).toMatchObject({ kind: 'xfs', label: 'xfs-4k', journal: 'clean' });
    expect(await open(readImage('crashed-xfs'))).toMatchObject({ journal: 'replayed', problems: [] });
  });

  test('without its log, most of what was written before the power cut would be missing', async () => {
    const image = readImage('crashed-xfs');
    const volume = {
      source: memorySource(image),
      superblock: await readSuperblock(memorySource(image), anySignal),
    };
    const nodes = readManifest('crashed-xfs').length;
    const root = await readInode(volume, volume.superblock.rootInode, anySignal);
    const recovered = await open(image);
    const rootNow = await recovered.stat(recovered.root, anySignal);
    expect(nodes).toBeGreaterThan(300);
    expect(root.stat.modifiedAt).not.toEqual(rootNow.modifiedAt);
  });

  test.each([
    ['an unknown incompatible feature', 216, 0x100],
    ['an unknown feature of the log', 220, 0x2],
  ])('%s is refused', async (_, offset, bit) => {
    const image = withSuperblock('xfs-4k', view => {
      view.setUint32(offset, view.getUint32(offset, false) | bit, false);
    });
    await expect(open(image)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  test('a log on another disk is refused, for nobody knows what waits there', async () => {
    const image = withSuperblock('xfs-4k', view => {
      view.setBigUint64(48, 0n, false);
    });
    await expect(open(image)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  test('a mark that it needs repair is told', async () => {
    const image = withSuperblock('xfs-4k', view => {
      view.setUint32(216, view.getUint32(216, false) | 0x10, false);
    });
    expect((await open(image)).problems).toEqual([expect.stringContaining('needing repair')]);
  });

  test('an unknown kind of change in the log is refused', async () => {
    const image = await withLogItem('crashed-xfs', itemType.inode, 0x12ff);
    await expect(open(image)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  test('a record damaged long after it was written is no end of the log', async () => {
    const image = readImage('crashed-xfs');
    const { start, log, tailBlock } = await logOf(image);
    const header = await log.header(tailBlock);
    const at = start + (tailBlock + header.headerBlocks) * logBlockBytes + 100;
    image[at] = (image[at] ?? 0) ^ 0xff;
    await expect(open(image)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
  });

  test.each([
    ['as mkfs.xfs leaves it, without a checksum', 0, { journal: 'clean', problems: [] }],
    ['with a wrong checksum', 0xdead_beef, 'CORRUPT_DATA'],
  ])('a log of one record that begins at its first block: %s', async (_, checksum, expected) => {
    const image = await withOnlyRecord('xfs-4k', checksum);
    if (typeof expected === 'string') await expect(open(image)).rejects.toMatchObject({ code: expected });
    else expect(await open(image)).toMatchObject(expected);
  });

  test('a damaged inode is refused, the others are read', async () => {
    const image = readImage('xfs-4k');
    const fileSystem = await open(image);
    const node = await fileSystem.lookup('/sizes/file-70001', anySignal);
    const superblock = await readSuperblock(memorySource(image), anySignal);
    const at = positionOfInode({ source: memorySource(image), superblock }, node) + 56;
    image[at + 7] = (image[at + 7] ?? 0) ^ 1;
    await expect(fileSystem.stat(node, anySignal)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    const other = await fileSystem.lookup('/sizes/file-4097', anySignal);
    const [piece] = await collect(fileSystem.readFile(other, { offsetBytes: 0 }, anySignal));
    expect(piece?.byteLength).toBe(4097);
  });
});

async function logOf(image: Uint8Array) {
  const source = memorySource(image);
  const superblock = await readSuperblock(source, anySignal);
  const volume = { source, superblock };
  const log = new LogBlocks(volume, anySignal);
  const ends = (await findLogEnds(log))!;
  const start = positionOfBlocks(volume, superblock.logStartBlock!, superblock.logBlocks, 'log');
  return { start, log, ...ends };
}

/** Gives the first item of a type another type, in the first record that has one, and the record its checksum. */
async function withLogItem(name: string, from: number, to: number): Promise<Uint8Array> {
  const image = readImage(name);
  const { start, log, tailBlock } = await logOf(image);
  const header = await log.header(tailBlock);
  const payloadStart = start + (tailBlock + header.headerBlocks) * logBlockBytes;
  const payload = image.subarray(payloadStart, payloadStart + header.payloadBytes);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  // An item begins behind the header of an operation, with its type and the count of its regions, 2 to 4.
  while (view.getUint16(at, true) !== from || ![2, 3, 4].includes(view.getUint16(at + 2, true))) at += 4;
  view.setUint16(at, to, true);
  const headerStart = start + tailBlock * logBlockBytes;
  const headers = image.subarray(headerStart, payloadStart);
  const headerView = new DataView(headers.buffer, headers.byteOffset);
  headerView.setUint32(32, 0);
  let crc = crc32c(crc32cStart, headers.subarray(0, 328));
  for (let extension = 1; extension < Math.ceil(header.payloadBytes / 32_768); extension += 1) {
    crc = crc32c(crc, headers.subarray(extension * 512, extension * 512 + 260));
  }
  headerView.setUint32(32, ~crc32c(crc, payload) >>> 0, true);
  return image;
}

/** A log that holds nothing but the word that everything is in place, at its beginning. */
async function withOnlyRecord(name: string, checksum: number): Promise<Uint8Array> {
  const image = readImage(name);
  const { start, log } = await logOf(image);
  image.fill(0, start, start + log.blockCount * logBlockBytes);
  const view = new DataView(image.buffer, start, 2 * logBlockBytes);
  view.setUint32(0, 0xfeed_babe);
  view.setUint32(4, 1);
  view.setUint32(8, 2);
  view.setUint32(12, logBlockBytes);
  view.setUint32(16, 1);
  view.setUint32(24, 1);
  view.setUint32(32, checksum, true);
  view.setUint32(40, 1);
  view.setUint32(300, 1);
  view.setUint32(320, 32_768);
  // The first word of each block is its cycle; what was there is in the header.
  view.setUint32(logBlockBytes, 1);
  view.setUint8(logBlockBytes + 9, 0x20);
  return image;
}
