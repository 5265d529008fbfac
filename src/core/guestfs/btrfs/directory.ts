import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { crc32c } from '../../../base/crc32c.ts';
import type { NodeKind } from '../guestFileSystem.ts';
import { kindsOfEntries } from '../nodeKinds.ts';
import type { RawEntry, RawListing } from '../rawListing.ts';
import type { Inode } from './inode.ts';
import type { Subvolumes } from './subvolumes.ts';
import { readKey, type Key } from './tree.ts';
import { keyTypes, maxOffset, type BtrfsVolume } from './volume.ts';

/** An entry before the subvolume it may lead to is looked up. */
interface StoredEntry {
  readonly name: Uint8Array;
  readonly location: Key;
  readonly kind: NodeKind | undefined;
}
const encryptedNameFlag = 0x80;
const entryHeadBytes = 30;
const hashSeed = 0xffff_fffe;

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
  for await (const items of volume.trees.items(directory.subvolume.tree, from, to, signal, tell)) {
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

/**
 * The entry with a name, found by its hash.
 * @see Btrfs documentation, "On-disk Format", "DIR_ITEM"
 */
export async function findEntry(
  volume: BtrfsVolume,
  subvolumes: Subvolumes,
  directory: Inode,
  name: Uint8Array,
  signal: AbortSignal,
): Promise<RawEntry | undefined> {
  const key = { objectId: directory.number, type: keyTypes.directoryItem, offset: crc32c(hashSeed, name) };
  const item = await volume.trees.find(directory.subvolume.tree, key, signal);
  if (item === undefined) return undefined;
  const raw = parseEntries(item.bytes, directory.number).find(
    candidate => Buffer.compare(candidate.name, name) === 0,
  );
  return raw === undefined ? undefined : await resolve(volume, subvolumes, directory, raw, signal);
}

/** One item holds several entries where their names have one hash. */
function parseEntries(bytes: Uint8Array, directory: number): StoredEntry[] {
  const reader = new BinaryReader(bytes, `Btrfs directory ${directory}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: StoredEntry[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const dataBytes = reader.u16le('data length', at + 25);
    const nameBytes = reader.u16le('name length', at + 27, { min: 1, max: 255 });
    const type = reader.u8('type', at + 29);
    if ((type & encryptedNameFlag) !== 0) {
      throw new AppError('UNSUPPORTED_FORMAT', `the names in Btrfs directory ${directory} are encrypted`);
    }
    const name = reader.bytes('name', at + entryHeadBytes, nameBytes);
    entries.push({ name, location: readKey(view, at), kind: kindsOfEntries[type] });
    at += entryHeadBytes + nameBytes + dataBytes;
  }
  return entries;
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
  const item = await volume.trees.find(volume.superblock.rootTree, key, signal);
  if (item === undefined) return false;
  const reader = new BinaryReader(item.bytes, `Btrfs reference to subvolume ${childId}`);
  if (reader.u64le('directory', 0) !== directory.number) return false;
  const ownName = reader.bytes('name', 18, reader.u16le('name length', 16));
  return Buffer.compare(ownName, name) === 0;
}
