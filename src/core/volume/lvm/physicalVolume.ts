import { crc32 } from 'node:zlib';

import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';

/** What a physical volume of LVM2 says of itself and of its group. */
export interface PhysicalVolume {
  /** Without dashes. */
  readonly id: string;
  /** The newest text of the group that this volume holds; undefined if it holds none, which is allowed. */
  readonly groupText: string | undefined;
}

const labelMagic = 'LABELONE';
const areaMagic = ' LVM2 x[5A%r0N*>';
const sectorBytes = 512;
const labelSectors = 4;
const areaHeaderBytes = 512;
const maxAreas = 8;
const maxTextBytes = 16 * 1024 * 1024;
const ignoredFlag = 1;
/** Where LVM2 begins its checksums; the polynomial is that of CRC-32. */
const checksumStart = 0xf597_a6cf;

/**
 * Reads the label of a physical volume and the text of its group from the first of its areas that is intact.
 * @returns undefined if it is no physical volume
 * @throws CORRUPT_DATA if it is a damaged one
 */
export async function readPhysicalVolume(
  source: BlockSource,
  signal: AbortSignal,
): Promise<PhysicalVolume | undefined> {
  const headBytes = labelSectors * sectorBytes;
  if (source.sizeBytes < headBytes) return undefined;
  const head = new BinaryReader(await readRange(source, 0, headBytes, signal), 'LVM2 label');
  const label = Array.from({ length: labelSectors }, (_, sector) => sector * sectorBytes).find(
    offset => head.ascii('magic', offset, 8) === labelMagic,
  );
  if (label === undefined) return undefined;
  const checked = head.bytes('label', label + 20, sectorBytes - 20);
  if (checksum(checked) !== head.u32le('checksum', label + 16)) {
    throw head.error('the checksum does not match', label);
  }
  const header = label + head.u32le('header', label + 20, { min: 32, max: sectorBytes - 40 });
  const areas = readAreas(head, header + 40);

  const problems: string[] = [];
  for (const { offsetBytes, sizeBytes } of areas) {
    try {
      const groupText = await readGroupText(source, offsetBytes, sizeBytes, signal);
      if (groupText !== undefined) return { id: head.ascii('id', header, 32), groupText };
    } catch (error) {
      if (!(error instanceof CorruptDataError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new CorruptDataError(problems.join('; '));
  return { id: head.ascii('id', header, 32), groupText: undefined };
}

/** Two lists of places, of data and of texts, each ended by one at 0. */
function readAreas(head: BinaryReader, startOffset: number) {
  let offset = startOffset;
  const list = () => {
    const areas: { readonly offsetBytes: number; readonly sizeBytes: number }[] = [];
    for (; areas.length <= maxAreas; offset += 16) {
      const offsetBytes = head.u64le('area', offset);
      if (offsetBytes === 0) break;
      areas.push({ offsetBytes, sizeBytes: head.u64le('area size', offset + 8) });
    }
    offset += 16;
    return areas;
  };
  list();
  return list();
}

async function readGroupText(
  source: BlockSource,
  areaOffset: number,
  areaBytes: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (areaBytes <= areaHeaderBytes || areaOffset + areaBytes > source.sizeBytes) {
    throw new CorruptDataError('an area of LVM2 leaves its volume');
  }
  const header = new BinaryReader(
    await readRange(source, areaOffset, areaHeaderBytes, signal),
    'LVM2 area',
    areaOffset,
  );
  if (checksum(header.bytes('header', 4, areaHeaderBytes - 4)) !== header.u32le('checksum', 0)) {
    throw header.error('the checksum does not match');
  }
  if (header.ascii('magic', 4, 16) !== areaMagic) throw header.error('it is no area of LVM2', 4);
  const textOffset = header.u64le('text', 40);
  const isIgnored = (header.u32le('flags', 60) & ignoredFlag) !== 0;
  if (textOffset === 0 || isIgnored) return undefined;
  if (textOffset < areaHeaderBytes || textOffset >= areaBytes)
    throw header.error('the text leaves its area', 40);
  const textBytes = header.u64le('text size', 48, {
    min: 1,
    max: Math.min(maxTextBytes, areaBytes - areaHeaderBytes),
  });

  // Texts are written one behind the other in a circle that leaves out the header.
  const text = new Uint8Array(textBytes);
  const beforeEnd = Math.min(textBytes, areaBytes - textOffset);
  await source.read(areaOffset + textOffset, text.subarray(0, beforeEnd), signal);
  await source.read(areaOffset + areaHeaderBytes, text.subarray(beforeEnd), signal);
  if (checksum(text) !== header.u32le('text checksum', 56))
    throw header.error('the checksum of the text does not match', 56);
  return Buffer.from(text).toString('utf8');
}

function checksum(bytes: Uint8Array): number {
  return ~crc32(bytes, ~checksumStart >>> 0) >>> 0;
}
