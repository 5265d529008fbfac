import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { type BlockSource, readRange } from '../../block/blockSource.ts';
import type { RestState } from './restState.ts';

const magic = 0x5846_5342;
const recordMagic = 0xfeed_babe;
const basicBlockBytes = 512;
const unmountFlag = 0x20;

/** A record is written in one piece, from a buffer of at most 256 KiB, with its headers in front. */
const maxRecordBlocks = (256 * 1024) / basicBlockBytes + 16;

/**
 * A frozen log is covered: what it holds is the record that makes the next mount look at it, and perhaps another. Each is as
 * long as a stripe of the log at least.
 */
const maxCovered = { blocks: 64, stripes: 4 } as const;

/**
 * How far a log's oldest unwritten change lies behind its newest. Freezing writes everything back and leaves one small
 * record; so does Linux by itself half a minute after the last change, which the bytes cannot tell apart.
 * @throws CORRUPT_DATA
 * @see XFS Algorithms & Data Structures, "Superblocks" and "Journaling Log"
 */
export async function readXfsRest(volume: BlockSource, signal: AbortSignal): Promise<RestState> {
  const log = await findLog(volume, signal);
  if (log === undefined)
    return { state: 'unknown', isConclusive: false, finding: 'its log is on another device' };
  const head = await findHead(log, signal);
  const last = await lastRecord(log, head, signal);
  if (last === undefined)
    return { state: 'clean', isConclusive: true, finding: 'its log was never written to' };
  if (last.isUnmount) return { state: 'clean', isConclusive: true, finding: 'it was unmounted cleanly' };
  const spanBlocks = (head - last.tailBlock + log.blockCount) % log.blockCount;
  const spanKiB = Math.ceil((spanBlocks * basicBlockBytes) / 1024);
  return spanBlocks <= Math.max(maxCovered.blocks, maxCovered.stripes * log.stripeBlocks)
    ? {
        state: 'clean',
        isConclusive: false,
        finding: `its log holds ${spanKiB} KiB, as a frozen or an idle one does`,
      }
    : {
        state: 'in-use',
        isConclusive: true,
        finding: `its log holds ${spanKiB} KiB that are not written back`,
      };
}

/** Blocks of 512 bytes that are written in a circle. */
interface Log {
  readonly blockCount: number;
  /** Records are padded to multiples of it; 0 where they are not. */
  readonly stripeBlocks: number;
  readonly read: (block: number, count: number, signal: AbortSignal) => Promise<Uint8Array>;
}

async function findLog(volume: BlockSource, signal: AbortSignal): Promise<Log | undefined> {
  const reader = new BinaryReader(await readRange(volume, 0, 512, signal), 'XFS superblock');
  reader.u32be('magic', 0, { min: magic, max: magic });
  const blockBytes = reader.u32be('block size', 4, { min: 512, max: 65_536 });
  const start = reader.u32be('start of the log, high', 48) * 2 ** 32 + reader.u32be('start of the log', 52);
  if (start === 0) return undefined;
  const groupBlocks = reader.u32be('blocks of a group', 84, { min: 1 });
  const lengthBytes = reader.u32be('blocks of the log', 96, { min: 1 }) * blockBytes;
  const groupBits = reader.u8('bits of a group', 124, { max: 31 });
  const group = Math.floor(start / 2 ** groupBits);
  const offsetBytes = (group * groupBlocks + (start % 2 ** groupBits)) * blockBytes;
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes + lengthBytes > volume.sizeBytes)
    throw new CorruptDataError('XFS superblock: the log lies outside of the volume');
  return {
    blockCount: Math.floor(lengthBytes / basicBlockBytes),
    stripeBlocks: Math.floor(reader.u32be('stripe of the log', 196, { max: 1024 * 1024 }) / basicBlockBytes),
    read: async (block, count, reading) =>
      await readRange(volume, offsetBytes + block * basicBlockBytes, count * basicBlockBytes, reading),
  };
}

/** The block behind the newest: there the number of the round drops by one. Halving finds it in some twenty reads. */
async function findHead(log: Log, signal: AbortSignal): Promise<number> {
  const first = await cycleOf(log, 0, signal);
  if ((await cycleOf(log, log.blockCount - 1, signal)) === first) return 0;
  let low = 0;
  let high = log.blockCount - 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await cycleOf(log, middle, signal)) === first) low = middle;
    else high = middle;
  }
  return high;
}

/** The first word of each block is the number of its round, but in headers, where it is the second. */
async function cycleOf(log: Log, block: number, signal: AbortSignal): Promise<number> {
  const reader = new BinaryReader(await log.read(block, 1, signal), 'XFS log');
  return reader.u32be('cycle', 0) === recordMagic ? reader.u32be('cycle', 4) : reader.u32be('cycle', 0);
}

interface LogRecord {
  readonly tailBlock: number;
  readonly isUnmount: boolean;
}

/** The newest record that lies whole in front of the head; undefined in a log without any. */
async function lastRecord(log: Log, head: number, signal: AbortSignal): Promise<LogRecord | undefined> {
  for (let back = 1; back <= Math.min(maxRecordBlocks * 2, log.blockCount); back += 1) {
    const block = (head - back + log.blockCount) % log.blockCount;
    const reader = new BinaryReader(await log.read(block, 1, signal), 'XFS log record');
    if (reader.u32be('magic', 0) !== recordMagic) continue;
    // A whole record's header carries its own place.
    if (reader.u32be('place of the record', 20) !== block) continue;
    const version = reader.u32be('version', 8);
    const lengthBytes = reader.u32be('length', 12);
    const headerBlocks =
      version >= 2 ? Math.max(1, Math.ceil(reader.u32be('size of the buffer', 320) / 32_768)) : 1;
    if (headerBlocks + lengthBytes / basicBlockBytes > back) continue;
    const tailBlock = reader.u32be('place of the tail', 28);
    if (tailBlock >= log.blockCount) throw reader.error(`a tail at block ${tailBlock}`, 28);
    const isSingle = reader.u32be('operations', 40) === 1;
    const content = isSingle
      ? await log.read((block + headerBlocks) % log.blockCount, 1, signal)
      : new Uint8Array(basicBlockBytes);
    return { tailBlock, isUnmount: ((content[9] ?? 0) & unmountFlag) !== 0 };
  }
  if (head === 0 && (await cycleOf(log, 0, signal)) === 0) return undefined;
  throw new CorruptDataError('XFS log: no whole record lies in front of its head');
}
