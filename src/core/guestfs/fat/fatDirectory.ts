import { BinaryReader } from '../../../base/binaryReader.ts';
import { dosTime } from './dosTime.ts';
import { entryBytes, nodeIdOf, type FatListing, type FatNode } from './fatNode.ts';

const attribute = { readOnly: 0x01, label: 0x08, directory: 0x10, longName: 0x0f } as const;
const lowerCase = { base: 0x08, extension: 0x10 } as const;
const mark = { end: 0x00, deleted: 0xe5, deletedInName: 0x05 } as const;
const longNameParts: readonly (readonly [offset: number, lengthBytes: number])[] = [[1, 10], [14, 12], [28, 4]]; // prettier-ignore
const lastPartFlag = 0x40;
const maxParts = 20;
/** Characters from 128 on of code page 437, in which short names are written unless a guest was set up otherwise. */
const codePage437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/**
 * The entries of a directory of FAT12, FAT16 or FAT32. A long name lies in entries before its short one, backwards, and
 * counts only if it carries the short one's checksum.
 * @see Microsoft FAT Specification, 6 "Directory Structure" and 7 "Long File Name Implementation"
 */
export function parseFatDirectory(bytes: Uint8Array, directoryCluster: number, isFat32: boolean): FatListing {
  const nodes: FatNode[] = [];
  const longName = new LongName();
  for (let index = 0; (index + 1) * entryBytes <= bytes.byteLength; index += 1) {
    const reader = new BinaryReader(
      bytes.subarray(index * entryBytes, (index + 1) * entryBytes),
      'FAT directory',
      index * entryBytes,
    );
    const first = reader.u8('name', 0);
    if (first === mark.end) break;
    const attributes = reader.u8('attributes', 11);
    if (first !== mark.deleted && (attributes & 0x3f) === attribute.longName) {
      longName.add(reader);
      continue;
    }
    const name = longName.takeFor(reader) ?? shortName(reader);
    if (first === mark.deleted || (attributes & attribute.label) !== 0 || isDots(name)) continue;
    nodes.push(parseEntry(reader, name, nodeIdOf(directoryCluster, index), isFat32));
  }
  return { nodes, problems: [] };
}

/** The label of the volume, if the root directory has one. */
export function labelIn(bytes: Uint8Array): string | undefined {
  for (let offset = 0; offset + entryBytes <= bytes.byteLength; offset += entryBytes) {
    const [first, attributes] = [bytes[offset], bytes[offset + 11] ?? 0];
    if (first === mark.end) return undefined;
    const isLabel = (attributes & 0x3f) !== attribute.longName && (attributes & attribute.label) !== 0;
    if (first !== mark.deleted && isLabel) return oemText(bytes.subarray(offset, offset + 11)).trimEnd();
  }
  return undefined;
}

export function oemText(bytes: Uint8Array): string {
  return [...bytes]
    .map(byte => (byte < 128 ? String.fromCharCode(byte) : (codePage437[byte - 128] ?? '')))
    .join('');
}

function parseEntry(reader: BinaryReader, name: string, node: FatNode['node'], isFat32: boolean): FatNode {
  const attributes = reader.u8('attributes', 11);
  const isDirectory = (attributes & attribute.directory) !== 0;
  const high = isFat32 ? reader.u16le('first cluster, high half', 20) : 0;
  const sizeBytes = reader.u32le('size', 28);
  return {
    node,
    name: Buffer.from(name, 'utf8'),
    isDirectory,
    isReadOnly: (attributes & attribute.readOnly) !== 0,
    content: {
      firstCluster: reader.u16le('first cluster', 26) + high * 2 ** 16,
      sizeBytes: isDirectory ? undefined : sizeBytes,
      isContiguous: false,
    },
    validBytes: sizeBytes,
    createdAt: dosTime(reader.u16le('created', 16), reader.u16le('created', 14), reader.u8('created', 13)),
    modifiedAt: dosTime(reader.u16le('modified', 24), reader.u16le('modified', 22)),
    accessedAt: dosTime(reader.u16le('accessed', 18), 0),
  };
}

function shortName(reader: BinaryReader): string {
  const bytes = new Uint8Array(reader.bytes('name', 0, 11));
  if (bytes[0] === mark.deletedInName) bytes[0] = mark.deleted;
  const flags = reader.u8('case', 12);
  const part = (from: number, until: number, isLower: boolean) => {
    const text = oemText(bytes.subarray(from, until)).trimEnd();
    return isLower ? text.toLowerCase() : text;
  };
  const base = part(0, 8, (flags & lowerCase.base) !== 0);
  const extension = part(8, 11, (flags & lowerCase.extension) !== 0);
  return extension === '' ? base : `${base}.${extension}`;
}

function isDots(name: string): boolean {
  return name === '.' || name === '..';
}

/** Collects the parts of a long name, which come last part first. */
class LongName {
  #parts: string[] = [];
  #expected = 0;
  #checksum = 0;

  add(reader: BinaryReader): void {
    const order = reader.u8('order', 0);
    const number = order & ~lastPartFlag;
    const checksum = reader.u8('checksum', 13);
    if ((order & lastPartFlag) !== 0) {
      this.#parts = [];
      this.#expected = number;
      this.#checksum = checksum;
    }
    if (number !== this.#expected || number < 1 || number > maxParts || checksum !== this.#checksum) {
      this.#expected = 0;
      this.#parts = [];
      return;
    }
    const text = longNameParts.map(([at, length]) =>
      Buffer.from(reader.bytes('name', at, length)).toString('utf16le'),
    );
    this.#parts.unshift(text.join(''));
    this.#expected -= 1;
  }

  /** The name that was collected, if it is whole and belongs to the short one. */
  takeFor(reader: BinaryReader): string | undefined {
    const parts = this.#parts;
    const isWhole = parts.length > 0 && this.#expected === 0;
    this.#parts = [];
    this.#expected = 0;
    if (!isWhole) return undefined;
    const checksum = reader
      .bytes('name', 0, 11)
      .reduce((sum, byte) => (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff, 0);
    return checksum === this.#checksum ? (parts.join('').split('\0', 1)[0] ?? '') : undefined;
  }
}
