import { BinaryReader } from '../../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../../base/errors.ts';
import { parseEntries, type StoredEntry } from '../directoryEntry.ts';
import type { ItemTree } from '../itemTree.ts';
import { compareKeys, firstKey, keyTypes, lastKey, maxOffset, type Key } from '../keys.ts';
import type { Item } from '../tree.ts';
import { ChangedTree } from './changedTree.ts';
import { dropExtents, replayExtent, type ExtentRules } from './extents.ts';
import { changeInode, findInode, parseInode, putInode } from './inodes.ts';
import { findIndexed, hasReference, Names } from './names.ts';
import { isSameName, keysOfReference, parseReferences, type Reference } from './references.ts';

/** A subvolume after its log. */
export interface ReplayedSubvolume {
  readonly tree: ItemTree;
  /** Why inodes cannot be read whose part of the log makes no sense. */
  readonly refused: ReadonlyMap<number, AppError>;
}

/** A log holds what was forced to the disk within one commit, half a minute at most. */
const maxLogItems = 2_000_000;

/**
 * What the kernel makes of a subvolume and its log when it is mounted, in memory: first all inodes, with what has left
 * directories; then the names in directories; then names and contents of the inodes themselves.
 * @param log  items of the subvolume as they were forced to the disk after the last commit
 * @throws CORRUPT_DATA if the log cannot be read, UNSUPPORTED_FORMAT if it is too large
 * @see Linux, fs/btrfs/tree-log.c, "btrfs_recover_log_trees"
 */
export async function replayLog(
  stored: ItemTree,
  log: ItemTree,
  rules: ExtentRules,
  signal: AbortSignal,
): Promise<ReplayedSubvolume> {
  const replay = new Replay(stored, log, rules, signal);
  await replay.run();
  return replay;
}

class Replay implements ReplayedSubvolume {
  readonly tree: ChangedTree;
  readonly refused = new Map<number, AppError>();
  readonly #log: ItemTree;
  readonly #rules: ExtentRules;
  readonly #signal: AbortSignal;
  readonly #names: Names;
  /** Inodes that had no name any more. */
  readonly #nameless = new Set<number>();

  constructor(stored: ItemTree, log: ItemTree, rules: ExtentRules, signal: AbortSignal) {
    this.tree = new ChangedTree(stored);
    this.#log = log;
    this.#rules = rules;
    this.#signal = signal;
    this.#names = new Names(this.tree);
  }

  async run(): Promise<void> {
    await this.#each([keyTypes.inode], async item => await this.#replayInode(item));
    await this.#each([keyTypes.directoryIndex], async item => await this.#replayEntry(item));
    const { reference, extendedReference, attribute, extentData } = keyTypes;
    await this.#each([reference, extendedReference, attribute, extentData], async item => {
      if (item.key.type === attribute) this.tree.put(item.key, item.bytes);
      else if (item.key.type === extentData) await replayExtent(this.tree, item, this.#rules, this.#signal);
      else await this.#replayReferences(item);
    });
    await this.#names.settle(this.#signal);
  }

  async #each(types: readonly number[], replay: (item: Item) => Promise<void>): Promise<void> {
    let [count, previous] = [0, firstKey];
    for await (const items of this.#log.items(firstKey, lastKey, this.#signal)) {
      count += items.length;
      if (count > maxLogItems) throw new AppError('UNSUPPORTED_FORMAT', 'the Btrfs log is too large');
      for (const item of items) {
        const { key } = item;
        if (compareKeys(previous, key) > 0) throw new CorruptDataError('the Btrfs log is not in order');
        previous = key;
        if (!types.includes(key.type) || this.#nameless.has(key.objectId)) continue;
        try {
          await replay(item);
        } catch (error) {
          if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
          this.refused.set(key.objectId, error);
        }
      }
    }
  }

  async #replayInode(item: Item): Promise<void> {
    const inode = item.key.objectId;
    const logged = parseInode(item);
    if (logged.linkCount === 0) {
      this.#nameless.add(inode);
      return;
    }
    await this.#removeAttributes(inode);
    if (logged.kind === 'directory') await this.#unlinkWhatLeft(inode);
    await this.#putInode(item);
    if (logged.kind === 'file') {
      const { sectorBytes } = this.#rules;
      const sizeBytes = (await findInode(this.tree, inode, this.#signal))?.sizeBytes ?? 0;
      const endBytes = Math.ceil(sizeBytes / sectorBytes) * sectorBytes;
      await dropExtents(this.tree, inode, endBytes, Infinity, this.#rules, this.#signal);
    }
    this.#names.count(inode);
  }

  /** The log of an inode holds all that it has left. */
  async #removeAttributes(inode: number): Promise<void> {
    const from = { objectId: inode, type: keyTypes.attribute, offset: 0 };
    for await (const items of this.tree.items(from, { ...from, offset: maxOffset }, this.#signal)) {
      for (const { key } of items) this.tree.remove(key);
    }
  }

  /** Of an inode that is logged for its existence alone, what is stored stays; of a directory, its size grows with its names. */
  async #putInode(item: Item): Promise<void> {
    const inode = item.key.objectId;
    const logged = parseInode(item);
    const existing = await findInode(this.tree, inode, this.#signal);
    if (existing !== undefined && logged.generation === 0) {
      const isGrown = logged.kind === 'file' && existing.kind === 'file' && logged.sizeBytes !== 0;
      if (isGrown) await changeInode(this.tree, inode, () => ({ sizeBytes: logged.sizeBytes }), this.#signal);
      return;
    }
    const namesBytes = existing?.kind === 'directory' ? existing.sizeBytes : 0;
    putInode(this.tree, item, logged.kind === 'directory' ? { sizeBytes: namesBytes } : {});
  }

  /** Within the ranges that the log answers for, a directory holds what the log holds, and nothing else. */
  async #unlinkWhatLeft(directory: number): Promise<void> {
    if ((await findInode(this.tree, directory, this.#signal)) === undefined) return;
    const from = { objectId: directory, type: keyTypes.directoryLogRange, offset: 0 };
    const isLogged = async (index: number, { name }: StoredEntry) => {
      const logged = await findIndexed(this.#log, directory, index, this.#signal);
      return logged !== undefined && Buffer.compare(logged.name, name) === 0;
    };
    for await (const items of this.#log.items(from, { ...from, offset: maxOffset }, this.#signal)) {
      for (const { key, bytes } of items) {
        const reader = new BinaryReader(bytes, `Btrfs log of directory ${directory}`);
        const range = { first: key.offset, last: Number(reader.bits64le('end', 0)) };
        await this.#names.unlinkBetween(directory, range, isLogged, this.#signal);
      }
    }
  }

  /** A name of a directory that was logged; one whose inode is not there was not forced to the disk. */
  async #replayEntry({ key, bytes }: Item): Promise<void> {
    const directory = key.objectId;
    const [logged] = parseEntries(bytes, directory);
    if (logged === undefined) return;
    const { name, location } = logged;
    const isThere =
      location.type === keyTypes.inode &&
      (await findInode(this.tree, location.objectId, this.#signal)) !== undefined;
    const byName = await this.#names.named(directory, name, this.#signal);
    const isNamed = byName !== undefined && isSameTarget(byName, logged);
    if (byName !== undefined && !isNamed && isThere) await this.#unlinkEntry(directory, byName);
    const byIndex = await this.#indexedWithName(directory, key.offset, name);
    const isIndexed = byIndex !== undefined && isSameTarget(byIndex, logged);
    if (byIndex !== undefined && !isIndexed && isThere) await this.#unlinkEntry(directory, byIndex);
    if ((isNamed && isIndexed) || !isThere) return;

    const reference: Reference = { parent: directory, index: key.offset, name };
    // It is entered with its inode.
    if (await hasReference(this.#log, location.objectId, reference, this.#signal)) return;
    const isTaken = await this.#names.named(directory, name, this.#signal);
    if (isTaken !== undefined || (await this.#names.isReferenced(location.objectId, reference, this.#signal)))
      return;
    await this.#names.refer(location.objectId, reference, this.#signal);
    await this.#names.link(location.objectId, reference, this.#signal);
  }

  /** The names that an inode was logged with in one item replace those that it has there. */
  async #replayReferences(item: Item): Promise<void> {
    const inode = item.key.objectId;
    for (const reference of parseReferences(item)) {
      const { parent, index, name } = reference;
      // The root of a subvolume refers to itself.
      if (parent === inode) return;
      // Directories that were not logged and are not stored: nothing leads there.
      if ((await findInode(this.tree, parent, this.#signal)) === undefined) {
        if (item.key.type === keyTypes.reference) return;
        continue;
      }
      if (await this.#isEntered(inode, reference)) continue;
      await this.#unlinkConflicts(inode, reference);
      if (await this.#names.isReferenced(inode, reference, this.#signal)) {
        await this.#names.unlink(parent, inode, name, this.#signal);
      }
      const other = await this.#names.named(parent, name, this.#signal);
      if (other !== undefined) await this.#unlinkEntry(parent, other);
      await this.#names.link(inode, { parent, index, name }, this.#signal);
    }
    await this.#unlinkUnlogged(item.key);
    this.tree.put(item.key, item.bytes);
  }

  async #isEntered(inode: number, { parent, index, name }: Reference): Promise<boolean> {
    const byIndex = await this.#indexedWithName(parent, index, name);
    const byName = await this.#names.named(parent, name, this.#signal);
    return byIndex?.location.objectId === inode && byName?.location.objectId === inode;
  }

  /** Old names of the inode in the same directory, and others' claims to this one. */
  async #unlinkConflicts(inode: number, { parent, index, name }: Reference): Promise<void> {
    for (const key of keysOfReference(inode, parent, name)) await this.#unlinkUnlogged(key);
    const byIndex = await this.#indexedWithName(parent, index, name);
    if (byIndex !== undefined) await this.#unlinkEntry(parent, byIndex);
    const byName = await this.#names.named(parent, name, this.#signal);
    if (byName !== undefined) await this.#unlinkEntry(parent, byName);
  }

  /** Takes those names of an inode away that stand in an item and are not in the log. */
  async #unlinkUnlogged(key: Key): Promise<void> {
    const item = await this.#log.find(key, this.#signal);
    const logged = item === undefined ? [] : parseReferences(item);
    for (const reference of await this.#names.references(key, this.#signal)) {
      if (logged.some(other => isSameName(other, reference))) continue;
      await this.#names.unlink(reference.parent, key.objectId, reference.name, this.#signal);
    }
  }

  async #unlinkEntry(directory: number, { location, name }: StoredEntry): Promise<void> {
    await this.#names.unlink(directory, location.objectId, name, this.#signal);
  }

  async #indexedWithName(
    directory: number,
    index: number,
    name: Uint8Array,
  ): Promise<StoredEntry | undefined> {
    const entry = await this.#names.indexed(directory, index, this.#signal);
    return entry !== undefined && Buffer.compare(entry.name, name) === 0 ? entry : undefined;
  }
}

function isSameTarget(one: StoredEntry, other: StoredEntry): boolean {
  return compareKeys(one.location, other.location) === 0 && one.kind === other.kind;
}
