import { CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { extentRuns } from './extents.ts';
import { indirectRuns } from './indirectBlocks.ts';
import type { Inode } from './inode.ts';
import {
  isContentIntact,
  isJournalBlockIntact,
  journalBlockKind,
  parseDescriptor,
  parseRevocations,
  type BlockTag,
} from './journalBlocks.ts';
import { parseJournalSuperblock, type JournalSuperblock } from './journalSuperblock.ts';
import type { BlockRun, Ext4Volume } from './volume.ts';

/** Where the newest content of a block lies that the journal holds. */
export interface JournalledBlock {
  /** Offset on the volume, inside the journal. */
  readonly offsetBytes: number;
  /** The first four bytes are the journal's magic number, which the journal itself could not hold. */
  readonly isEscaped: boolean;
}

export interface JournalReplay {
  /** By block of the file system. */
  readonly blocks: ReadonlyMap<number, JournalledBlock>;
  readonly problems: readonly string[];
}

/**
 * Finds what a guest would write when it recovers the journal: the blocks of all complete transactions, the newest
 * content of each, without what was revoked later. Reads the used part of the journal, keeps only positions.
 * @param inode  the journal's
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT
 * @see ext4 Data Structures and Algorithms, "Journal (jbd2)"
 */
export async function readJournal(
  volume: Ext4Volume,
  inode: Inode,
  signal: AbortSignal,
): Promise<JournalReplay> {
  const log = await JournalLog.open(volume, inode, signal);
  return await log.replay();
}

interface Transaction {
  readonly sequence: number;
  readonly contents: { readonly tag: BlockTag; readonly journalBlock: number }[];
  readonly revoked: number[];
}

class JournalLog {
  readonly #volume: Ext4Volume;
  readonly #runs: readonly BlockRun[];
  readonly #signal: AbortSignal;
  readonly #journal: JournalSuperblock;
  readonly #problems: string[] = [];

  private constructor(
    volume: Ext4Volume,
    runs: readonly BlockRun[],
    journal: JournalSuperblock,
    signal: AbortSignal,
  ) {
    this.#volume = volume;
    this.#runs = runs;
    this.#journal = journal;
    this.#signal = signal;
  }

  static async open(volume: Ext4Volume, inode: Inode, signal: AbortSignal): Promise<JournalLog> {
    const { blockBytes } = volume.superblock;
    const { sizeBytes } = inode.stat;
    const range = { fromBlock: 0, untilBlock: Math.ceil(sizeBytes / blockBytes) };
    const mapped = inode.flags.hasExtents ? extentRuns : indirectRuns;
    const runs: BlockRun[] = [];
    for await (const run of mapped(volume, inode, range, signal)) runs.push(run);
    const first = await readRange(volume.source, positionIn(runs, 0, blockBytes), blockBytes, signal);
    return new JournalLog(volume, runs, parseJournalSuperblock(first, blockBytes, sizeBytes), signal);
  }

  async replay(): Promise<JournalReplay> {
    if (this.#journal.startBlock === 0) return { blocks: new Map(), problems: [] };
    const { transactions, nextSequence } = await this.#scan();
    const revokedBy = new Map<number, number>();
    for (const { revoked, sequence } of transactions) {
      for (const block of revoked) revokedBy.set(block, sequence);
    }

    const blocks = new Map<number, JournalledBlock>();
    for (const { contents, sequence } of transactions) {
      for (const { tag, journalBlock } of contents) {
        const revoked = revokedBy.get(tag.block);
        if (revoked !== undefined && isAtOrAfter(revoked, sequence)) continue;
        if (await this.#isUsable(tag, journalBlock, sequence)) {
          blocks.set(tag.block, { offsetBytes: this.#position(journalBlock), isEscaped: tag.isEscaped });
        }
      }
    }
    if (await this.#hasFastCommits(nextSequence)) {
      this.#problems.push('The last changes are in fast commits, which are not read; they are missing here');
    }
    return { blocks, problems: this.#problems };
  }

  /** Goes through the log up to the first transaction that is not complete: that one never happened. */
  async #scan(): Promise<{ readonly transactions: Transaction[]; readonly nextSequence: number }> {
    const journal = this.#journal;
    const transactions: Transaction[] = [];
    let current: Transaction = { sequence: journal.startSequence, contents: [], revoked: [] };
    let next = journal.startBlock;
    let left = journal.endBlock - journal.firstBlock;
    const take = () => {
      const block = next;
      next = next + 1 < journal.endBlock ? next + 1 : journal.firstBlock;
      left -= 1;
      return block;
    };

    while (left > 0) {
      if (this.#signal.aborted) throw new CancelledError();
      const bytes = await this.#read(take());
      const kind = journalBlockKind(bytes, current.sequence);
      if (kind === undefined || !isJournalBlockIntact(bytes, kind, journal)) break;
      if (kind === 'descriptor') {
        const tags = parseDescriptor(bytes, journal);
        if (tags.length > left) break;
        for (const tag of tags) current.contents.push({ tag, journalBlock: take() });
      } else if (kind === 'revoke') {
        current.revoked.push(...parseRevocations(bytes, journal));
      } else {
        transactions.push(current);
        current = { sequence: (current.sequence + 1) >>> 0, contents: [], revoked: [] };
      }
    }
    return { transactions, nextSequence: current.sequence };
  }

  async #isUsable(tag: BlockTag, journalBlock: number, sequence: number): Promise<boolean> {
    if (tag.block >= this.#volume.superblock.blockCount) {
      throw new CorruptDataError(`the ext4 journal changes block ${tag.block}, outside the file system`);
    }
    if (tag.checksum === undefined) return true;
    if (isContentIntact(await this.#read(journalBlock), tag, sequence, this.#journal)) return true;
    this.#problems.push(`The journal's content of block ${tag.block} is damaged; the older one is read`);
    return false;
  }

  /** A fast commit begins with a tag of type 9 that names the transaction it belongs to. */
  async #hasFastCommits(nextSequence: number): Promise<boolean> {
    if (this.#journal.fastCommitBlock === undefined) return false;
    const bytes = await this.#read(this.#journal.fastCommitBlock);
    const view = new DataView(bytes.buffer);
    const isHead = view.getUint16(0, true) === 9 && view.getUint16(2, true) >= 8;
    return isHead && view.getUint32(8, true) === nextSequence;
  }

  async #read(journalBlock: number): Promise<Uint8Array<ArrayBuffer>> {
    const { blockBytes } = this.#journal;
    return await readRange(this.#volume.source, this.#position(journalBlock), blockBytes, this.#signal);
  }

  #position(journalBlock: number): number {
    return positionIn(this.#runs, journalBlock, this.#journal.blockBytes);
  }
}

function positionIn(runs: readonly BlockRun[], journalBlock: number, blockBytes: number): number {
  const run = runs.find(
    ({ logicalBlock, blockCount }) =>
      journalBlock >= logicalBlock && journalBlock < logicalBlock + blockCount,
  );
  if (run?.physicalBlock === undefined)
    throw new CorruptDataError(`the ext4 journal has no block ${journalBlock}`);
  return (run.physicalBlock + journalBlock - run.logicalBlock) * blockBytes;
}

/** Sequence numbers run in a circle of 2^32. */
function isAtOrAfter(sequence: number, other: number): boolean {
  return ((sequence - other) | 0) >= 0;
}
