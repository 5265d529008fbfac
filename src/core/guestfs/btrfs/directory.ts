import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { RawEntry, RawListing } from '../rawListing.ts';
import { findNamed, parseEntries, type StoredEntry } from './directoryEntry.ts';
import type { Inode } from './inode.ts';
import { keyTypes, maxOffset } from './keys.ts';
import type { Subvolumes } from './subvolumes.ts';
import type { BtrfsVolume } from './volume.ts';

/**
 * All entries in the order in which they were made. What lies behind a broken node or entry is told; the others are
 * still read.
 * @see Btrfs documentation, "On-disk Format", "DIR_INDEX"
 */
export async function readDirectory(
  volume: BtrfsVolume,
  subvolumes: Subvolumes,
  directory: Inode,
  signal: AbortSignal,
): Promise<RawListing> {
  const entries: RawEntry[] = [];
  const problems: string[] = [];
  const from = { objectId: directory.number, type: keyTypes.directoryIndex, offset: 0 };
  const to = { ...from, offset: maxOffset };
  const tell = (problem: string) => problems.push(problem);
  for await (const items of directory.subvolume.tree.items(from, to, signal, tell)) {
    for (const { bytes } of items) {
      try {
        for (const raw of parseEntries(bytes, directory.number)) {
          entries.push(await resolve(volume, subvolumes, directory, raw, signal));
        }
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
        problems.push(error.message);
      }
    }
  }
  return { entries, problems };
}

/** The entry with a name, and the node it leads to. */
export async function findEntry(
  volume: BtrfsVolume,
  subvolumes: Subvolumes,
  directory: Inode,
  name: Uint8Array,
  signal: AbortSignal,
): Promise<RawEntry | undefined> {
  const raw = await findNamed(directory.subvolume.tree, directory.number, name, signal);
  return raw === undefined ? undefined : await resolve(volume, subvolumes, directory, raw, signal);
}

async function resolve(
  volume: BtrfsVolume,
  subvolumes: Subvolumes,
  directory: Inode,
  { name, location, kind }: StoredEntry,
  signal: AbortSignal,
): Promise<RawEntry> {
  const { subvolume: parent } = directory;
  if (location.type === keyTypes.inode) {
    return { name, kind, node: subvolumes.node(parent, location.objectId) };
  }
  if (location.type !== keyTypes.root) {
    throw new CorruptDataError(
      `Btrfs directory ${directory.number} points to a key of type ${location.type}`,
    );
  }
  if (!(await isReferenced(volume, directory, name, location.objectId, signal))) {
    return { name, kind: 'directory', node: subvolumes.absentSubvolume(parent) };
  }
  const subvolume = await subvolumes.enter(location.objectId, signal);
  return { name, kind: 'directory', node: subvolumes.node(subvolume, subvolume.rootInode) };
}

/** Only where the root tree says so, too, a subvolume hangs in this directory; snapshots copy no more than the entry. */
async function isReferenced(
  volume: BtrfsVolume,
  directory: Inode,
  name: Uint8Array,
  childId: number,
  signal: AbortSignal,
): Promise<boolean> {
  const key = { objectId: directory.subvolume.id, type: keyTypes.rootReference, offset: childId };
  const item = await volume.rootTree.find(key, signal);
  if (item === undefined) return false;
  const reader = new BinaryReader(item.bytes, `Btrfs reference to subvolume ${childId}`);
  if (reader.u64le('directory', 0) !== directory.number) return false;
  const ownName = reader.bytes('name', 18, reader.u16le('name length', 16));
  return Buffer.compare(ownName, name) === 0;
}
