import { CorruptDataError } from '../../../base/errors.ts';
import { BinaryReader } from '../../../base/binaryReader.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { StoredTree, type ItemTree } from './itemTree.ts';
import { chunkSizeBytes, LogicalSpace, parseChunk, type Chunk } from './chunks.ts';
import { readSuperblock, type Superblock } from './superblock.ts';
import { keyBytes, keyTypes, maxOffset, readKey } from './keys.ts';
import { TreeReader } from './tree.ts';

/** A file system over its devices, with its trees: what every reader of a structure needs. */
export interface BtrfsVolume {
  readonly superblock: Superblock;
  readonly space: LogicalSpace;
  readonly trees: TreeReader;
  /** In which the others are listed. */
  readonly rootTree: ItemTree;
  readonly problems: readonly string[];
}

const chunkTreeObject = 256;

/**
 * Finds where everything lies: the superblock tells where the chunks of the chunk tree are, and that one the others.
 * @param devices  of one file system, in any order, as far as they are known
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT, what the devices throw
 */
export async function openVolume(devices: readonly BlockSource[], signal: AbortSignal): Promise<BtrfsVolume> {
  const found: { readonly device: BlockSource; readonly superblock: Superblock }[] = [];
  for (const device of devices) found.push({ device, superblock: await readSuperblock(device, signal) });
  const [newest] = found.toSorted((one, other) => other.superblock.generation - one.superblock.generation);
  if (newest === undefined) throw new CorruptDataError('a Btrfs file system has at least one device');
  const { superblock } = newest;

  const members = found.filter(member => member.superblock.uuid === superblock.uuid);
  const space = new LogicalSpace(
    new Map(members.map(({ device, superblock: own }) => [own.deviceId, device])),
  );
  space.setChunks(systemChunks(superblock));
  const trees = new TreeReader(space, superblock);
  const from = { objectId: chunkTreeObject, type: keyTypes.chunk, offset: 0 };
  const chunks: Chunk[] = [];
  const to = { ...from, offset: maxOffset };
  for await (const items of trees.items(superblock.chunkTree, from, to, signal)) {
    chunks.push(...items.map(({ key, bytes }) => parseChunk(key.offset, bytes)));
  }
  space.setChunks(chunks);
  const rootTree = new StoredTree(trees, superblock.rootTree);
  return { superblock, space, trees, rootTree, problems: problemsOf(superblock, members.length) };
}

function systemChunks({ systemChunks: bytes }: Superblock): Chunk[] {
  const chunks: Chunk[] = [];
  const reader = new BinaryReader(bytes, 'Btrfs system chunks');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength;) {
    reader.bytes('key', at, keyBytes);
    const rest = bytes.subarray(at + keyBytes);
    const lengthBytes = chunkSizeBytes(rest);
    chunks.push(parseChunk(readKey(view, at).offset, rest));
    at += keyBytes + lengthBytes;
  }
  return chunks;
}

function problemsOf(superblock: Superblock, memberCount: number): string[] {
  const { deviceCount, problems } = superblock;
  if (memberCount >= deviceCount) return [...problems];
  return [
    ...problems,
    `The file system lies on ${deviceCount} devices, of which ${memberCount} are here: some files cannot be read`,
  ];
}
