import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { stripedSource } from '../../../../src/core/block/stripedSource.ts';
import { readRange } from '../../../../src/core/block/blockSource.ts';
import { parseConfigText } from '../../../../src/core/volume/lvm/configText.ts';
import { readPhysicalVolume } from '../../../../src/core/volume/lvm/physicalVolume.ts';
import { parseVolumeGroup } from '../../../../src/core/volume/lvm/volumeGroup.ts';
import { assembleVolumes } from '../../../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../../../src/core/volume/listVolumes.ts';
import { anySignal } from '../../../support/anySignal.ts';

const id = 'abcdef-0123-4567-89ab-cdef-0123-456789';
const areaStart = 4096;
const areaBytes = 2048;

function group(type: string): string {
  return `# generated
vg0 {
  id = "vg-id"
  seqno = 7
  extent_size = 2
  physical_volumes { pv0 { id = "${id}" pe_start = 16 } }
  logical_volumes {
    one { id = "one" status = ["READ", "VISIBLE"] segment_count = 1
      segment1 { start_extent = 0 extent_count = 2 type = "${type}" stripe_count = 1 stripes = ["pv0", 1] } }
    hidden { id = "two" status = [] segment_count = 0 }
  }
}
`;
}

/** LVM2 begins its checksums elsewhere than others. */
const checksum = (bytes: Uint8Array) => ~crc32(bytes, 0x0a68_5930) >>> 0;

/** A physical volume whose text begins so near the end of its area that it wraps. */
function physicalVolume(text: string): Uint8Array {
  const bytes = new Uint8Array(64 * 1024);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, content: string) => bytes.set(Buffer.from(content, 'latin1'), offset);
  put(512, 'LABELONE');
  put(512 + 24, 'LVM2 001');
  view.setUint32(512 + 20, 32, true);
  put(544, id.replaceAll('-', ''));
  view.setBigUint64(544 + 40, 8192n, true);
  view.setBigUint64(544 + 40 + 32, BigInt(areaStart), true);
  view.setBigUint64(544 + 40 + 40, BigInt(areaBytes), true);
  view.setUint32(512 + 16, checksum(bytes.subarray(532, 1024)), true);

  const encoded = Buffer.from(text);
  const start = areaBytes - 100;
  bytes.set(encoded.subarray(0, 100), areaStart + start);
  bytes.set(encoded.subarray(100), areaStart + 512);
  put(areaStart + 4, ' LVM2 x[5A%r0N*>');
  view.setBigUint64(areaStart + 40, BigInt(start), true);
  view.setBigUint64(areaStart + 48, BigInt(encoded.byteLength), true);
  view.setUint32(areaStart + 56, checksum(encoded), true);
  view.setUint32(areaStart, checksum(bytes.subarray(areaStart + 4, areaStart + 512)), true);
  for (let at = 8192; at < bytes.byteLength; at += 1) bytes[at] = at % 251;
  return bytes;
}

async function assemble(bytes: Uint8Array) {
  return await assembleVolumes([await listVolumes(memorySource(bytes), anySignal)], anySignal);
}

describe('LVM2', () => {
  test('a text that wraps in its area is read, and its volumes are found', async () => {
    const bytes = physicalVolume(group('striped'));
    const [listing] = await assemble(bytes);
    expect(listing?.problems).toEqual([]);
    const volume = listing?.volumes.find(({ index }) => index === 1001);
    expect(volume).toMatchObject({ name: 'vg0/one', sizeBytes: 2048, offsetBytes: 8192 + 1024 });
    const content = await readRange(volume!.source, 0, 2048, anySignal);
    expect(content).toEqual(bytes.slice(9216, 9216 + 2048));
  });

  test.each(['raid5', 'cache', 'vdo'])('a volume of type %s is named, not guessed', async type => {
    const [listing] = await assemble(physicalVolume(group(type)));
    expect(listing?.volumes.map(({ index }) => index)).toEqual([0]);
    expect(listing?.problems).toEqual([`The logical volume vg0/one cannot be read: it is of type ${type}`]);
  });

  test.each([
    ['label', 530],
    ['header of the area', areaStart + 20],
    ['text', areaStart + 600],
  ])('damage in the %s is told', async (_, offset) => {
    const bytes = physicalVolume(group('striped'));
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    await expect(readPhysicalVolume(memorySource(bytes), anySignal)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
    });
    expect((await assemble(bytes))[0]?.problems).toEqual([expect.stringContaining('Volume 0: ')]);
  });

  test.each(['vg0 {', 'a = [1, 2', 'x { } }', 'a b', 'a = }', '{ { {', '"', 'a{'.repeat(100)])(
    'text that makes no sense is refused: %s',
    text => {
      expect(() => parseConfigText(text)).toThrow(expect.objectContaining({ code: 'CORRUPT_DATA' }));
    },
  );

  test.each([
    ['segment_count = 1', 'segment_count = 2'],
    ['extent_count = 2', 'extent_count = 0'],
    ['stripe_count = 1', 'stripe_count = 3'],
    ['start_extent = 0', 'start_extent = 5'],
    ['"pv0", 1', '"pv0", -1'],
    ['physical_volumes', 'nothing'],
  ])('a group that contradicts itself is refused: %s → %s', (from, to) => {
    expect(() => parseVolumeGroup(group('striped').replace(from, to))).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA' }),
    );
  });
});

test('stripes are read in turn', async () => {
  const columns = [0, 1, 2].map(column => memorySource(new Uint8Array(8).map((_, at) => column * 16 + at)));
  const source = stripedSource(columns, 4, 'stripes');
  const all = [...(await readRange(source, 0, 24, anySignal))];
  expect(all).toEqual([
    0, 1, 2, 3, 16, 17, 18, 19, 32, 33, 34, 35, 4, 5, 6, 7, 20, 21, 22, 23, 36, 37, 38, 39,
  ]);
  expect([...(await readRange(source, 3, 10, anySignal))]).toEqual(all.slice(3, 13));
});
