import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { SectorOverlay } from '../sectorOverlay.ts';
import { updateChecksum } from './checksum.ts';
import { inodeChecksumOffset, inodeMagic } from './inode.ts';
import { findLogEnds, type LogEnds } from './logEnds.ts';
import {
  itemsWithoutEffect,
  itemType,
  parseBufferItem,
  parseInodeCreateItem,
  parseInodeItem,
  parseMappingItem,
  type InodeCreateItem,
} from './logItems.ts';
import { LogBlocks, logBlockBytes } from './logRecord.ts';
import { intactEnds, readTransactions, type LogItem, type Transaction } from './logTransactions.ts';
import { replayBuffer } from './replayBuffer.ts';
import { replayInode } from './replayInode.ts';
import type { XfsVolume } from './volume.ts';

/** The volume as a guest would find it after its next start. */
export interface LogRecovery {
  readonly source: BlockSource;
  readonly problems: readonly string[];
  /** Their extents were being changed when the power failed; only a guest can finish that. */
  readonly unfinishedInodes: ReadonlySet<number>;
}

/** More changed metadata than this between two syncs does not happen, and must not fill the memory. */
const maxOverlayBytes = 512 * MiB;

/**
 * Replays the log in memory, as a guest does when it mounts the file system; undefined if nothing waits there. Nothing
 * is written. Two passes: the first finds what was freed later, which must not be written any more.
 * @throws CORRUPT_DATA; UNSUPPORTED_FORMAT for a log on another disk or items that are not known
 */
export async function recoverLog(volume: XfsVolume, signal: AbortSignal): Promise<LogRecovery | undefined> {
  const log = new LogBlocks(volume, signal);
  const found = await findLogEnds(log);
  if (found === undefined || found.isClean) return undefined;
  const ends = await intactEnds(log, found, signal);
  if (ends.isClean) return undefined;
  return await new LogReplay(volume, log, ends, signal).run();
}

class LogReplay {
  readonly #volume: XfsVolume;
  readonly #log: LogBlocks;
  readonly #ends: LogEnds;
  readonly #signal: AbortSignal;
  readonly #overlay: SectorOverlay;
  /** How often each buffer is still to be cancelled, by place and length. */
  readonly #cancelled = new Map<string, number>();
  /** Changes of extents that were begun and not ended. */
  readonly #begun = new Map<bigint, readonly number[]>();

  constructor(volume: XfsVolume, log: LogBlocks, ends: LogEnds, signal: AbortSignal) {
    this.#volume = volume;
    this.#log = log;
    this.#ends = ends;
    this.#signal = signal;
    this.#overlay = new SectorOverlay(volume.source);
  }

  async run(): Promise<LogRecovery> {
    for await (const { items } of this.#transactions()) this.#noteCancelled(items);
    for await (const transaction of this.#transactions()) await this.#replay(transaction);
    const unfinishedInodes = new Set([...this.#begun.values()].flat());
    const problems = [...unfinishedInodes].map(
      inode => `The log holds an unfinished change of the extents of inode ${inode}; its content is not read`,
    );
    return { source: this.#overlay, problems, unfinishedInodes };
  }

  #transactions(): AsyncIterable<Transaction> {
    return readTransactions(this.#log, this.#ends, this.#signal);
  }

  #noteCancelled(items: readonly LogItem[]): void {
    for (const item of items) {
      if (item.type !== itemType.buffer) continue;
      const { isCancelled, firstSector, sectorCount } = parseBufferItem(item);
      if (!isCancelled) continue;
      const key = bufferKey(firstSector, sectorCount);
      this.#cancelled.set(key, (this.#cancelled.get(key) ?? 0) + 1);
    }
  }

  /** Buffers come first, for inodes may lie in them; what is freed is freed at the end. */
  async #replay({ sequence, items }: Transaction): Promise<void> {
    const isBuffer = ({ type }: LogItem) => type === itemType.buffer || type === itemType.inodeCreate;
    const isFreed = (item: LogItem) => item.type === itemType.buffer && parseBufferItem(item).isCancelled;
    const freed = items.filter(isFreed);
    const buffers = items.filter(item => isBuffer(item) && !freed.includes(item));
    const others = items.filter(item => !isBuffer(item));
    for (const item of [...buffers, ...others, ...freed]) await this.#replayItem(item, sequence);
    if (this.#overlay.changedBytes > maxOverlayBytes) {
      throw new AppError('UNSUPPORTED_FORMAT', 'the XFS log holds more changes than fit in memory', {
        remedy: 'Take a quiesced snapshot, which leaves the log empty',
      });
    }
  }

  async #replayItem(item: LogItem, sequence: bigint): Promise<void> {
    const { superblock } = this.#volume;
    if (item.type === itemType.buffer) {
      const buffer = parseBufferItem(item);
      const key = bufferKey(buffer.firstSector, buffer.sectorCount);
      const cancellations = this.#cancelled.get(key) ?? 0;
      if (buffer.isCancelled) this.#cancelled.set(key, cancellations - 1);
      if (buffer.isCancelled || cancellations > 0 || buffer.isInodeList || buffer.isQuota) return;
      await replayBuffer(this.#overlay, superblock, buffer, sequence, this.#signal);
    } else if (item.type === itemType.inode) {
      const inode = parseInodeItem(item);
      if (this.#isCancelled(inode.bufferSector, inode.bufferSectorCount)) return;
      await replayInode(this.#overlay, superblock, inode, sequence, this.#signal);
    } else if (item.type === itemType.inodeCreate) {
      await this.#createInodes(parseInodeCreateItem(item));
    } else if (item.type === itemType.mappingIntent || item.type === itemType.exchangeIntent) {
      const { id, inodes } = parseMappingItem(item);
      this.#begun.set(id, inodes);
    } else if (item.type === itemType.mappingDone || item.type === itemType.exchangeDone) {
      this.#begun.delete(parseMappingItem(item).id);
    } else if (!itemsWithoutEffect.has(item.type)) {
      const type = `0x${item.type.toString(16)}`;
      throw new AppError('UNSUPPORTED_FORMAT', `the XFS log holds an unknown kind of change, ${type}`, {
        remedy: 'Take a quiesced snapshot, which leaves the log empty',
      });
    }
  }

  /** New inodes are empty until an item of their own fills them. */
  async #createInodes({
    group,
    blockInGroup,
    inodeCount,
    inodeBytes,
    blockCount,
  }: InodeCreateItem): Promise<void> {
    const { superblock } = this.#volume;
    const { blockBytes, groupBlocks } = superblock;
    const offsetBytes = (group * groupBlocks + blockInGroup) * blockBytes;
    const isPlausible =
      inodeBytes === superblock.inodeBytes &&
      inodeCount * inodeBytes === blockCount * blockBytes &&
      group < superblock.groupCount &&
      offsetBytes + blockCount * blockBytes <= this.#overlay.sizeBytes;
    if (!isPlausible) throw new CorruptDataError('the XFS log makes inodes where none can be');
    const clusterSectors = this.#clusterBytes() / logBlockBytes;
    const sectorCount = (blockCount * blockBytes) / logBlockBytes;
    for (let sector = 0; sector < sectorCount; sector += clusterSectors) {
      if (this.#isCancelled(offsetBytes / logBlockBytes + sector, clusterSectors)) return;
    }
    const bytes = new Uint8Array(blockCount * blockBytes);
    for (let inode = 0; inode < inodeCount; inode += 1) {
      const one = bytes.subarray(inode * inodeBytes, (inode + 1) * inodeBytes);
      new DataView(one.buffer, one.byteOffset).setUint16(0, inodeMagic, false);
      one[4] = superblock.isV5 ? 3 : 2;
      one[5] = 2;
      if (superblock.isV5) updateChecksum(one, inodeChecksumOffset);
    }
    await this.#overlay.patch(offsetBytes, bytes, this.#signal);
  }

  /** Inodes are read and written in buffers of this size. */
  #clusterBytes(): number {
    const { isV5, inodeBytes, blockBytes, inodeAlignmentBlocks } = this.#volume.superblock;
    const wide = (8192 * inodeBytes) / 256;
    const isWide = isV5 && inodeAlignmentBlocks >= wide / blockBytes;
    return Math.max(blockBytes, isWide ? wide : 8192);
  }

  #isCancelled(firstSector: number, sectorCount: number): boolean {
    return (this.#cancelled.get(bufferKey(firstSector, sectorCount)) ?? 0) > 0;
  }
}

function bufferKey(firstSector: number, sectorCount: number): string {
  return `${firstSector}+${sectorCount}`;
}
