import { BinaryReader } from '../../../base/binaryReader.ts';
import { crc32cU32le, crc32cWithHoles } from '../../../base/crc32c.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import type { StoredAttribute } from '../nodeDetails.ts';
import type { Inode } from './inode.ts';
import type { Ext4Volume } from './volume.ts';

const magic = 0xea02_0000;
const blockHeaderBytes = 32;
const checksumOffset = 16;
const entryHeadBytes = 16;

/** Beginnings of names, by the number that is stored instead; 7 is the beginning alone. */
const prefixes: ReadonlyMap<number, string> = new Map([
  [1, 'user.'],
  [2, 'system.posix_acl_access'],
  [3, 'system.posix_acl_default'],
  [4, 'trusted.'],
  [6, 'security.'],
  [7, 'system.'],
  [8, 'system.richacl'],
]);
/** The rest of a file that begins in the inode: part of its content. */
const inlineData = 'system.data';

/**
 * The extended attributes of an inode: some in the inode itself, others in a block that inodes may share.
 * @throws CORRUPT_DATA
 * @see ext4 Data Structures and Algorithms, "Extended Attributes"
 */
export async function readAttributes(
  volume: Ext4Volume,
  inode: Inode,
  signal: AbortSignal,
): Promise<readonly StoredAttribute[]> {
  const inInode = attributesInInode(inode);
  const inBlock = inode.attributeBlock === 0 ? [] : await attributesInBlock(volume, inode, signal);
  return [...inInode, ...inBlock].filter(({ name }) => Buffer.from(name).toString('latin1') !== inlineData);
}

function attributesInInode({ number, attributeArea }: Inode): StoredAttribute[] {
  const reader = new BinaryReader(attributeArea, `attributes of ext4 inode ${number}`);
  if (reader.sizeBytes < 8 || reader.u32le('magic', 0) !== magic) return [];
  return parseEntries(reader, 4, 4);
}

async function attributesInBlock(
  { source, superblock }: Ext4Volume,
  { number, attributeBlock }: Inode,
  signal: AbortSignal,
): Promise<StoredAttribute[]> {
  const { blockBytes, blockCount, checksumSeed } = superblock;
  const what = `attribute block of ext4 inode ${number}`;
  if (attributeBlock >= blockCount) throw new CorruptDataError(`the ${what} lies outside the file system`);
  const offsetBytes = attributeBlock * blockBytes;
  const bytes = await readRange(source, offsetBytes, blockBytes, signal);
  const reader = new BinaryReader(bytes, what, offsetBytes);
  reader.u32le('magic', 0, { min: magic, max: magic });
  reader.u32le('blocks', 8, { min: 1, max: 1 });
  if (checksumSeed !== undefined) {
    const place = crc32cU32le(
      crc32cU32le(checksumSeed, attributeBlock),
      Math.floor(attributeBlock / 2 ** 32),
    );
    const checksum = crc32cWithHoles(place, bytes, [checksumOffset, 4]);
    if (checksum !== reader.u32le('checksum', checksumOffset))
      throw reader.error('the checksum does not match', checksumOffset);
  }
  return parseEntries(reader, blockHeaderBytes, 0);
}

/** @param valuesOffset  from which the places of values are counted */
function parseEntries(reader: BinaryReader, startOffset: number, valuesOffset: number): StoredAttribute[] {
  const found: StoredAttribute[] = [];
  for (let at = startOffset; at + 4 <= reader.sizeBytes && reader.u32le('entry', at) !== 0;) {
    const nameBytes = reader.u8('name length', at);
    const prefix = prefixes.get(reader.u8('name index', at + 1));
    if (prefix === undefined) throw reader.error('a name begins with nothing that is known', at);
    const sizeBytes = reader.u32le('value size', at + 8);
    const isElsewhere = reader.u32le('value inode', at + 4) !== 0;
    const valueOffset = valuesOffset + reader.u16le('value offset', at + 2);
    found.push({
      name: Buffer.concat([Buffer.from(prefix), reader.bytes('name', at + entryHeadBytes, nameBytes)]),
      sizeBytes,
      value: isElsewhere ? undefined : reader.bytes('value', valueOffset, sizeBytes),
    });
    at += Math.ceil((entryHeadBytes + nameBytes) / 4) * 4;
  }
  return found;
}
