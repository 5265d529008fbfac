import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { uuidText } from '../uuid.ts';
import { isChecksumRight } from './checksum.ts';

/** What the file system is made of; everything else is found from here. */
export interface Superblock {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly groupBlocks: number;
  readonly groupCount: number;
  /** Bits of a block number that count blocks in an allocation group. */
  readonly groupBlockBits: number;
  readonly sectorBytes: number;
  readonly inodeBytes: number;
  /** Bits of an inode number that count inodes in a block. */
  readonly inodesPerBlockBits: number;
  /** Alignment of inode chunks in blocks. */
  readonly inodeAlignmentBlocks: number;
  readonly directoryBlockBytes: number;
  readonly rootInode: number;
  /** Version 5: checksums, sequence numbers and owners in all structures. */
  readonly isV5: boolean;
  readonly hasFileTypes: boolean;
  /** First block of the log; undefined if the log is on another disk. */
  readonly logStartBlock: number | undefined;
  readonly logBlocks: number;
  readonly label: string;
  readonly uuid: string;
  /** What all structures carry as the file system's id. */
  readonly structureUuid: Uint8Array;
  readonly problems: readonly string[];
}

const magic = 0x5846_5342;
/** What is read of it; sectors are not smaller. */
const headBytes = 512;
const checksumOffset = 224;

const version = { shared: 0x200, directoriesV2: 0x2000, moreBits: 0x8000 } as const;
const knownVersionBits =
  0xf | 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | 0x1000 | 0x2000 | 0x4000 | 0x8000;
const features2 = {
  lazyCounters: 0x2,
  attributes2: 0x8,
  projectIds32: 0x80,
  checksums: 0x100,
  fileTypes: 0x200,
} as const;
const incompat = {
  fileTypes: 0x1,
  sparseInodes: 0x2,
  structureUuid: 0x4,
  bigTimes: 0x8,
  needsRepair: 0x10,
  largeExtentCounts: 0x20,
  exchangedRanges: 0x40,
  parentPointers: 0x80,
} as const;
const logIncompat = { attributeIntents: 0x1 } as const;
const allOf = (bits: Readonly<Record<string, number>>) =>
  Object.values(bits).reduce((all, bit) => all | bit, 0);

/**
 * Reads and checks the superblock. Unknown features that change how data is found are refused; those that only matter
 * to writers are not.
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT
 * @see XFS Algorithms & Data Structures, 3rd edition, "Superblocks"
 */
export async function readSuperblock(volume: BlockSource, signal: AbortSignal): Promise<Superblock> {
  if (volume.sizeBytes < headBytes)
    throw new CorruptDataError(`the volume ends within its superblock, at ${volume.sizeBytes} bytes`);
  const head = new BinaryReader(await readRange(volume, 0, headBytes, signal), 'XFS superblock');
  head.u32be('magic', 0, { min: magic, max: magic });
  const versionBits = head.u16be('version', 100);
  const isV5 = (versionBits & 0xf) === 5;
  if (!isV5 && (versionBits & 0xf) !== 4) {
    throw unsupported(`version ${versionBits & 0xf} of XFS`);
  }
  const sectorBytes = head.u16be('sector size', 102, { min: 512, max: Math.min(32_768, volume.sizeBytes) });
  if (!Number.isInteger(Math.log2(sectorBytes))) throw head.error(`sector size is ${sectorBytes}`, 102);
  const bytes = await readRange(volume, 0, sectorBytes, signal);
  const reader = new BinaryReader(bytes, 'XFS superblock');
  if (isV5 && !isChecksumRight(bytes, checksumOffset)) {
    throw reader.error('the checksum does not match', checksumOffset);
  }
  const incompatBits = isV5 ? reader.u32be('incompatible features', 216) : 0;
  requireKnown(reader, versionBits, incompatBits, isV5);

  const logStartBlock = reader.u64be('log start', 48);
  const fileTypesV4 = (reader.u32be('features 2', 200) & features2.fileTypes) !== 0;
  const uuid = reader.bytes('uuid', 32, 16);
  const isOtherUuid = (incompatBits & incompat.structureUuid) !== 0;
  const needsRepair = (incompatBits & incompat.needsRepair) !== 0;
  return {
    ...readLayout(reader, volume.sizeBytes, sectorBytes),
    sectorBytes,
    isV5,
    hasFileTypes: isV5 ? (incompatBits & incompat.fileTypes) !== 0 : fileTypesV4,
    logStartBlock: logStartBlock === 0 ? undefined : logStartBlock,
    logBlocks: reader.u32be('log blocks', 96),
    label:
      Buffer.from(reader.bytes('label', 108, 12))
        .toString('utf8')
        .split('\0', 1)[0] ?? '',
    uuid: uuidText(uuid),
    structureUuid: isOtherUuid ? reader.bytes('structure uuid', 248, 16) : uuid,
    problems: needsRepair ? ['The file system is marked as needing repair; a guest would not mount it'] : [],
  };
}

function readLayout(reader: BinaryReader, volumeBytes: number, sectorBytes: number) {
  const blockBytes = reader.u32be('block size', 4, { min: 512, max: 65_536 });
  const blockBits = reader.u8('block size, as a power', 120, { min: 9, max: 16 });
  if (blockBytes !== 2 ** blockBits || blockBytes < sectorBytes)
    throw reader.error(`block size is ${blockBytes}`, 4);
  const blockCount = reader.u64be('block count', 8, { min: 1, max: Math.floor(volumeBytes / blockBytes) });
  const groupBlocks = reader.u32be('group size', 84, { min: 1 });
  const groupCount = reader.u32be('group count', 88, { min: 1 });
  if (groupCount !== Math.ceil(blockCount / groupBlocks)) {
    throw reader.error(`${groupCount} groups of ${groupBlocks} blocks are not ${blockCount} blocks`, 88);
  }
  const inodeBytes = reader.u16be('inode size', 104, { min: 256, max: Math.min(2048, blockBytes) });
  const inodesPerBlockBits = reader.u8('inodes in a block, as a power', 123, { max: 8 });
  if (inodeBytes * 2 ** inodesPerBlockBits !== blockBytes)
    throw reader.error(`inode size is ${inodeBytes}`, 104);
  const groupBlockBits = reader.u8('group size, as a power', 124, { max: 31 });
  if (2 ** groupBlockBits < groupBlocks) throw reader.error('the groups are larger than their numbers', 124);
  const directoryBlockBits = reader.u8('directory block size, as a power', 192, { max: 16 - blockBits });
  return {
    blockBytes,
    blockCount,
    groupBlocks,
    groupCount,
    groupBlockBits,
    inodeBytes,
    inodesPerBlockBits,
    inodeAlignmentBlocks: reader.u32be('inode alignment', 180),
    directoryBlockBytes: blockBytes * 2 ** directoryBlockBits,
    rootInode: reader.u64be('root inode', 56, { min: 1 }),
  };
}

function requireKnown(reader: BinaryReader, versionBits: number, incompatBits: number, isV5: boolean): void {
  const unknownIncompat = incompatBits & ~allOf(incompat);
  if (unknownIncompat !== 0)
    throw unsupported(`unknown XFS features 0x${(unknownIncompat >>> 0).toString(16)}`);
  const unknownLog = isV5 ? reader.u32be('incompatible log features', 220) & ~allOf(logIncompat) : 0;
  if (unknownLog !== 0)
    throw unsupported(`unknown features 0x${(unknownLog >>> 0).toString(16)} of the XFS log`);
  const unknownVersion = versionBits & ~knownVersionBits;
  if (unknownVersion !== 0 || (versionBits & version.shared) !== 0) {
    throw unsupported(`unknown XFS features 0x${unknownVersion.toString(16)} of version 4`);
  }
  if ((versionBits & version.directoriesV2) === 0) throw unsupported('XFS directories of version 1');
  const hasMoreBits = (versionBits & version.moreBits) !== 0;
  const unknown2 = !isV5 && hasMoreBits ? reader.u32be('features 2', 200) & ~allOf(features2) : 0;
  if (unknown2 !== 0)
    throw unsupported(`unknown XFS features 0x${(unknown2 >>> 0).toString(16)} of version 4`);
}

function unsupported(what: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', what, {
    remedy: 'Restore the whole disk and read the files in a guest that knows this file system',
  });
}
