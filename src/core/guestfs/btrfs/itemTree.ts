import { compareKeys, type Key } from './keys.ts';
import type { TreeRoot } from './superblock.ts';
import type { Item, TellProblem, TreeReader } from './tree.ts';

/** The items of one tree: as they are stored, or as they are once a log has been replayed. */
export interface ItemTree {
  /** The items of one object from one key to another, both included, as they stand together. */
  items(from: Key, to: Key, signal: AbortSignal, tell?: TellProblem): AsyncIterable<readonly Item[]>;
  /** The item with this very key. */
  find(key: Key, signal: AbortSignal): Promise<Item | undefined>;
  /** The last item up to a key, itself included, of the same object and type. */
  last(upTo: Key, signal: AbortSignal): Promise<Item | undefined>;
}

/** A tree as it is stored. */
export class StoredTree implements ItemTree {
  readonly #trees: TreeReader;
  readonly #root: TreeRoot;

  constructor(trees: TreeReader, root: TreeRoot) {
    this.#trees = trees;
    this.#root = root;
  }

  items(
    from: Key,
    to: Key,
    signal: AbortSignal,
    tell?: TellProblem,
  ): AsyncGenerator<readonly Item[], void, undefined> {
    return this.#trees.items(this.#root, from, to, signal, tell);
  }

  async find(key: Key, signal: AbortSignal): Promise<Item | undefined> {
    const item = await this.#trees.last(this.#root, key, signal);
    return item !== undefined && compareKeys(item.key, key) === 0 ? item : undefined;
  }

  async last(upTo: Key, signal: AbortSignal): Promise<Item | undefined> {
    const item = await this.#trees.last(this.#root, upTo, signal);
    return item !== undefined && isOfSameKind(item.key, upTo) ? item : undefined;
  }
}

export function isOfSameKind(one: Key, other: Key): boolean {
  return one.objectId === other.objectId && one.type === other.type;
}
