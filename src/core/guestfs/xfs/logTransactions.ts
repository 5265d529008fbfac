import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { endsBefore, type LogEnds } from './logEnds.ts';
import { logBlockBytes, type LogBlocks, type RecordHeader } from './logRecord.ts';

/** Changes that happened together or not at all. */
export interface Transaction {
  /** Position of its beginning in the log. */
  readonly sequence: bigint;
  readonly items: readonly LogItem[];
}

/** One changed thing: what it is comes first, its new content after that. */
export interface LogItem {
  readonly type: number;
  readonly regions: readonly Uint8Array[];
}

interface OpenTransaction {
  readonly sequence: bigint;
  readonly items: OpenItem[];
  headerBytes: number;
}

interface OpenItem {
  readonly type: number;
  readonly regionCount: number;
  readonly regions: Uint8Array[];
}

const operationHeaderBytes = 12;
const transactionHeaderBytes = 16;
const maxRegions = 100_000;
const flag = {
  start: 0x01,
  commit: 0x02,
  continue: 0x04,
  wasContinued: 0x08,
  end: 0x10,
  unmount: 0x20,
} as const;
/** So many records may have been on their way when the power failed. */
const maxRecordsInFlight = 8;

/**
 * Where the log ends for good: before the first damaged record, if it is one of those that were being written.
 * @throws CORRUPT_DATA if an older one is damaged
 */
export async function intactEnds(log: LogBlocks, found: LogEnds, signal: AbortSignal): Promise<LogEnds> {
  let ends = found;
  for (let attempt = 0; attempt <= maxRecordsInFlight && !ends.isClean; attempt += 1) {
    const headers: RecordHeader[] = [];
    let damaged: number | undefined;
    for await (const { header, payload } of records(log, ends, signal)) {
      if (payload === undefined) damaged ??= headers.length;
      headers.push(header);
    }
    if (damaged === undefined) return ends;
    if (headers.length - damaged > maxRecordsInFlight) break;
    ends = await endsBefore(log, headers[damaged]?.block ?? ends.headBlock);
  }
  if (ends.isClean) return ends;
  throw new CorruptDataError('a record of the XFS log is damaged that had long been written');
}

/**
 * The transactions between tail and head, in the order in which they were committed; those that were not are left out.
 * @throws CORRUPT_DATA
 */
export async function* readTransactions(
  log: LogBlocks,
  ends: LogEnds,
  signal: AbortSignal,
): AsyncGenerator<Transaction, void, undefined> {
  const open = new Map<number, OpenTransaction>();
  for await (const { header, payload } of records(log, ends, signal)) {
    if (payload === undefined) throw new CorruptDataError(`the XFS log is damaged at block ${header.block}`);
    yield* transactionsOf(payload, header, open);
  }
}

async function* records(log: LogBlocks, { tailBlock, headBlock }: LogEnds, signal: AbortSignal) {
  const logged = log.distance(tailBlock, headBlock);
  for (let done = 0; done < logged;) {
    if (signal.aborted) throw new CancelledError();
    const header = await log.header((tailBlock + done) % log.blockCount);
    yield { header, payload: await log.payload(header) };
    done += header.headerBlocks + Math.ceil(header.payloadBytes / logBlockBytes);
  }
}

function* transactionsOf(
  payload: Uint8Array,
  header: RecordHeader,
  open: Map<number, OpenTransaction>,
): Generator<Transaction, void, undefined> {
  const reader = new BinaryReader(payload, `XFS log record at block ${header.block}`);
  let offset = 0;
  for (let operation = 0; operation < header.operationCount && offset < payload.byteLength; operation += 1) {
    const id = reader.u32be('transaction', offset);
    const lengthBytes = reader.u32be('length', offset + 4);
    const flags = reader.u8('flags', offset + operationFlagsOffset);
    const region = reader.bytes('region', offset + operationHeaderBytes, lengthBytes);
    offset += operationHeaderBytes + lengthBytes;
    if ((flags & flag.start) !== 0) {
      open.set(id, { sequence: header.sequence, items: [], headerBytes: 0 });
      continue;
    }
    // What began before the tail is in place.
    const transaction = open.get(id);
    if (transaction === undefined) continue;
    if ((flags & (flag.commit | flag.unmount)) !== 0) {
      open.delete(id);
      if ((flags & flag.commit) !== 0)
        yield { sequence: transaction.sequence, items: wholeItems(transaction) };
    } else if ((flags & flag.wasContinued) !== 0) {
      continueRegion(transaction, region, reader);
    } else {
      addRegion(transaction, region, reader);
    }
  }
}

const operationFlagsOffset = 9;

function addRegion(transaction: OpenTransaction, region: Uint8Array, reader: BinaryReader): void {
  if (region.byteLength === 0) return;
  if (transaction.headerBytes < transactionHeaderBytes) {
    transaction.headerBytes += region.byteLength;
    if (transaction.headerBytes > transactionHeaderBytes)
      throw reader.error('a transaction begins with no header');
    return;
  }
  const last = transaction.items.at(-1);
  if (last !== undefined && last.regions.length < last.regionCount) {
    last.regions.push(region);
    return;
  }
  const head = new BinaryReader(region, 'XFS log item');
  const regionCount = head.u16le('regions', 2, { min: 1, max: maxRegions });
  transaction.items.push({ type: head.u16le('type', 0), regionCount, regions: [region] });
}

/** The rest of a region whose beginning is in the record before. */
function continueRegion(transaction: OpenTransaction, region: Uint8Array, reader: BinaryReader): void {
  const last = transaction.items.at(-1);
  if (last === undefined) {
    transaction.headerBytes += region.byteLength;
    if (transaction.headerBytes > transactionHeaderBytes)
      throw reader.error('a transaction begins with no header');
    return;
  }
  const begun = last.regions.pop();
  if (begun === undefined) throw reader.error('a region goes on that never began');
  last.regions.push(Buffer.concat([begun, region]));
}

function wholeItems({ items }: OpenTransaction): readonly LogItem[] {
  if (items.every(({ regions, regionCount }) => regions.length === regionCount)) return items;
  throw new AppError('CORRUPT_DATA', 'a committed transaction of the XFS log is not whole');
}
