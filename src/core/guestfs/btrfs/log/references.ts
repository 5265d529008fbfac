import { BinaryReader } from '../../../../base/binaryReader.ts';
import { crc32c } from '../../../../base/crc32c.ts';
import { keyTypes, type Key } from '../keys.ts';
import type { Item } from '../tree.ts';

/** One of the names of an inode, as the inode itself knows it. */
export interface Reference {
  readonly parent: number;
  /** Which entry of the directory it is. */
  readonly index: number;
  readonly name: Uint8Array;
}

const headBytes = 10;
const extendedHeadBytes = 18;

/**
 * What one item tells: names in one directory, or those in any whose hash is one.
 * @see Btrfs documentation, "On-disk Format", "INODE_REF", "INODE_EXTREF"
 */
export function parseReferences({ key, bytes }: Item): Reference[] {
  const reader = new BinaryReader(bytes, `Btrfs references of inode ${key.objectId}`);
  const isExtended = key.type === keyTypes.extendedReference;
  const references: Reference[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const head = at + (isExtended ? 8 : 0);
    const nameBytes = reader.u16le('name length', head + 8, { max: 255 });
    references.push({
      parent: isExtended ? reader.u64le('directory', at) : key.offset,
      index: reader.u64le('index', head),
      name: reader.bytes('name', head + headBytes, nameBytes),
    });
    at = head + headBytes + nameBytes;
  }
  return references;
}

export function encodeReferences(type: number, references: readonly Reference[]): Uint8Array {
  const isExtended = type === keyTypes.extendedReference;
  return Buffer.concat(
    references.map(({ parent, index, name }) => {
      const head = new DataView(new ArrayBuffer(isExtended ? extendedHeadBytes : headBytes));
      if (isExtended) head.setBigUint64(0, BigInt(parent), true);
      head.setBigUint64(isExtended ? 8 : 0, BigInt(index), true);
      head.setUint16(isExtended ? 16 : 8, name.byteLength, true);
      return Buffer.concat([new Uint8Array(head.buffer), name]);
    }),
  );
}

/** The items in which a name of an inode may stand. */
export function keysOfReference(inode: number, parent: number, name: Uint8Array): readonly Key[] {
  return [
    { objectId: inode, type: keyTypes.reference, offset: parent },
    { objectId: inode, type: keyTypes.extendedReference, offset: crc32c(parent % 2 ** 32, name) },
  ];
}

export function isSameName(one: Reference, other: Reference): boolean {
  return one.parent === other.parent && Buffer.compare(one.name, other.name) === 0;
}
