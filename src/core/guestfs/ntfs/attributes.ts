import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';

export const attributeType = {
  standardInformation: 0x10,
  attributeList: 0x20,
  fileName: 0x30,
  securityDescriptor: 0x50,
  volumeName: 0x60,
  volumeInformation: 0x70,
  data: 0x80,
  indexRoot: 0x90,
  indexAllocation: 0xa0,
  reparsePoint: 0xc0,
} as const;

/** An attribute of a record, or one part of it where it is spread over several. */
export interface Attribute {
  readonly type: number;
  readonly name: string;
  readonly flags: AttributeFlags;
  readonly content: Resident | NonResident;
}

export interface AttributeFlags {
  readonly isCompressed: boolean;
  readonly isEncrypted: boolean;
}

/** The content lies in the record. */
export interface Resident {
  readonly kind: 'resident';
  readonly bytes: Uint8Array;
}

/** The content lies in clusters. */
export interface NonResident {
  readonly kind: 'clusters';
  readonly firstCluster: number;
  /** The coded list of runs. */
  readonly mapping: Uint8Array;
  /** Of the whole attribute; only the first part says. */
  readonly sizeBytes: number;
  /** What lies behind was never written and reads as zeros. */
  readonly initializedBytes: number;
  /** Clusters that are compressed together. */
  readonly unitClusters: number;
}

const sectorBytes = 512;
const endMark = 0xffff_ffff;
const maxAttributes = 1000;

/**
 * Undoes the fixup of a record or index block: the last two bytes of each sector were replaced by a number that tells
 * whether the sectors were written together. Changes `bytes`.
 * @throws CORRUPT_DATA if the magic is another, or the sectors do not belong together
 */
export function undoFixup(bytes: Uint8Array, magic: 'FILE' | 'INDX' | 'RSTR', what: string): void {
  const reader = new BinaryReader(bytes, what);
  const found = reader.ascii('magic', 0, 4);
  if (found !== magic) throw reader.error(`it begins with ${JSON.stringify(found)}, not ${magic}`);
  const offset = reader.u16le('fixup', 4, { max: bytes.byteLength - 2 });
  const sectors = bytes.byteLength / sectorBytes;
  const count = reader.u16le('fixup size', 6, { min: sectors + 1, max: sectors + 1 });
  const mark = reader.u16le('fixup mark', offset);
  for (let sector = 1; sector < count; sector += 1) {
    const at = sector * sectorBytes - 2;
    if (reader.u16le('end of sector', at) !== mark)
      throw reader.error('its sectors were not written together', at);
    const original = reader.bytes('fixup', offset + sector * 2, 2);
    bytes.set(original, at);
  }
}

/** @throws CORRUPT_DATA */
export function parseAttributes(record: Uint8Array, what: string): Attribute[] {
  const reader = new BinaryReader(record, what);
  const attributes: Attribute[] = [];
  const end = reader.u32le('used size', 24, { min: 48, max: record.byteLength });
  for (let offset = reader.u16le('first attribute', 20); offset + 8 <= end;) {
    const type = reader.u32le('attribute type', offset);
    if (type === endMark) break;
    const lengthBytes = reader.u32le('attribute length', offset + 4, { min: 24, max: end - offset });
    if (attributes.length >= maxAttributes) throw reader.error('it has attributes without end', offset);
    attributes.push(parseAttribute(reader.bytes('attribute', offset, lengthBytes), type, what));
    offset += lengthBytes;
  }
  return attributes;
}

function parseAttribute(bytes: Uint8Array, type: number, what: string): Attribute {
  const reader = new BinaryReader(bytes, `${what}, attribute 0x${type.toString(16)}`);
  const nameBytes = reader.u8('name length', 9) * 2;
  const name = Buffer.from(reader.bytes('name', reader.u16le('name offset', 10), nameBytes)).toString(
    'utf16le',
  );
  const flags = reader.u16le('flags', 12);
  const isResident = reader.u8('resident', 8) === 0;
  const content = isResident ? residentContent(reader) : clusterContent(reader);
  return {
    type,
    name,
    flags: { isCompressed: (flags & 0xff) !== 0, isEncrypted: (flags & 0x4000) !== 0 },
    content,
  };
}

function residentContent(reader: BinaryReader): Resident {
  const lengthBytes = reader.u32le('value length', 16);
  return { kind: 'resident', bytes: reader.bytes('value', reader.u16le('value offset', 20), lengthBytes) };
}

function clusterContent(reader: BinaryReader): NonResident {
  const firstCluster = reader.u64le('first cluster', 16);
  const mappingOffset = reader.u16le('runs', 32, { min: 64, max: reader.sizeBytes });
  const isFirst = firstCluster === 0;
  return {
    kind: 'clusters',
    firstCluster,
    mapping: reader.bytes('runs', mappingOffset, reader.sizeBytes - mappingOffset),
    sizeBytes: isFirst ? reader.u64le('size', 48) : 0,
    initializedBytes: isFirst ? reader.u64le('initialized size', 56) : 0,
    unitClusters: 2 ** reader.u8('compression unit', 34, { max: 16 }),
  };
}

/** The one resident attribute of a type without a name. @throws CORRUPT_DATA if there is none */
export function residentBytes(attributes: readonly Attribute[], type: number, what: string): Uint8Array {
  const found = attributes.find(attribute => attribute.type === type);
  if (found?.content.kind === 'resident') return found.content.bytes;
  throw new CorruptDataError(`${what} lacks its attribute 0x${type.toString(16)}`);
}
