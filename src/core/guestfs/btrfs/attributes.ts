import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import type { StoredAttribute } from '../nodeDetails.ts';
import type { Inode } from './inode.ts';
import { keyTypes, maxOffset } from './keys.ts';

const entryHeadBytes = 30;
/** More than a guest can sensibly set. */
const maxAttributes = 100_000;

/**
 * The extended attributes of an inode; one item holds several where their names have one hash.
 * @throws CORRUPT_DATA
 * @see Btrfs documentation, "On-disk Format", "XATTR_ITEM"
 */
export async function readAttributes(
  { number, subvolume }: Inode,
  signal: AbortSignal,
): Promise<readonly StoredAttribute[]> {
  const from = { objectId: number, type: keyTypes.attribute, offset: 0 };
  const to = { ...from, offset: maxOffset };
  const refuse = (problem: string) => {
    throw new CorruptDataError(problem);
  };
  const found: StoredAttribute[] = [];
  for await (const items of subvolume.tree.items(from, to, signal, refuse)) {
    for (const { bytes } of items) found.push(...parseAttributes(bytes, number));
    if (found.length > maxAttributes)
      throw new CorruptDataError(`Btrfs inode ${number} has attributes without end`);
  }
  return found;
}

function* parseAttributes(bytes: Uint8Array, inode: number): Generator<StoredAttribute, void, undefined> {
  const reader = new BinaryReader(bytes, `attributes of Btrfs inode ${inode}`);
  for (let at = 0; at < bytes.byteLength;) {
    const sizeBytes = reader.u16le('value length', at + 25);
    const nameBytes = reader.u16le('name length', at + 27, { min: 1, max: 255 });
    const name = reader.bytes('name', at + entryHeadBytes, nameBytes);
    const valueOffset = at + entryHeadBytes + nameBytes;
    yield { name, sizeBytes, value: reader.bytes('value', valueOffset, sizeBytes) };
    at = valueOffset + sizeBytes;
  }
}
