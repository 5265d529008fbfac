import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { crc32c, crc32cStart, crc32cWithHoles } from '../../../base/crc32c.ts';
import { positionOfBlocks, type XfsVolume } from './volume.ts';

/** The log counts in blocks of this size, whatever the file system's blocks are. */
export const logBlockBytes = 512;

/** What a record of the log says of itself. */
export interface RecordHeader {
  /** Where the record begins. */
  readonly block: number;
  readonly cycle: number;
  /** Position in the log as structures carry it: cycle and block. */
  readonly sequence: bigint;
  /** Where the oldest change begins that may not be in place yet. */
  readonly tailBlock: number;
  readonly headerBlocks: number;
  readonly payloadBytes: number;
  readonly operationCount: number;
  /** Undefined where there is none: in logs of version 4, and in the record that mkfs.xfs writes. */
  readonly checksum: number | undefined;
}

const magic = 0xfeed_babe;
const littleEndianFormat = 1;
const maxPayloadBytes = 256 * 1024;
const cycleDataOffset = 44;
/** So many bytes of payload have their first words kept in one block of the header. */
const payloadBytesPerHeaderBlock = 32 * 1024;
const blocksPerHeaderBlock = payloadBytesPerHeaderBlock / logBlockBytes;
const checksumOffset = 32;
/** Of the header's own block; machines with other alignment count four less. */
const checkedHeaderBytes = [328, 324] as const;
const checkedExtensionBytes = 4 + 4 * blocksPerHeaderBlock;

/**
 * The log's blocks, which run in a circle.
 * @see XFS Algorithms & Data Structures, 3rd edition, "Journaling Log"
 */
export class LogBlocks {
  readonly blockCount: number;
  readonly #volume: XfsVolume;
  readonly #startBytes: number;
  readonly #signal: AbortSignal;

  /** @throws UNSUPPORTED_FORMAT if the log is on another disk: whether changes wait there cannot be known */
  constructor(volume: XfsVolume, signal: AbortSignal) {
    const { logStartBlock, logBlocks, blockBytes } = volume.superblock;
    if (logStartBlock === undefined) {
      throw new AppError('UNSUPPORTED_FORMAT', 'the log of the XFS file system is on another disk', {
        remedy: 'Restore the disks and read the files in a guest',
      });
    }
    if (logBlocks < 1) throw new CorruptDataError('the XFS log has no blocks');
    this.#volume = volume;
    this.#signal = signal;
    this.#startBytes = positionOfBlocks(volume, logStartBlock, logBlocks, 'the XFS superblock');
    this.blockCount = (logBlocks * blockBytes) / logBlockBytes;
  }

  /** Blocks from `block` on, across the end of the log if need be. */
  async read(block: number, blockCount: number): Promise<Uint8Array<ArrayBuffer>> {
    const first = block % this.blockCount;
    const beforeEnd = Math.min(blockCount, this.blockCount - first);
    const { source } = this.#volume;
    const start = this.#startBytes + first * logBlockBytes;
    if (beforeEnd === blockCount)
      return await readRange(source, start, blockCount * logBlockBytes, this.#signal);
    const bytes = new Uint8Array(blockCount * logBlockBytes);
    await source.read(start, bytes.subarray(0, beforeEnd * logBlockBytes), this.#signal);
    await source.read(this.#startBytes, bytes.subarray(beforeEnd * logBlockBytes), this.#signal);
    return bytes;
  }

  async cycleAt(block: number): Promise<number> {
    return cycleOf(await this.read(block, 1));
  }

  /** How far it is from one block forward to another. */
  distance(from: number, to: number): number {
    return (to - from + this.blockCount) % this.blockCount;
  }

  /** @throws CORRUPT_DATA if there is no header that makes sense */
  async header(block: number): Promise<RecordHeader> {
    const bytes = await this.read(block, 1);
    const reader = new BinaryReader(bytes, 'XFS log record', this.#startBytes + block * logBlockBytes);
    reader.u32be('magic', 0, { min: magic, max: magic });
    const version = reader.u32be('version', 8, { min: 1, max: 2 });
    reader.u32be('format', 300, { min: littleEndianFormat, max: littleEndianFormat });
    const recordBytes = version === 2 ? reader.u32be('record size', 320, { max: maxPayloadBytes }) : 0;
    const { isV5 } = this.#volume.superblock;
    const header: RecordHeader = {
      block,
      cycle: reader.u32be('cycle', 4),
      sequence: reader.bits64be('sequence', 16),
      tailBlock: reader.u32be('tail block', 28, { max: this.blockCount - 1 }),
      headerBlocks: Math.max(1, Math.ceil(recordBytes / payloadBytesPerHeaderBlock)),
      payloadBytes: reader.u32be('length', 12, { max: maxPayloadBytes }),
      operationCount: reader.u32be('operations', 40),
      checksum: isV5 ? reader.u32le('checksum', checksumOffset) || undefined : undefined,
    };
    if (reader.u32be('own block', 20) !== block)
      throw reader.error('it lies in another place than it says', 20);
    return header;
  }

  /** The record's operations as they were before every block got its cycle number; undefined if they are damaged. */
  async payload(header: RecordHeader): Promise<Uint8Array | undefined> {
    const headerBytes = await this.read(header.block, header.headerBlocks);
    const blocks = Math.ceil(header.payloadBytes / logBlockBytes);
    const bytes = await this.read(header.block + header.headerBlocks, blocks);
    if (
      header.checksum !== undefined &&
      !isIntact(headerBytes, bytes.subarray(0, header.payloadBytes), header)
    ) {
      return undefined;
    }
    for (let block = 0; block < blocks; block += 1) {
      const inHeader = Math.floor(block / blocksPerHeaderBlock);
      if (inHeader >= header.headerBlocks) return undefined;
      const base = inHeader === 0 ? cycleDataOffset : inHeader * logBlockBytes + 4;
      const from = base + (block % blocksPerHeaderBlock) * 4;
      bytes.set(headerBytes.subarray(from, from + 4), block * logBlockBytes);
    }
    return bytes.subarray(0, header.payloadBytes);
  }
}

export function isRecordHeader(bytes: Uint8Array, offset: number): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, false) === magic;
}

/** Every block begins with the number of the turn in which it was written; a header with its magic before that. */
export function cycleOf(bytes: Uint8Array, offset = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  return view.getUint32(isRecordHeader(bytes, offset) ? 4 : 0, false);
}

function isIntact(headerBytes: Uint8Array, payload: Uint8Array, header: RecordHeader): boolean {
  const extensions = Math.ceil(payload.byteLength / payloadBytesPerHeaderBlock) - 1;
  return checkedHeaderBytes.some(checkedBytes => {
    let crc = crc32cWithHoles(crc32cStart, headerBytes.subarray(0, checkedBytes), [checksumOffset, 4]);
    for (let extension = 1; extension <= extensions; extension += 1) {
      const start = extension * logBlockBytes;
      crc = crc32c(crc, headerBytes.subarray(start, start + checkedExtensionBytes));
    }
    return ~crc32c(crc, payload) >>> 0 === header.checksum;
  });
}
