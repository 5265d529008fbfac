import { LoadingCache } from '../../../base/async/loadingCache.ts';
import { settleAll } from '../../../base/async/settleAll.ts';
import { crc32c, crc32cStart } from '../../../base/crc32c.ts';
import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { begin, readRange, type BlockSource } from '../../block/blockSource.ts';

/** A pool of space, in which thin volumes find their blocks by a tree. */
export interface ThinPool {
  /**
   * A thin volume; what was never written reads as zeros.
   * @param deviceId  by which the pool knows it
   */
  open(deviceId: number, sizeBytes: number, name: string, signal: AbortSignal): Promise<BlockSource>;
}

const metadataBlockBytes = 4096;
const sectorBytes = 512;
const superblockMagic = 27_022_010;
const superblockSalt = 160_774;
const nodeSalt = 121_107;
const nodeHeadBytes = 32;
const flags = { inner: 1, leaf: 2 } as const;
const maxDepth = 16;
const cachedNodes = 256;
/** The lower bits of a mapping tell when it was made. */
const timeBits = 24n;

/**
 * Opens a pool by its metadata.
 * @param metadata  of the pool
 * @param data      the space from which volumes are made
 * @throws CORRUPT_DATA
 * @see Linux, drivers/md/dm-thin-metadata.c, "struct thin_disk_superblock"; drivers/md/persistent-data/dm-btree-internal.h
 */
export async function openThinPool(
  metadata: BlockSource,
  data: BlockSource,
  signal: AbortSignal,
): Promise<ThinPool> {
  const bytes = await readRange(metadata, 0, metadataBlockBytes, signal);
  const reader = new BinaryReader(bytes, 'superblock of a thin pool');
  reader.u64le('magic', 32, { min: superblockMagic, max: superblockMagic });
  if (checksum(bytes, superblockSalt) !== reader.u32le('checksum', 0)) {
    throw reader.error('the checksum does not match');
  }
  const blockBytes = reader.u32le('block size', 336, { min: 1, max: 2 ** 21 }) * sectorBytes;
  const mappings = new MappingTrees(metadata);
  const devices = reader.u64le('mappings', 320);
  return {
    open: async (deviceId, sizeBytes, name, opening) => {
      const root = await mappings.find(devices, deviceId, opening);
      if (root === undefined)
        throw new CorruptDataError(`the thin pool knows no volume ${deviceId} (${name})`);
      return thinSource({ mappings, root: Number(root), data, blockBytes, sizeBytes, name });
    },
  };
}

interface ThinVolume {
  readonly mappings: MappingTrees;
  readonly root: number;
  readonly data: BlockSource;
  readonly blockBytes: number;
  readonly sizeBytes: number;
  readonly name: string;
}

function thinSource({ mappings, root, data, blockBytes, sizeBytes, name }: ThinVolume): BlockSource {
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(name, sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const reads: Promise<void>[] = [];
      const readPiece = async (block: number, from: number, piece: Uint8Array) => {
        const mapping = await mappings.find(root, block, signal);
        if (mapping === undefined) piece.fill(0);
        else {
          const stored = Number(mapping >> timeBits) * blockBytes;
          await data.read(stored + from - block * blockBytes, piece, signal);
        }
      };
      for (let from = offsetBytes; from < endBytes;) {
        const block = Math.floor(from / blockBytes);
        const until = Math.min(endBytes, (block + 1) * blockBytes);
        reads.push(readPiece(block, from, target.subarray(from - offsetBytes, until - offsetBytes)));
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };
}

/** The trees of a pool: one that knows volumes by their ids, and for each volume one that knows its blocks. */
class MappingTrees {
  readonly #nodes: LoadingCache<number, TreeNode>;

  constructor(metadata: BlockSource) {
    this.#nodes = new LoadingCache(cachedNodes, async (block: number, signal) => {
      return await readNode(metadata, block, signal);
    });
  }

  /** The value of a key; undefined if there is none. */
  async find(root: number, key: number, signal: AbortSignal): Promise<bigint | undefined> {
    let block = root;
    for (let depth = 0; depth < maxDepth; depth += 1) {
      const node = await this.#nodes.get(block, signal);
      const index = node.lastUpTo(key);
      if (index < 0) return undefined;
      if (node.isLeaf) return node.key(index) === key ? node.value(index) : undefined;
      block = Number(node.value(index));
    }
    throw new CorruptDataError('the tree of a thin pool is deeper than it can be');
  }
}

interface TreeNode {
  readonly isLeaf: boolean;
  /** The last entry whose key is not above `key`, or -1. */
  lastUpTo(key: number): number;
  key(index: number): number;
  value(index: number): bigint;
}

async function readNode(metadata: BlockSource, block: number, signal: AbortSignal): Promise<TreeNode> {
  const bytes = await readRange(metadata, block * metadataBlockBytes, metadataBlockBytes, signal);
  const reader = new BinaryReader(bytes, `node ${block} of a thin pool`, block * metadataBlockBytes);
  if (checksum(bytes, nodeSalt) !== reader.u32le('checksum', 0)) {
    throw reader.error('the checksum does not match');
  }
  reader.u64le('own number', 8, { min: block, max: block });
  const kind = reader.u32le('kind', 4, { min: flags.inner, max: flags.leaf });
  reader.u32le('value size', 24, { min: 8, max: 8 });
  const maxCount = Math.floor((metadataBlockBytes - nodeHeadBytes) / 16);
  const capacity = reader.u32le('capacity', 20, { max: maxCount });
  const count = reader.u32le('entries', 16, { max: capacity });
  const key = (index: number) => reader.u64le('key', nodeHeadBytes + index * 8);
  return {
    isLeaf: kind === flags.leaf,
    lastUpTo: wanted => {
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (key(middle) <= wanted) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    },
    key,
    value: index => reader.bits64le('value', nodeHeadBytes + (capacity + index) * 8),
  };
}

/** Of everything behind the checksum itself; every kind of block has a salt of its own. */
function checksum(bytes: Uint8Array, salt: number): number {
  return (crc32c(crc32cStart, bytes.subarray(4)) ^ salt) >>> 0;
}
