import { isOfSameKind, type ItemTree } from '../itemTree.ts';
import { compareKeys, type Key } from '../keys.ts';
import type { Item, TellProblem } from '../tree.ts';

/** An item that is not as it is stored; removed if it has no bytes. */
interface Change {
  readonly key: Key;
  readonly bytes: Uint8Array | undefined;
}

/** A tree with changes in memory, over what is stored. */
export class ChangedTree implements ItemTree {
  readonly #stored: ItemTree;
  /** By object, ascending. */
  readonly #changes = new Map<number, Change[]>();

  constructor(stored: ItemTree) {
    this.#stored = stored;
  }

  /** Inserts an item, or replaces it. */
  put(key: Key, bytes: Uint8Array): void {
    this.#change({ key, bytes });
  }

  remove(key: Key): void {
    this.#change({ key, bytes: undefined });
  }

  /** What is changed meanwhile may be missing. */
  async *items(
    from: Key,
    to: Key,
    signal: AbortSignal,
    tell?: TellProblem,
  ): AsyncGenerator<readonly Item[], void, undefined> {
    const changes = this.#of(from);
    const waiting = changes.slice(positionOf(changes, from)).filter(({ key }) => compareKeys(key, to) <= 0);
    let next = 0;
    for await (const items of this.#stored.items(from, to, signal, tell)) {
      const merged: Item[] = [];
      for (const item of items) {
        for (; isUpTo(waiting[next], item.key); next += 1) merged.push(...remaining(waiting[next]));
        const isChanged = next > 0 && compareKeys(waiting[next - 1]?.key ?? from, item.key) === 0;
        if (!isChanged) merged.push(item);
      }
      if (merged.length > 0) yield merged;
    }
    const rest = waiting.slice(next).flatMap(remaining);
    if (rest.length > 0) yield rest;
  }

  async find(key: Key, signal: AbortSignal): Promise<Item | undefined> {
    const change = this.#changeOf(key);
    return change === undefined ? await this.#stored.find(key, signal) : remaining(change)[0];
  }

  async last(upTo: Key, signal: AbortSignal): Promise<Item | undefined> {
    const changes = this.#of(upTo);
    const changed = changes
      .slice(0, positionOf(changes, { ...upTo, offset: upTo.offset + 1 }))
      .findLast(({ key, bytes }) => bytes !== undefined && isOfSameKind(key, upTo));
    let stored = await this.#stored.last(upTo, signal);
    while (stored !== undefined && this.#changeOf(stored.key) !== undefined) {
      const { key } = stored;
      stored =
        key.offset === 0 ? undefined : await this.#stored.last({ ...key, offset: key.offset - 1 }, signal);
    }
    if (changed === undefined) return stored;
    const isStoredLater = stored !== undefined && compareKeys(stored.key, changed.key) > 0;
    return isStoredLater ? stored : remaining(changed)[0];
  }

  #changeOf(key: Key): Change | undefined {
    const changes = this.#of(key);
    const change = changes[positionOf(changes, key)];
    return change !== undefined && compareKeys(change.key, key) === 0 ? change : undefined;
  }

  #of({ objectId }: Key): Change[] {
    return this.#changes.get(objectId) ?? [];
  }

  #change(change: Change): void {
    const changes = this.#of(change.key);
    const position = positionOf(changes, change.key);
    changes.splice(position, this.#changeOf(change.key) === undefined ? 0 : 1, change);
    this.#changes.set(change.key.objectId, changes);
  }
}

function isUpTo(change: Change | undefined, key: Key): boolean {
  return change !== undefined && compareKeys(change.key, key) <= 0;
}

/** Nothing, if it was removed. */
function remaining(change: Change | undefined): Item[] {
  return change?.bytes === undefined ? [] : [{ key: change.key, bytes: change.bytes }];
}

/** Of the first change from a key on. */
function positionOf(changes: readonly Change[], key: Key): number {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const change = changes[middle];
    if (change !== undefined && compareKeys(change.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
