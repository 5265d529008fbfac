import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import type { SectorOverlay } from '../sectorOverlay.ts';
import { updateChecksum } from './checksum.ts';
import { treeHeaderBytes } from './extents.ts';
import { inodeChecksumOffset, inodeCoreBytes, inodeMagic } from './inode.ts';
import type { InodeItem } from './logItems.ts';
import { logBlockBytes } from './logRecord.ts';
import type { Superblock } from './superblock.ts';

/** Which parts of an inode came with its item. */
const field = {
  dataLocal: 0x2,
  dataExtents: 0x4,
  dataTree: 0x8,
  attributes: 0x1c0,
  attributeTree: 0x100,
} as const;
const dataFork = field.dataLocal | field.dataExtents | field.dataTree;
const noSequence = 0xffff_ffff_ffff_ffffn;
const flags2 = { bigTimes: 0x8n, largeExtentCounts: 0x10n } as const;
const maxFlushCount = 0xffff;
const offsetOfFlushCount = 30;

/** Fields of the core by offset and width; the log holds them little-endian, the disk big-endian. */
const coreFields: readonly (readonly [offset: number, widthBytes: number])[] = [
  [0, 2], [2, 2], [6, 2], [8, 4], [12, 4], [16, 4], [20, 2], [22, 2], [56, 8], [64, 8], [72, 4], [76, 4],
  [84, 4], [88, 2], [90, 2], [92, 4],
]; // prettier-ignore
const coreFieldsV3: readonly (readonly [offset: number, widthBytes: number])[] = [
  [104, 8], [120, 8], [128, 4], [152, 8],
]; // prettier-ignore
const times = [32, 40, 48] as const;
const creationTime = 144;

/**
 * Changes an inode as the log says, unless what is in place is newer.
 * @throws CORRUPT_DATA if there is no inode, or what the log holds is none
 */
export async function replayInode(
  overlay: SectorOverlay,
  superblock: Superblock,
  item: InodeItem,
  sequence: bigint,
  signal: AbortSignal,
): Promise<void> {
  const { inodeBytes, isV5 } = superblock;
  const offsetBytes = item.bufferSector * logBlockBytes + item.offsetInBufferBytes;
  if (offsetBytes + inodeBytes > overlay.sizeBytes) {
    throw new CorruptDataError(`the XFS log changes inode ${item.inode} outside the file system`);
  }
  const bytes = await readRange(overlay, offsetBytes, inodeBytes, signal);
  const inPlace = new DataView(bytes.buffer);
  if (inPlace.getUint16(0, false) !== inodeMagic) {
    throw new CorruptDataError(`the XFS log changes inode ${item.inode}, which does not exist`);
  }
  const core = new BinaryReader(item.core, `XFS log, inode ${item.inode}`);
  core.u16le('magic', 0, { min: inodeMagic, max: inodeMagic });
  const version = core.u8('version', 4, { min: 1, max: 3 });
  if (isNewer(inPlace, core, version, sequence)) return;

  copyCore(bytes, item.core, core, version);
  const start = inodeCoreBytes(version);
  const attributeOffset = bytes[82] ?? 0;
  const end = attributeOffset === 0 ? inodeBytes : start + attributeOffset * 8;
  if (start > end || end > inodeBytes) throw core.error('the attribute fork leaves the inode');
  const [first, second] = item.forks;
  const hasDataFork = (item.fields & dataFork) !== 0;
  if (hasDataFork && first !== undefined) {
    const fork = (item.fields & field.dataTree) === 0 ? first : packTreeRoot(first, end - start, isV5);
    if (fork.byteLength > end - start + 3) throw core.error('the content does not fit the inode');
    bytes.set(fork.subarray(0, end - start), start);
  }
  const attributes = hasDataFork ? second : first;
  const hasPlainAttributes =
    (item.fields & field.attributes) !== 0 && (item.fields & field.attributeTree) === 0;
  if (hasPlainAttributes && attributes !== undefined)
    bytes.set(attributes.subarray(0, inodeBytes - end), end);
  if (version >= 3) {
    inPlace.setBigUint64(112, sequence, false);
    updateChecksum(bytes, inodeChecksumOffset);
  }
  await overlay.patch(offsetBytes, bytes, signal);
}

function isNewer(inPlace: DataView, core: BinaryReader, version: number, sequence: bigint): boolean {
  if (version >= 3) {
    const found = inPlace.getBigUint64(112, false);
    return found !== 0n && found !== noSequence && found > sequence;
  }
  // Version 4 counts how often an inode was written, in a circle.
  const logged = core.u16le('flush count', offsetOfFlushCount);
  const found = inPlace.getUint16(offsetOfFlushCount, false);
  const hasWrapped = found === maxFlushCount && logged < maxFlushCount >>> 1;
  return logged < found && !hasWrapped;
}

function copyCore(bytes: Uint8Array, logged: Uint8Array, core: BinaryReader, version: number): void {
  core.bytes('core', 0, inodeCoreBytes(version));
  const swap = (offset: number, widthBytes: number) => {
    for (let index = 0; index < widthBytes; index += 1) {
      bytes[offset + index] = logged[offset + widthBytes - 1 - index] ?? 0;
    }
  };
  const more = version >= 3 ? core.bits64le('flags 2', 120) : 0n;
  const hasBigTimes = (more & flags2.bigTimes) !== 0n;
  const swapTime = (offset: number) => {
    swap(offset, hasBigTimes ? 8 : 4);
    if (!hasBigTimes) swap(offset + 4, 4);
  };
  for (const offset of [4, 5, 82, 83]) bytes[offset] = logged[offset] ?? 0;
  for (const [offset, widthBytes] of coreFields) swap(offset, widthBytes);
  for (const offset of times) swapTime(offset);
  if ((more & flags2.largeExtentCounts) !== 0n) swap(24, 8);
  else bytes.fill(0, 24, 32);
  swap(80, 2);
  if (version < 3) return;
  for (const [offset, widthBytes] of coreFieldsV3) swap(offset, widthBytes);
  swapTime(creationTime);
  bytes.set(logged.subarray(160, 176), 160);
}

/** The root of an extent tree has a long header in the log and a short one in the inode. */
function packTreeRoot(logged: Uint8Array, forkBytes: number, isV5: boolean): Uint8Array {
  const reader = new BinaryReader(logged, 'XFS log, root of extents');
  const headerBytes = treeHeaderBytes(isV5);
  const capacity = Math.floor((forkBytes - 4) / 16);
  const loggedCapacity = Math.floor((logged.byteLength - headerBytes) / 16);
  const count = reader.u16be('records', 6, { max: Math.max(0, Math.min(capacity, loggedCapacity)) });
  const fork = new Uint8Array(forkBytes);
  const view = new DataView(fork.buffer);
  view.setUint16(0, reader.u16be('level', 4), false);
  view.setUint16(2, count, false);
  fork.set(reader.bytes('keys', headerBytes, count * 8), 4);
  fork.set(reader.bytes('children', headerBytes + loggedCapacity * 8, count * 8), 4 + capacity * 8);
  return fork;
}
