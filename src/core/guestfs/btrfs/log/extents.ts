import { BinaryReader } from '../../../../base/binaryReader.ts';
import { AppError } from '../../../../base/errors.ts';
import { keyTypes, maxOffset, type Key } from '../keys.ts';
import type { Item } from '../tree.ts';
import type { ChangedTree } from './changedTree.ts';

/** What an item tells of a stretch of a file. */
interface FileExtent {
  readonly key: Key;
  readonly bytes: Uint8Array;
  readonly isInline: boolean;
  readonly isHole: boolean;
  readonly startBytes: number;
  /** Of an inline one, with the sector it ends in. */
  readonly endBytes: number;
}

export interface ExtentRules {
  readonly sectorBytes: number;
  /** What no item tells of is a hole; without it, holes have items of their own. */
  readonly holesHaveNoItems: boolean;
}

const inlineType = 0;
const fields = { unpackedBytes: 8, type: 20, address: 21, offsetInExtent: 37, length: 45 } as const;

/**
 * Puts an extent of the log into a file, in the place of what was there.
 * @see Linux, fs/btrfs/tree-log.c, "replay_one_extent"
 */
export async function replayExtent(
  tree: ChangedTree,
  item: Item,
  rules: ExtentRules,
  signal: AbortSignal,
): Promise<void> {
  const extent = parseExtent(item, rules);
  const existing = await tree.find(item.key, signal);
  if (!extent.isInline && existing !== undefined && Buffer.compare(existing.bytes, item.bytes) === 0) return;
  await dropExtents(tree, item.key.objectId, extent.startBytes, extent.endBytes, rules, signal);
  if (extent.isHole && rules.holesHaveNoItems) return;
  tree.put(item.key, item.bytes);
}

/**
 * Takes a range out of a file; what reaches beyond it is cut.
 * @throws UNSUPPORTED_FORMAT if an inline extent would have to be cut, at which kernels give up, too
 */
export async function dropExtents(
  tree: ChangedTree,
  inode: number,
  startBytes: number,
  endBytes: number,
  rules: ExtentRules,
  signal: AbortSignal,
): Promise<void> {
  const start: Key = { objectId: inode, type: keyTypes.extentData, offset: startBytes };
  const from = (await tree.last(start, signal))?.key ?? start;
  const to = { ...start, offset: Math.min(endBytes, maxOffset) };
  const overlapping: FileExtent[] = [];
  for await (const items of tree.items(from, to, signal)) {
    for (const item of items) {
      const extent = parseExtent(item, rules);
      if (extent.startBytes < endBytes && extent.endBytes > startBytes) overlapping.push(extent);
    }
  }
  for (const extent of overlapping) {
    const isCut = extent.startBytes < startBytes || extent.endBytes > endBytes;
    if (isCut && extent.isInline) {
      throw new AppError('UNSUPPORTED_FORMAT', `the log would cut an inline extent of Btrfs inode ${inode}`);
    }
    tree.remove(extent.key);
    if (extent.startBytes < startBytes) putPart(tree, extent, extent.startBytes, startBytes);
    if (extent.endBytes > endBytes) putPart(tree, extent, endBytes, extent.endBytes);
  }
}

function putPart(tree: ChangedTree, extent: FileExtent, startBytes: number, endBytes: number): void {
  const bytes = Uint8Array.from(extent.bytes);
  const view = new DataView(bytes.buffer);
  const skipped = BigInt(startBytes - extent.startBytes);
  view.setBigUint64(fields.offsetInExtent, view.getBigUint64(fields.offsetInExtent, true) + skipped, true);
  view.setBigUint64(fields.length, BigInt(endBytes - startBytes), true);
  tree.put({ ...extent.key, offset: startBytes }, bytes);
}

function parseExtent({ key, bytes }: Item, { sectorBytes }: ExtentRules): FileExtent {
  const reader = new BinaryReader(bytes, `Btrfs extent of inode ${key.objectId} at ${key.offset}`);
  const isInline = reader.u8('type', fields.type) === inlineType;
  const lengthBytes = isInline
    ? reader.u64le('unpacked size', fields.unpackedBytes)
    : reader.u64le('length', fields.length);
  const endBytes = key.offset + lengthBytes;
  return {
    key,
    bytes,
    isInline,
    isHole: !isInline && reader.bits64le('address', fields.address) === 0n,
    startBytes: key.offset,
    endBytes: isInline ? Math.ceil(endBytes / sectorBytes) * sectorBytes : endBytes,
  };
}
