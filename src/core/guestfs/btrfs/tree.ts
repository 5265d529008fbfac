import { setImmediate as nextTurn } from 'node:timers/promises';

import { LoadingCache } from '../../../base/async/loadingCache.ts';
import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { isChecksumRight } from './checksum.ts';
import type { LogicalSpace } from './chunks.ts';
import { compareKeys, keyBytes, readKey, type Key } from './keys.ts';
import { maxLevel, type Superblock, type TreeRoot } from './superblock.ts';

export interface Item {
  readonly key: Key;
  /** Shares memory with the node it stands in. */
  readonly bytes: Uint8Array;
}

/** What follows a broken node can still be read: `tell` takes the problem, without it the node's error is thrown. */
export type TellProblem = (problem: string) => void;

const headBytes = 101;
const leafEntryBytes = keyBytes + 8;
const pointerBytes = keyBytes + 16;
const cachedNodes = 512;
/** Nodes that are kept are had without waiting: without a pause, ten thousand stats would have everybody else wait. */
const nodesPerTurn = 1024;

/** Reads the trees of a file system, all of which are kept in nodes of one format. Keeps the nodes that were read last. */
export class TreeReader {
  readonly #nodes: LoadingCache<number, TreeNode>;
  #askedCount = 0;

  constructor(space: LogicalSpace, superblock: Superblock) {
    this.#nodes = new LoadingCache(cachedNodes, async (logicalBytes: number, signal) => {
      return await readNode(space, superblock, logicalBytes, signal);
    });
  }

  /** The items from one key to another, both included, as they stand together in leaves. */
  async *items(
    root: TreeRoot,
    from: Key,
    to: Key,
    signal: AbortSignal,
    tell?: TellProblem,
  ): AsyncGenerator<readonly Item[], void, undefined> {
    let node: TreeNode;
    try {
      node = await this.#node(root, signal);
    } catch (error) {
      if (tell === undefined || !AppError.is(error, 'CORRUPT_DATA')) throw error;
      tell(error.message);
      return;
    }
    if (node.level === 0) {
      const items = node.items(node.firstAfter(from, 'included'), to);
      if (items.length > 0) yield items;
      return;
    }
    const first = Math.max(0, node.firstAfter(from, 'excluded') - 1);
    for (let index = first; index < node.count && compareKeys(node.key(index), to) <= 0; index += 1) {
      yield* this.items(node.child(index), from, to, signal, tell);
    }
  }

  /** The last item up to a key, itself included. */
  async last(root: TreeRoot, upTo: Key, signal: AbortSignal): Promise<Item | undefined> {
    let place = root;
    for (;;) {
      const node = await this.#node(place, signal);
      const index = node.firstAfter(upTo, 'excluded') - 1;
      if (index < 0) return undefined;
      if (node.level === 0) return node.item(index);
      place = node.child(index);
    }
  }

  async #node(place: TreeRoot, signal: AbortSignal): Promise<TreeNode> {
    this.#askedCount += 1;
    if (this.#askedCount % nodesPerTurn === 0) await nextTurn();
    const node = await this.#nodes.get(place.logicalBytes, signal);
    if (node.level !== place.level || node.generation !== place.generation) {
      throw new CorruptDataError(`the Btrfs node at ${place.logicalBytes} is not the one that was meant`);
    }
    return node;
  }
}

/** Reads a node from the first copy that is whole. */
async function readNode(
  space: LogicalSpace,
  superblock: Superblock,
  logicalBytes: number,
  signal: AbortSignal,
): Promise<TreeNode> {
  let problem: unknown;
  for (let copy = 0; copy < space.copiesAt(logicalBytes); copy += 1) {
    const bytes = new Uint8Array(superblock.nodeBytes);
    try {
      await space.readCopy(logicalBytes, bytes, copy, signal);
      return new TreeNode(bytes, logicalBytes, superblock);
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'INVALID_INPUT')) throw error;
      problem ??= error;
    }
  }
  if (AppError.is(problem, 'CORRUPT_DATA')) throw problem;
  throw new CorruptDataError(`the Btrfs node at ${logicalBytes} lies outside its devices`, {
    cause: problem,
  });
}

/** One node, checked: its entries and their items lie inside it. */
class TreeNode {
  readonly level: number;
  readonly generation: number;
  readonly count: number;
  readonly #view: DataView;
  readonly #reader: BinaryReader;

  constructor(bytes: Uint8Array<ArrayBuffer>, logicalBytes: number, superblock: Superblock) {
    const reader = new BinaryReader(bytes, `Btrfs node at ${logicalBytes}`);
    this.#reader = reader;
    this.#view = new DataView(bytes.buffer);
    if (!isChecksumRight(superblock.checksumKind, bytes)) throw reader.error('the checksum does not match');
    if (Buffer.compare(reader.bytes('uuid', 32, 16), superblock.structureUuid) !== 0) {
      throw reader.error('it belongs to another file system', 32);
    }
    reader.u64le('own address', 48, { min: logicalBytes, max: logicalBytes });
    this.generation = reader.u64le('generation', 80);
    this.level = reader.u8('level', 100, { max: maxLevel });
    const entryBytes = this.level === 0 ? leafEntryBytes : pointerBytes;
    this.count = reader.u32le('entries', 96, {
      max: Math.floor((bytes.byteLength - headBytes) / entryBytes),
    });
  }

  key(index: number): Key {
    return readKey(this.#view, this.#entry(index));
  }

  child(index: number): TreeRoot {
    const at = this.#entry(index) + keyBytes;
    return {
      logicalBytes: this.#reader.u64le('child', at),
      level: this.level - 1,
      generation: this.#reader.u64le('generation of the child', at + 8),
    };
  }

  item(index: number): Item {
    const at = this.#entry(index) + keyBytes;
    const offset = headBytes + this.#reader.u32le('item offset', at);
    const bytes = this.#reader.bytes('item', offset, this.#reader.u32le('item size', at + 4));
    return { key: this.key(index), bytes };
  }

  items(first: number, to: Key): Item[] {
    const items: Item[] = [];
    for (let index = first; index < this.count; index += 1) {
      if (compareKeys(this.key(index), to) > 0) break;
      items.push(this.item(index));
    }
    return items;
  }

  /** The first entry behind a key, or with it. */
  firstAfter(key: Key, itself: 'included' | 'excluded'): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareKeys(this.key(middle), key);
      if (order < 0 || (order === 0 && itself === 'excluded')) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #entry(index: number): number {
    return headBytes + index * (this.level === 0 ? leafEntryBytes : pointerBytes);
  }
}
