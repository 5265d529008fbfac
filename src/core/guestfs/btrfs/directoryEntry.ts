import { BinaryReader } from '../../../base/binaryReader.ts';
import { crc32c } from '../../../base/crc32c.ts';
import { AppError } from '../../../base/errors.ts';
import type { NodeKind } from '../guestFileSystem.ts';
import { kindsOfEntries } from '../nodeKinds.ts';
import type { ItemTree } from './itemTree.ts';
import { keyTypes, readKey, type Key } from './keys.ts';

/** An entry before the subvolume it may lead to is looked up. */
export interface StoredEntry {
  readonly name: Uint8Array;
  readonly location: Key;
  readonly kind: NodeKind | undefined;
  /** All of it, as it is stored. */
  readonly bytes: Uint8Array;
}

const encryptedNameFlag = 0x80;
const headBytes = 30;
const hashSeed = 0xffff_fffe;

/**
 * What an item of a directory holds: one entry by its index, or several by the hash that their names share.
 * @see Btrfs documentation, "On-disk Format", "DIR_ITEM"
 */
export function parseEntries(bytes: Uint8Array, directory: number): StoredEntry[] {
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
    const lengthBytes = headBytes + nameBytes + dataBytes;
    entries.push({
      name: reader.bytes('name', at + headBytes, nameBytes),
      location: readKey(view, at),
      kind: kindsOfEntries[type],
      bytes: reader.bytes('entry', at, lengthBytes),
    });
    at += lengthBytes;
  }
  return entries;
}

/** An entry for an inode of the same subvolume. */
export function encodeEntry(name: Uint8Array, inode: number, kind: NodeKind): Uint8Array {
  const bytes = new Uint8Array(headBytes + name.byteLength);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(inode), true);
  bytes[8] = keyTypes.inode;
  view.setUint16(27, name.byteLength, true);
  bytes[29] = kindsOfEntries.indexOf(kind);
  bytes.set(name, headBytes);
  return bytes;
}

/** Where the entry with a name stands. */
export function keyOfName(directory: number, name: Uint8Array): Key {
  return { objectId: directory, type: keyTypes.directoryItem, offset: crc32c(hashSeed, name) };
}

/** The entry with a name, found by its hash. */
export async function findNamed(
  tree: ItemTree,
  directory: number,
  name: Uint8Array,
  signal: AbortSignal,
): Promise<StoredEntry | undefined> {
  const item = await tree.find(keyOfName(directory, name), signal);
  return item && entryWithName(parseEntries(item.bytes, directory), name);
}

export function entryWithName(entries: readonly StoredEntry[], name: Uint8Array): StoredEntry | undefined {
  return entries.find(entry => Buffer.compare(entry.name, name) === 0);
}
