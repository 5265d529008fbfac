import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import { crc32c, crc32cStart, crc32cWithHoles } from '../../../base/crc32c.ts';

/** What the journal says of itself. */
export interface JournalSuperblock {
  readonly blockBytes: number;
  /** Blocks of the log, first and one behind the last; it runs in a circle between them. */
  readonly firstBlock: number;
  readonly endBlock: number;
  /** Where the log begins; 0 if it is empty. */
  readonly startBlock: number;
  /** Number of the first transaction in the log. */
  readonly startSequence: number;
  readonly is64bit: boolean;
  readonly checksums: 'none' | 'v2' | 'v3';
  /** Start value of all checksums. */
  readonly checksumSeed: number;
  /** First block of the area for fast commits; undefined if there is none. */
  readonly fastCommitBlock: number | undefined;
}

export const journalMagic = 0xc03b_3998;

const minBlocks = 8;
const incompat = {
  revoke: 1,
  is64bit: 2,
  asyncCommit: 4,
  checksumV2: 8,
  checksumV3: 16,
  fastCommit: 32,
} as const;
const knownIncompat = Object.values(incompat).reduce((all, bit) => all | bit, 0);
const defaultFastCommitBlocks = 256;

/**
 * @param bytes      first block of the journal
 * @param sizeBytes  of the journal
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT
 * @see ext4 Data Structures and Algorithms, "Journal (jbd2)", "Super Block"
 */
export function parseJournalSuperblock(
  bytes: Uint8Array,
  blockBytes: number,
  sizeBytes: number,
): JournalSuperblock {
  const reader = new BinaryReader(bytes, 'ext4 journal superblock');
  reader.u32be('magic', 0, { min: journalMagic, max: journalMagic });
  const version = reader.u32be('block type', 4, { min: 3, max: 4 });
  reader.u32be('block size', 12, { min: blockBytes, max: blockBytes });
  const blockCount = reader.u32be('block count', 16, {
    min: minBlocks,
    max: Math.floor(sizeBytes / blockBytes),
  });
  const flags = version === 4 ? reader.u32be('incompatible features', 0x28) : 0;
  const has = (bit: number) => (flags & bit) !== 0;
  const checksums = has(incompat.checksumV3) ? 'v3' : has(incompat.checksumV2) ? 'v2' : 'none';
  // Without checksums, an asynchronous commit says nothing of whether its blocks were written.
  const unknown = (flags & ~knownIncompat) | (checksums === 'none' ? flags & incompat.asyncCommit : 0);
  if (unknown !== 0) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `unknown features 0x${unknown.toString(16)} of the ext4 journal`,
      {
        remedy: 'Take a quiesced snapshot, which leaves the journal empty',
      },
    );
  }
  if (checksums !== 'none') {
    const crc = crc32cWithHoles(crc32cStart, bytes.subarray(0, 1024), [0xfc, 4]);
    if (crc !== reader.u32be('checksum', 0xfc)) throw reader.error('the checksum does not match', 0xfc);
  }
  const fastCommitBlocks = has(incompat.fastCommit)
    ? reader.u32be('fast commit blocks', 0x54, { max: blockCount - minBlocks }) || defaultFastCommitBlocks
    : 0;
  const endBlock = blockCount - fastCommitBlocks;
  const firstBlock = reader.u32be('first block', 20, { min: 1, max: endBlock - 2 });
  const startBlock = reader.u32be('start', 28, { max: endBlock - 1 });
  if (startBlock !== 0 && startBlock < firstBlock)
    throw reader.error(`the log starts at block ${startBlock}`, 28);
  return {
    blockBytes,
    firstBlock,
    endBlock,
    startBlock,
    startSequence: reader.u32be('sequence', 24),
    is64bit: has(incompat.is64bit),
    checksums,
    checksumSeed: crc32c(crc32cStart, reader.bytes('uuid', 0x30, 16)),
    fastCommitBlock: fastCommitBlocks > 0 ? endBlock : undefined,
  };
}
