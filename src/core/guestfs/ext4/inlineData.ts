import { BinaryReader } from '../../../base/binaryReader.ts';
import type { Inode } from './inode.ts';

const attributeMagic = 0xea02_0000;
const headerBytes = 4;
const entryBytes = 16;
const systemNamespace = 7;
const dataAttribute = 'data';

/** Content that lies in the inode itself. */
export interface InlineData {
  /** What lies where the block map would be: 60 bytes. */
  readonly inBlockArea: Uint8Array;
  /** What did not fit there, kept as the attribute `system.data`; often empty. */
  readonly inAttribute: Uint8Array;
}

/**
 * @throws CORRUPT_DATA if the attributes leave the inode
 * @see ext4 Data Structures and Algorithms, "Inline Data" and "Extended Attributes"
 */
export function inlineDataOf(inode: Inode): InlineData {
  return { inBlockArea: inode.blockArea, inAttribute: findDataAttribute(inode) };
}

function findDataAttribute(inode: Inode): Uint8Array {
  const none = new Uint8Array(0);
  const reader = new BinaryReader(inode.attributeArea, `ext4 attributes of inode ${inode.number}`);
  if (reader.sizeBytes < headerBytes || reader.u32le('magic', 0) !== attributeMagic) return none;

  for (let offset = headerBytes; offset + entryBytes <= reader.sizeBytes;) {
    // Four zero bytes end the list.
    if (reader.u32le('entry', offset) === 0) return none;
    const nameBytes = reader.u8('name length', offset);
    const namespace = reader.u8('namespace', offset + 1);
    if (
      namespace === systemNamespace &&
      reader.ascii('name', offset + entryBytes, nameBytes) === dataAttribute
    ) {
      const valueOffset = headerBytes + reader.u16le('value offset', offset + 2);
      return reader.bytes('value', valueOffset, reader.u32le('value size', offset + 8));
    }
    offset += entryBytes + Math.ceil(nameBytes / 4) * 4;
  }
  return none;
}
