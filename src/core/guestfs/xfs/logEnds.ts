import { CorruptDataError } from '../../../base/errors.ts';
import { cycleOf, isRecordHeader, logBlockBytes, type LogBlocks, type RecordHeader } from './logRecord.ts';

/** Where the log begins and ends. */
export interface LogEnds {
  /** One behind the last block that was written. */
  readonly headBlock: number;
  /** The first block of the oldest record that may hold changes which are not in place. */
  readonly tailBlock: number;
  /** The newest record says that everything is in place: the file system was unmounted, or never used. */
  readonly isClean: boolean;
}

/** As many blocks as may have been on their way to the disk when the power failed: eight records of 256 KiB. */
const maxBlocksInFlight = (8 * 256 * 1024) / logBlockBytes;
const scanBlocks = 512;
const unmountFlag = 0x20;
const operationFlagsOffset = 9;

/**
 * Finds the newest and the oldest record of the log; undefined if nothing was ever written.
 * @throws CORRUPT_DATA if there is no record
 * @see XFS Algorithms & Data Structures, 3rd edition, "Log Records"
 */
export async function findLogEnds(log: LogBlocks): Promise<LogEnds | undefined> {
  const head = await findHead(log);
  return head === undefined ? undefined : await endsBefore(log, head);
}

/** The ends of the log if it ends before `headBlock`, at the last whole record there. */
export async function endsBefore(log: LogBlocks, headBlock: number): Promise<LogEnds> {
  const { header, headBlock: exactHead } = await lastWholeRecord(log, headBlock);
  return {
    headBlock: exactHead,
    tailBlock: header.tailBlock,
    isClean: await isUnmountRecord(log, header),
  };
}

/**
 * One behind the last block of the newest turn. Blocks of one turn lie before those of the turn before, so that the
 * border can be found by halving; but blocks that were on their way together may have arrived in any order, and the
 * first one that did not arrive ends the log.
 */
async function findHead(log: LogBlocks): Promise<number | undefined> {
  const { blockCount } = log;
  const first = await log.cycleAt(0);
  if (first === 0) return undefined;
  const last = await log.cycleAt(blockCount - 1);
  if (first === last) {
    return (
      ((await firstOfCycle(log, blockCount - maxBlocksInFlight, blockCount, last - 1)) ?? blockCount) %
      blockCount
    );
  }
  const border = await firstBlockNotOf(log, first, last);
  if (border < maxBlocksInFlight && last !== 0) {
    const from = blockCount - (maxBlocksInFlight - border);
    const missing = await firstOfCycle(log, Math.max(border, from), blockCount, last - 1);
    if (missing !== undefined) return missing;
  }
  return (await firstOfCycle(log, border - maxBlocksInFlight, border, last)) ?? border;
}

/** The first block of the older turn, `last`; all before it are of the newer one. */
async function firstBlockNotOf(log: LogBlocks, first: number, last: number): Promise<number> {
  let low = 0;
  let high = log.blockCount - 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await log.cycleAt(middle)) === last) high = middle;
    else low = middle;
  }
  return first === last ? 0 : high;
}

async function firstOfCycle(
  log: LogBlocks,
  fromBlock: number,
  untilBlock: number,
  cycle: number,
): Promise<number | undefined> {
  for (let block = Math.max(0, fromBlock); block < untilBlock; block += scanBlocks) {
    const count = Math.min(scanBlocks, untilBlock - block);
    const bytes = await log.read(block, count);
    for (let index = 0; index < count; index += 1) {
      if (cycleOf(bytes, index * logBlockBytes) === cycle) return block + index;
    }
  }
  return undefined;
}

/** The newest record before a block that is there as a whole; one whose end is missing never happened. */
async function lastWholeRecord(
  log: LogBlocks,
  headBlock: number,
): Promise<{ readonly header: RecordHeader; readonly headBlock: number }> {
  let head = headBlock;
  for (let searched = 0; searched < log.blockCount;) {
    const block = await previousHeader(log, head, log.blockCount - searched);
    if (block === undefined) break;
    const header = await log.header(block);
    const recordBlocks = header.headerBlocks + Math.ceil(header.payloadBytes / logBlockBytes);
    const availableBlocks = log.distance(block, head);
    if (recordBlocks === availableBlocks) return { header, headBlock: head };
    // The search has come round to where it began.
    if (availableBlocks === 0) break;
    searched += availableBlocks;
    head = block;
  }
  throw new CorruptDataError('the XFS log holds no whole record');
}

async function previousHeader(
  log: LogBlocks,
  headBlock: number,
  maxBlocks: number,
): Promise<number | undefined> {
  for (let back = 0; back < maxBlocks; back += scanBlocks) {
    const count = Math.min(scanBlocks, maxBlocks - back);
    const start = (headBlock - back - count + 2 * log.blockCount) % log.blockCount;
    const bytes = await log.read(start, count);
    for (let index = count - 1; index >= 0; index -= 1) {
      if (isRecordHeader(bytes, index * logBlockBytes)) return (start + index) % log.blockCount;
    }
  }
  return undefined;
}

async function isUnmountRecord(log: LogBlocks, header: RecordHeader): Promise<boolean> {
  if (header.operationCount !== 1) return false;
  const payload = await log.payload(header);
  return ((payload?.[operationFlagsOffset] ?? 0) & unmountFlag) !== 0;
}
