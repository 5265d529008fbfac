import { BinaryReader } from '../../../base/binaryReader.ts';
import { crc32c, crc32cWithHoles } from '../../../base/crc32c.ts';
import { journalMagic, type JournalSuperblock } from './journalSuperblock.ts';

export type JournalBlockKind = 'descriptor' | 'commit' | 'revoke';

/** What a descriptor block says of one of the blocks that follow it. */
export interface BlockTag {
  /** The block of the file system whose content follows. */
  readonly block: number;
  /** The content began like a journal block; its first four bytes were blanked in the journal. */
  readonly isEscaped: boolean;
  /** Checksum of the content, or its low 16 bits; undefined without checksums. */
  readonly checksum: number | undefined;
}

const headerBytes = 12;
const uuidBytes = 16;
const tailBytes = 4;
const commitChecksumOffset = 16;
const kinds: Readonly<Record<number, JournalBlockKind>> = { 1: 'descriptor', 2: 'commit', 5: 'revoke' };
const tagFlag = { escaped: 1, sameUuid: 2, last: 8 } as const;

/** The kind of a block of the log, undefined if it does not belong to the transaction: there the log ends. */
export function journalBlockKind(bytes: Uint8Array, sequence: number): JournalBlockKind | undefined {
  const reader = new BinaryReader(bytes, 'ext4 journal block');
  if (reader.u32be('magic', 0) !== journalMagic || reader.u32be('sequence', 8) !== sequence) return undefined;
  return kinds[reader.u32be('type', 4)];
}

/** Whether the checksum of the block itself is right; true where there are none. */
export function isJournalBlockIntact(
  bytes: Uint8Array,
  kind: JournalBlockKind,
  journal: JournalSuperblock,
): boolean {
  if (journal.checksums === 'none') return true;
  const offset = kind === 'commit' ? commitChecksumOffset : bytes.byteLength - tailBytes;
  const stored = new BinaryReader(bytes, 'ext4 journal block').u32be('checksum', offset);
  return crc32cWithHoles(journal.checksumSeed, bytes, [offset, 4]) === stored;
}

/** @see ext4 Data Structures and Algorithms, "Journal (jbd2)", "Descriptor Block" */
export function parseDescriptor(bytes: Uint8Array, journal: JournalSuperblock): BlockTag[] {
  const reader = new BinaryReader(bytes, 'ext4 journal descriptor');
  const endOffset = bytes.byteLength - (journal.checksums === 'none' ? 0 : tailBytes);
  const tagBytes = sizeOfTag(journal);
  const tags: BlockTag[] = [];
  for (let offset = headerBytes; offset + tagBytes <= endOffset;) {
    const isV3 = journal.checksums === 'v3';
    const flags = isV3 ? reader.u32be('flags', offset + 4) : reader.u16be('flags', offset + 6);
    const high = journal.is64bit ? reader.u32be('block, high half', offset + 8) : 0;
    tags.push({
      block: reader.u32be('block', offset) + high * 2 ** 32,
      isEscaped: (flags & tagFlag.escaped) !== 0,
      checksum: readTagChecksum(reader, offset, journal),
    });
    if ((flags & tagFlag.last) !== 0) return tags;
    offset += tagBytes + ((flags & tagFlag.sameUuid) !== 0 ? 0 : uuidBytes);
  }
  return tags;
}

/** Whether the content that follows a descriptor is what was written; true where there are no checksums. */
export function isContentIntact(
  content: Uint8Array,
  tag: BlockTag,
  sequence: number,
  journal: JournalSuperblock,
): boolean {
  if (tag.checksum === undefined) return true;
  const sequenceBytes = new Uint8Array(4);
  new DataView(sequenceBytes.buffer).setUint32(0, sequence, false);
  const crc = crc32c(crc32c(journal.checksumSeed, sequenceBytes), content);
  return tag.checksum === (journal.checksums === 'v3' ? crc : crc & 0xffff);
}

/** The blocks whose earlier contents in the journal must not be written any more. */
export function parseRevocations(bytes: Uint8Array, journal: JournalSuperblock): number[] {
  const reader = new BinaryReader(bytes, 'ext4 journal revocations');
  const start = headerBytes + 4;
  const end = reader.u32be('size', headerBytes, { min: start, max: bytes.byteLength });
  const entryBytes = journal.is64bit ? 8 : 4;
  const blocks: number[] = [];
  for (let offset = start; offset + entryBytes <= end; offset += entryBytes) {
    const first = reader.u32be('block', offset);
    blocks.push(journal.is64bit ? first * 2 ** 32 + reader.u32be('block, low half', offset + 4) : first);
  }
  return blocks;
}

function sizeOfTag({ checksums, is64bit }: JournalSuperblock): number {
  if (checksums === 'v3') return 16;
  return 8 + (is64bit ? 4 : 0) + (checksums === 'v2' ? 2 : 0);
}

function readTagChecksum(
  reader: BinaryReader,
  offset: number,
  journal: JournalSuperblock,
): number | undefined {
  if (journal.checksums === 'v3') return reader.u32be('content checksum', offset + 12);
  if (journal.checksums === 'v2') return reader.u16be('content checksum', offset + 4);
  return undefined;
}
