import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { toHex } from '../../../base/random.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { crc32c, crc32cStart } from '../../../base/crc32c.ts';

/** What the file system is made of; everything else is found from here. */
export interface Superblock {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly inodeCount: number;
  readonly inodeBytes: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly groupCount: number;
  readonly descriptorBytes: number;
  /** First block of descriptors that lies in its own groups; undefined without meta_bg. */
  readonly firstMetaGroup: number | undefined;
  /** Tells whether a group begins with a copy of the superblock. */
  readonly hasSuperblockCopy: (group: number) => boolean;
  /** Journal inode; undefined without a journal inside. */
  readonly journalInode: number | undefined;
  readonly needsRecovery: boolean;
  readonly hasFileTypes: boolean;
  readonly hasLargeDirectories: boolean;
  /** Start value of all metadata checksums; undefined where there are none. */
  readonly checksumSeed: number | undefined;
  readonly kind: 'ext2' | 'ext3' | 'ext4';
  readonly label: string;
  readonly uuid: string;
  readonly problems: readonly string[];
}

const superblockOffset = 1024;
const superblockBytes = 1024;
const magic = 0xef53;

const compat = { hasJournal: 0x4, sparseSuper2: 0x200 } as const;
const readOnlyCompat = { sparseSuper: 0x1, metadataChecksums: 0x400 } as const;
const incompat = {
  fileType: 0x2,
  recover: 0x4,
  metaGroups: 0x10,
  extents: 0x40,
  is64bit: 0x80,
  multiMountProtection: 0x100,
  flexGroups: 0x200,
  attributeInodes: 0x400,
  checksumSeed: 0x2000,
  largeDirectories: 0x4000,
  inlineData: 0x8000,
  /** Single files may be; reading those is refused. */
  encrypt: 0x1_0000,
  /** Some directories ignore case; lookups here do not. */
  caseFold: 0x2_0000,
} as const;
const knownIncompat = Object.values(incompat).reduce((all, bit) => all | bit, 0);
/** What only ext4 has; with one of them the guest's tools call it ext4. */
const ext4Incompat = ~(incompat.fileType | incompat.recover | incompat.metaGroups);
const ext4ReadOnlyCompat = ~0x7;

const state = { cleanlyUnmounted: 0x1, errorsFound: 0x2 } as const;

/**
 * Reads and checks the superblock. Unknown features that change how data is found are refused; those that only matter
 * to writers are not.
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT
 * @see ext4 Data Structures and Algorithms, "Super Block"
 */
export async function readSuperblock(volume: BlockSource, signal: AbortSignal): Promise<Superblock> {
  if (volume.sizeBytes < superblockOffset + superblockBytes)
    throw new CorruptDataError(`the volume ends within its superblock, at ${volume.sizeBytes} bytes`);
  const bytes = await readRange(volume, superblockOffset, superblockBytes, signal);
  const reader = new BinaryReader(bytes, 'ext4 superblock', superblockOffset);
  reader.u16le('magic', 0x38, { min: magic, max: magic });
  const incompatFlags = reader.u32le('incompatible features', 0x60);
  requireKnown(incompatFlags);
  const hasIncompat = (bit: number) => (incompatFlags & bit) !== 0;
  const compatFlags = reader.u32le('compatible features', 0x5c);
  const readOnlyFlags = reader.u32le('read-only features', 0x64);

  const checksumSeed = readChecksumSeed(reader, bytes, readOnlyFlags, hasIncompat(incompat.checksumSeed));
  const hasJournal = (compatFlags & compat.hasJournal) !== 0;
  const needsRecovery = hasIncompat(incompat.recover);
  const journalInode = reader.u32le('journal inode', 0xe0);
  if (hasJournal && journalInode === 0 && needsRecovery) {
    throw new AppError('UNSUPPORTED_FORMAT', 'the file system has changes in a journal on another disk', {
      remedy: 'Take a quiesced snapshot, which leaves the journal empty',
    });
  }

  const isExt4 = (incompatFlags & ext4Incompat) !== 0 || (readOnlyFlags & ext4ReadOnlyCompat) !== 0;
  return {
    ...readLayout(reader, volume.sizeBytes, hasIncompat),
    hasSuperblockCopy: superblockCopies(reader, compatFlags, readOnlyFlags),
    journalInode: hasJournal && journalInode !== 0 ? journalInode : undefined,
    needsRecovery,
    hasFileTypes: hasIncompat(incompat.fileType),
    hasLargeDirectories: hasIncompat(incompat.largeDirectories),
    checksumSeed,
    kind: isExt4 ? 'ext4' : hasJournal ? 'ext3' : 'ext2',
    label:
      Buffer.from(reader.bytes('label', 0x78, 16))
        .toString('utf8')
        .split('\0', 1)[0] ?? '',
    uuid: toHex(reader.bytes('uuid', 0x68, 16)).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    problems: stateProblems(reader.u16le('state', 0x3a), hasJournal),
  };
}

function readLayout(reader: BinaryReader, volumeBytes: number, hasIncompat: (bit: number) => boolean) {
  const blockBytes = 1024 << reader.u32le('block size', 0x18, { max: 6 });
  const is64bit = hasIncompat(incompat.is64bit);
  const blockCountHigh = is64bit ? reader.u32le('block count, high half', 0x150) : 0;
  const blockCount = reader.u32le('block count', 0x4) + blockCountHigh * 2 ** 32;
  if (blockCount < 1 || blockCount > Math.floor(volumeBytes / blockBytes)) {
    throw reader.error(
      `${blockCount} blocks of ${blockBytes} bytes do not fit the volume of ${volumeBytes}`,
      0x4,
    );
  }
  const firstDataBlock = reader.u32le('first data block', 0x14, { max: blockBytes === 1024 ? 1 : 0 });
  const blocksPerGroup = reader.u32le('blocks per group', 0x20, { min: 8, max: 2 ** 30 });
  const groupCount = Math.ceil((blockCount - firstDataBlock) / blocksPerGroup);
  const inodesPerGroup = reader.u32le('inodes per group', 0x28, { min: 1, max: 8 * blockBytes });
  const revision = reader.u32le('revision', 0x4c, { max: 1 });
  const inodeBytes = revision === 0 ? 128 : reader.u16le('inode size', 0x58, { min: 128, max: blockBytes });
  if (!Number.isInteger(Math.log2(inodeBytes))) throw reader.error(`inode size is ${inodeBytes}`, 0x58);
  const descriptorBytes = is64bit ? reader.u16le('descriptor size', 0xfe, { min: 64, max: 1024 }) : 32;
  if (!Number.isInteger(Math.log2(descriptorBytes)))
    throw reader.error(`descriptor size is ${descriptorBytes}`, 0xfe);
  return {
    blockBytes,
    blockCount,
    firstDataBlock,
    blocksPerGroup,
    groupCount,
    inodesPerGroup,
    inodeCount: reader.u32le('inode count', 0x0, { min: 1, max: groupCount * inodesPerGroup }),
    inodeBytes,
    descriptorBytes,
    firstMetaGroup: hasIncompat(incompat.metaGroups) ? reader.u32le('first meta group', 0x104) : undefined,
  };
}

function requireKnown(flags: number): void {
  const unknown = flags & ~knownIncompat;
  if (unknown === 0) return;
  throw new AppError('UNSUPPORTED_FORMAT', `unknown ext4 features 0x${(unknown >>> 0).toString(16)}`, {
    remedy: 'Restore the whole disk and read the files in a guest that knows this file system',
  });
}

function readChecksumSeed(
  reader: BinaryReader,
  bytes: Uint8Array,
  readOnlyFlags: number,
  isSeedStored: boolean,
): number | undefined {
  if ((readOnlyFlags & readOnlyCompat.metadataChecksums) === 0) return undefined;
  reader.u8('checksum type', 0x175, { min: 1, max: 1 });
  if (crc32c(crc32cStart, bytes.subarray(0, 0x3fc)) !== reader.u32le('checksum', 0x3fc)) {
    throw reader.error('the checksum does not match', 0x3fc);
  }
  if (isSeedStored) return reader.u32le('checksum seed', 0x270);
  return crc32c(crc32cStart, reader.bytes('uuid', 0x68, 16));
}

function superblockCopies(
  reader: BinaryReader,
  compatFlags: number,
  readOnlyFlags: number,
): (group: number) => boolean {
  if ((compatFlags & compat.sparseSuper2) !== 0) {
    const copies = [0, reader.u32le('first copy', 0x24c), reader.u32le('second copy', 0x250)];
    return group => copies.includes(group);
  }
  if ((readOnlyFlags & readOnlyCompat.sparseSuper) === 0) return () => true;
  return group => group <= 1 || [3, 5, 7].some(base => isPower(group, base));
}

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

function stateProblems(flags: number, hasJournal: boolean): string[] {
  const problems: string[] = [];
  if ((flags & state.errorsFound) !== 0) {
    problems.push('The guest found errors in this file system and has not repaired them');
  }
  if ((flags & state.cleanlyUnmounted) === 0 && !hasJournal) {
    problems.push('The file system was in use and has no journal: recent changes may be missing or damaged');
  }
  return problems;
}
