import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import { dosTime } from './dosTime.ts';
import { entryBytes, nodeIdOf, type FatListing, type FatNode } from './fatNode.ts';

const entryType = { end: 0x00, label: 0x83, file: 0x85, stream: 0xc0, name: 0xc1 } as const;
const attribute = { readOnly: 0x01, directory: 0x10 } as const;
const contiguousFlag = 0x02;
const charactersPerEntry = 15;

/**
 * The entries of a directory of exFAT: each file has a set of entries with a checksum over all of them. A set that is
 * damaged is told as a problem.
 * @see exFAT file system specification, 6 "Directory Structure" and 7 "Directory Entry Definitions"
 */
export function parseExfatDirectory(bytes: Uint8Array, directoryCluster: number): FatListing {
  const nodes: FatNode[] = [];
  const problems: string[] = [];
  for (let index = 0; (index + 1) * entryBytes <= bytes.byteLength; index += 1) {
    const type = bytes[index * entryBytes];
    if (type === entryType.end) break;
    if (type !== entryType.file) continue;
    try {
      const secondaryCount = bytes[index * entryBytes + 1] ?? 0;
      const whole = new BinaryReader(bytes, 'exFAT directory');
      const set = whole.bytes('set of entries', index * entryBytes, (secondaryCount + 1) * entryBytes);
      nodes.push(parseSet(set, secondaryCount, index, directoryCluster));
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
      problems.push(error.message);
    }
  }
  return { nodes, problems };
}

/** The label of the volume, if the root directory has one. */
export function exfatLabelIn(bytes: Uint8Array): string {
  for (let offset = 0; offset + entryBytes <= bytes.byteLength; offset += entryBytes) {
    if (bytes[offset] === entryType.end) break;
    const characters = Math.min(bytes[offset + 1] ?? 0, 11);
    if (bytes[offset] !== entryType.label) continue;
    return Buffer.from(bytes.subarray(offset + 2, offset + 2 + characters * 2)).toString('utf16le');
  }
  return '';
}

function parseSet(set: Uint8Array, secondaryCount: number, index: number, directoryCluster: number): FatNode {
  const reader = new BinaryReader(set, 'exFAT directory, file', index * entryBytes);
  const sum = set.reduce(
    (total, byte, at) =>
      at === 2 || at === 3 ? total : (((total & 1) << 15) + (total >>> 1) + byte) & 0xffff,
    0,
  );
  if (sum !== reader.u16le('checksum', 2)) throw reader.error('the checksum does not match', 2);
  reader.u8('type', entryBytes, { min: entryType.stream, max: entryType.stream });
  const nameLength = reader.u8('name length', entryBytes + 3, { min: 1 });
  const nameEntries = Math.ceil(nameLength / charactersPerEntry);
  if (nameEntries + 1 > secondaryCount)
    throw reader.error('the name has fewer entries than it needs', entryBytes + 3);
  const parts: Uint8Array[] = [];
  for (let part = 0; part < nameEntries; part += 1) {
    const offset = (2 + part) * entryBytes;
    reader.u8('type', offset, { min: entryType.name, max: entryType.name });
    parts.push(reader.bytes('name', offset + 2, charactersPerEntry * 2));
  }
  const name = Buffer.concat(parts).toString('utf16le').slice(0, nameLength);
  const attributes = reader.u16le('attributes', 4);
  const sizeBytes = reader.u64le('size', entryBytes + 24);
  const time = (offset: number, hundredths: number, zone: number) =>
    dosTime(
      reader.u16le('date', offset + 2),
      reader.u16le('time', offset),
      hundredths === 0 ? 0 : reader.u8('hundredths', hundredths),
      zoneMinutes(reader.u8('time zone', zone)),
    );
  return {
    node: nodeIdOf(directoryCluster, index),
    name: Buffer.from(name, 'utf8'),
    isDirectory: (attributes & attribute.directory) !== 0,
    isReadOnly: (attributes & attribute.readOnly) !== 0,
    content: {
      firstCluster: reader.u32le('first cluster', entryBytes + 20),
      sizeBytes,
      isContiguous: (reader.u8('flags', entryBytes + 1) & contiguousFlag) !== 0,
    },
    validBytes: reader.u64le('valid size', entryBytes + 8, { max: sizeBytes }),
    createdAt: time(8, 20, 22),
    modifiedAt: time(12, 21, 23),
    accessedAt: time(16, 0, 24),
  };
}

/** Quarters of an hour with sign in seven bits; the eighth says that they are known. */
function zoneMinutes(value: number): number {
  if ((value & 0x80) === 0) return 0;
  const quarters = value & 0x7f;
  return (quarters >= 64 ? quarters - 128 : quarters) * 15;
}
