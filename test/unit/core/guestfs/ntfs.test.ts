import { describe, expect, test } from 'vitest';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { attributeType } from '../../../../src/core/guestfs/ntfs/attributes.ts';
import { readBootSector } from '../../../../src/core/guestfs/ntfs/bootSector.ts';
import { decompressLznt1 } from '../../../../src/core/guestfs/ntfs/lznt1.ts';
import { decompressLzx } from '../../../../src/core/guestfs/ntfs/lzx.ts';
import { openNtfs } from '../../../../src/core/guestfs/ntfs/ntfs.ts';
import { FileRecords } from '../../../../src/core/guestfs/ntfs/records.ts';
import { parseWofFormat } from '../../../../src/core/guestfs/ntfs/wof.ts';
import { requireLocalContent, linkTarget } from '../../../../src/core/guestfs/ntfs/reparse.ts';
import { streamOf } from '../../../../src/core/guestfs/ntfs/stream.ts';
import { decompressXpress } from '../../../../src/core/guestfs/ntfs/xpressHuffman.ts';
import { readImage } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';

const open = async (image: Uint8Array) => await openNtfs(memorySource(image), anySignal);
const refused = (code: string): unknown => expect.objectContaining({ code });

describe('NTFS', () => {
  test('says what it is', async () => {
    expect(await open(readImage('ntfs-4k'))).toMatchObject({
      label: 'ntfs-4k',
      journal: 'clean',
      problems: [],
    });
  });

  test('a log that Windows has not emptied is told: nobody else can replay it', async () => {
    const image = readImage('ntfs-4k');
    const at = await positionOf(image, 2);
    image.set(restartPage({ clientsInUse: 0, flags: 0 }), at);
    expect(await open(image)).toMatchObject({
      journal: 'none',
      problems: [expect.stringContaining('only Windows can replay')],
    });
    image.set(restartPage({ clientsInUse: 0, flags: 2 }), at);
    expect(await open(image)).toMatchObject({ journal: 'clean', problems: [] });
    image.set(restartPage({ clientsInUse: 0xffff, flags: 0 }), at);
    expect(await open(image)).toMatchObject({ journal: 'clean', problems: [] });
  });

  test.each(['ntfs-4k', 'ntfs-512'])('every name is found where its folder has it: %s', async image => {
    const fileSystem = await open(readImage(image));
    const waiting = ['/'];
    let foundCount = 0;
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const { entries } = await fileSystem.list(await fileSystem.lookup(path, anySignal), anySignal);
      for (const { name, node, kind } of entries) {
        const below = `${path === '/' ? '' : path}/${name}`;
        expect(await fileSystem.lookup(below.replaceAll(':', '\\x3a'), anySignal), below).toBe(node);
        if (kind === 'directory') waiting.push(below);
        foundCount += 1;
      }
    }
    expect(foundCount).toBeGreaterThan(50);
  });

  test('names are found, too, where the table of capital letters is damaged', async () => {
    const image = readImage('ntfs-4k');
    const boot = await readBootSector(memorySource(image), anySignal);
    image.fill(0, boot.mftOffsetBytes + 10 * boot.recordBytes, boot.mftOffsetBytes + 11 * boot.recordBytes);
    expect(await (await open(image)).lookup('/sizes/file-4096', anySignal)).toBeGreaterThan(0);
  });

  test('a volume that is marked as damaged says so', async () => {
    const image = readImage('ntfs-4k');
    const boot = await readBootSector(memorySource(image), anySignal);
    const record = boot.mftOffsetBytes + 3 * boot.recordBytes;
    const view = new DataView(image.buffer, record, boot.recordBytes);
    let attribute = view.getUint16(20, true);
    while (view.getUint32(attribute, true) !== attributeType.volumeInformation)
      attribute += view.getUint32(attribute + 4, true);
    const flags = attribute + view.getUint16(attribute + 20, true) + 10;
    view.setUint16(flags, 1, true);
    expect((await open(image)).problems).toEqual([expect.stringContaining('marked the volume as damaged')]);
  });

  test('a record whose sectors were not written together is refused', async () => {
    const image = readImage('ntfs-4k');
    const fileSystem = await open(image);
    const node = await fileSystem.lookup('/sizes/file-4096', anySignal);
    const boot = await readBootSector(memorySource(image), anySignal);
    const at = boot.mftOffsetBytes + node * boot.recordBytes + 510;
    image[at] = (image[at] ?? 0) ^ 1;
    await expect(fileSystem.stat(node, anySignal)).rejects.toEqual(refused('CORRUPT_DATA'));
  });

  test('content that is in the cloud is refused, that which is here is read', () => {
    const point = { tag: 0x9000_601a, payload: new Uint8Array(0) };
    expect(() => {
      requireLocalContent(point, true);
    }).toThrow(refused('UNSUPPORTED_FORMAT'));
    expect(() => {
      requireLocalContent(point, false);
    }).not.toThrow();
  });

  test('files of an image elsewhere and unknown compressions are refused', () => {
    for (const [provider, algorithm] of [
      [1, 0],
      [2, 4],
      [2, 0xffff_ffff],
    ] as const) {
      const payload = new Uint8Array(new Uint32Array([1, provider, 1, algorithm]).buffer);
      expect(() => parseWofFormat(payload)).toThrow(refused('UNSUPPORTED_FORMAT'));
    }
  });

  test('links of the Linux subsystem are text', () => {
    const payload = Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('/mnt/c/ü')]);
    expect(linkTarget({ tag: 0xa000_001d, payload })).toBe('/mnt/c/ü');
  });

  test.each([
    ['XPRESS without a table', () => decompressXpress(new Uint8Array(100), 4096)],
    ['XPRESS with no codes', () => decompressXpress(new Uint8Array(1000), 4096)],
    ['XPRESS with too many codes', () => decompressXpress(new Uint8Array(1000).fill(0x11), 4096)],
    ['LZX with no block', () => decompressLzx(new Uint8Array(100), 32_768)],
    ['LZX that ends too early', () => decompressLzx(Uint8Array.of(0xff, 0xff), 32_768)],
    ['LZNT1 that leaves its unit', () => decompressLznt1(Uint8Array.of(0xff, 0xbf, 0), 65_536)],
    ['LZNT1 that repeats nothing', () => decompressLznt1(Uint8Array.of(2, 0xb0, 1, 0, 0), 65_536)],
  ])('damaged compression is refused: %s', (_, decompress) => {
    expect(decompress).toThrow(refused('CORRUPT_DATA'));
  });
});

async function positionOf(image: Uint8Array, number: number): Promise<number> {
  const source = memorySource(image);
  const boot = await readBootSector(source, anySignal);
  const clusters = { source, clusterBytes: boot.clusterBytes, sizeBytes: boot.sizeBytes };
  const records = await FileRecords.open(clusters, boot, anySignal);
  const { attributes } = await records.read(number, anySignal);
  const stream = streamOf(clusters, attributes, attributeType.data, '');
  if (stream?.kind !== 'clusters') throw new Error('no clusters');
  return stream.runs[0]!.volumeOffsetBytes!;
}

/** The first page of a log, as Windows writes it. */
function restartPage({
  clientsInUse,
  flags,
}: {
  readonly clientsInUse: number;
  readonly flags: number;
}): Uint8Array {
  const page = new Uint8Array(4096);
  const view = new DataView(page.buffer);
  page.set(Buffer.from('RSTR'));
  view.setUint16(4, 30, true);
  view.setUint16(6, 9, true);
  view.setUint16(24, 48, true);
  view.setBigUint64(48, 1234n, true);
  view.setUint16(48 + 12, clientsInUse, true);
  view.setUint16(48 + 14, flags, true);
  for (let sector = 0; sector < 8; sector += 1) view.setUint16(sector * 512 + 510, 0, true);
  return page;
}
