import { CorruptDataError } from '../../../../base/errors.ts';
import {
  encodeEntry,
  entryWithName,
  findNamed,
  keyOfName,
  parseEntries,
  type StoredEntry,
} from '../directoryEntry.ts';
import type { ItemTree } from '../itemTree.ts';
import { keyTypes, maxOffset, type Key } from '../keys.ts';
import type { ChangedTree } from './changedTree.ts';
import { changeInode, findInode } from './inodes.ts';
import {
  encodeReferences,
  isSameName,
  keysOfReference,
  parseReferences,
  type Reference,
} from './references.ts';

/**
 * The names of a subvolume while its log is replayed. Each stands three times: in its directory by its hash and by its
 * index, and with the inode it leads to. The size of a directory is the length of its names, twice.
 */
export class Names {
  readonly #tree: ChangedTree;
  /** Inodes whose names have changed: in the end their links are counted. */
  readonly #changed = new Set<number>();

  constructor(tree: ChangedTree) {
    this.#tree = tree;
  }

  /** Has the links of an inode counted in the end. */
  count(inode: number): void {
    this.#changed.add(inode);
  }

  async named(directory: number, name: Uint8Array, signal: AbortSignal): Promise<StoredEntry | undefined> {
    return await findNamed(this.#tree, directory, name, signal);
  }

  async indexed(directory: number, index: number, signal: AbortSignal): Promise<StoredEntry | undefined> {
    return await findIndexed(this.#tree, directory, index, signal);
  }

  /** Whether an inode knows that it has this name. */
  async isReferenced(inode: number, reference: Reference, signal: AbortSignal): Promise<boolean> {
    return await hasReference(this.#tree, inode, reference, signal);
  }

  /** The names of an inode that stand in one item. */
  async references(key: Key, signal: AbortSignal): Promise<Reference[]> {
    const item = await this.#tree.find(key, signal);
    return item === undefined ? [] : parseReferences(item);
  }

  /** Enters a name in its directory. */
  async link(inode: number, { parent, index, name }: Reference, signal: AbortSignal): Promise<void> {
    const target = await findInode(this.#tree, inode, signal);
    if (target?.kind === undefined || (await this.indexed(parent, index, signal)) !== undefined) {
      throw new CorruptDataError(`the Btrfs log enters inode ${inode} where it cannot be`);
    }
    const entry = encodeEntry(name, inode, target.kind);
    const key = keyOfName(parent, name);
    const others = (await this.#tree.find(key, signal))?.bytes ?? new Uint8Array();
    this.#tree.put(key, Buffer.concat([others, entry]));
    this.#tree.put(indexKey(parent, index), entry);
    await this.#resize(parent, 2 * name.byteLength, signal);
    this.#changed.add(inode);
  }

  /** Tells an inode that it has a name. */
  async refer(inode: number, reference: Reference, signal: AbortSignal): Promise<void> {
    const key = keysOfReference(inode, reference.parent, reference.name)[0];
    if (key === undefined) return;
    const known = await this.references(key, signal);
    this.#tree.put(key, encodeReferences(key.type, [...known, reference]));
  }

  /**
   * Takes a name away, from its directory and from its inode.
   * @throws CORRUPT_DATA if one of the two does not know it
   */
  async unlink(directory: number, inode: number, name: Uint8Array, signal: AbortSignal): Promise<void> {
    const key = keyOfName(directory, name);
    const item = await this.#tree.find(key, signal);
    const entries = item === undefined ? [] : parseEntries(item.bytes, directory);
    const index = await this.#forget(inode, directory, name, signal);
    if (entryWithName(entries, name) === undefined || index === undefined) {
      throw new CorruptDataError(`the Btrfs log takes a name away that directory ${directory} does not hold`);
    }
    const others = entries.filter(entry => Buffer.compare(entry.name, name) !== 0);
    if (others.length === 0) this.#tree.remove(key);
    else this.#tree.put(key, Buffer.concat(others.map(({ bytes }) => bytes)));
    this.#tree.remove(indexKey(directory, index));
    await this.#resize(directory, -2 * name.byteLength, signal);
    this.#changed.add(inode);
  }

  /** Takes away what a directory holds between two indexes, but for what is to stay. */
  async unlinkBetween(
    directory: number,
    range: { readonly first: number; readonly last: number },
    stays: (index: number, entry: StoredEntry) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    const gone: StoredEntry[] = [];
    const [from, to] = [indexKey(directory, range.first), indexKey(directory, range.last)];
    for await (const items of this.#tree.items(from, to, signal)) {
      for (const { key, bytes } of items) {
        const [entry] = parseEntries(bytes, directory);
        if (entry !== undefined && !(await stays(key.offset, entry))) gone.push(entry);
      }
    }
    for (const { location, name } of gone) await this.unlink(directory, location.objectId, name, signal);
  }

  /** Sets the link counts of all inodes whose names have changed. A directory that has lost its name loses its content. */
  async settle(signal: AbortSignal): Promise<void> {
    for (const inode of this.#changed) {
      // Those that change again are added behind, and visited again.
      this.#changed.delete(inode);
      const state = await findInode(this.#tree, inode, signal);
      if (state === undefined) continue;
      const linkCount = await this.#linkCount(inode, signal);
      if (linkCount !== state.linkCount) await changeInode(this.#tree, inode, () => ({ linkCount }), signal);
      if (linkCount > 0 || state.kind !== 'directory') continue;
      const all = { first: 0, last: maxOffset };
      await this.unlinkBetween(inode, all, async () => await Promise.resolve(false), signal);
    }
  }

  async #linkCount(inode: number, signal: AbortSignal): Promise<number> {
    const from = { objectId: inode, type: keyTypes.reference, offset: 0 };
    const to = { objectId: inode, type: keyTypes.extendedReference, offset: maxOffset };
    let count = 0;
    for await (const items of this.#tree.items(from, to, signal)) {
      for (const item of items) count += parseReferences(item).length;
    }
    return count;
  }

  /** The index of the name that an inode has forgotten. */
  async #forget(
    inode: number,
    parent: number,
    name: Uint8Array,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const wanted = { parent, name, index: 0 };
    for (const key of keysOfReference(inode, parent, name)) {
      const known = await this.references(key, signal);
      const forgotten = known.find(reference => isSameName(reference, wanted));
      if (forgotten === undefined) continue;
      const others = known.filter(reference => reference !== forgotten);
      if (others.length === 0) this.#tree.remove(key);
      else this.#tree.put(key, encodeReferences(key.type, others));
      return forgotten.index;
    }
    return undefined;
  }

  async #resize(directory: number, byBytes: number, signal: AbortSignal): Promise<void> {
    const resized = ({ sizeBytes }: { readonly sizeBytes: number }) => ({
      sizeBytes: Math.max(0, sizeBytes + byBytes),
    });
    await changeInode(this.#tree, directory, resized, signal);
  }
}

export async function findIndexed(
  tree: ItemTree,
  directory: number,
  index: number,
  signal: AbortSignal,
): Promise<StoredEntry | undefined> {
  const item = await tree.find(indexKey(directory, index), signal);
  return item && parseEntries(item.bytes, directory)[0];
}

export async function hasReference(
  tree: ItemTree,
  inode: number,
  reference: Reference,
  signal: AbortSignal,
): Promise<boolean> {
  for (const key of keysOfReference(inode, reference.parent, reference.name)) {
    const item = await tree.find(key, signal);
    if (item !== undefined && parseReferences(item).some(other => isSameName(other, reference))) return true;
  }
  return false;
}

function indexKey(directory: number, index: number): Key {
  return { objectId: directory, type: keyTypes.directoryIndex, offset: index };
}
