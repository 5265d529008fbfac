import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { attributeType, parseAttributes, undoFixup, type Attribute } from './attributes.ts';
import type { BootSector } from './bootSector.ts';
import { readWholeStream, readStream, streamOf, type Clusters, type Stream } from './stream.ts';

/** A file or directory with all its attributes, wherever they lie. */
export interface FileRecord {
  readonly number: number;
  readonly isDirectory: boolean;
  readonly attributes: readonly Attribute[];
}

const flag = { inUse: 1, directory: 2 } as const;
const maxListBytes = 4 * 1024 * 1024;
const maxExtensions = 4096;
/** Records are numbered with 48 bits; so many are not found on any volume. */
export const maxRecords = 2 ** 40;

/**
 * The records of the master file table.
 * @see linux-ntfs documentation, "FILE Record" and "$ATTRIBUTE_LIST"
 */
export class FileRecords {
  readonly #clusters: Clusters;
  readonly #recordBytes: number;
  readonly #table: Stream;

  private constructor(clusters: Clusters, recordBytes: number, table: Stream) {
    this.#clusters = clusters;
    this.#recordBytes = recordBytes;
    this.#table = table;
  }

  /** @throws CORRUPT_DATA */
  static async open(clusters: Clusters, boot: BootSector, signal: AbortSignal): Promise<FileRecords> {
    const { recordBytes, mftOffsetBytes } = boot;
    const first = await readRange(clusters.source, mftOffsetBytes, recordBytes, signal);
    undoFixup(first, 'FILE', 'NTFS record 0');
    // The first part of the table is enough to find the records that tell where the others are.
    const ownParts = parseAttributes(first, 'NTFS record 0').filter(({ content, type }) => {
      return type !== attributeType.data || content.kind === 'resident' || content.firstCluster === 0;
    });
    const start = new FileRecords(clusters, recordBytes, tableOf(clusters, ownParts));
    const { attributes } = await start.read(0, signal);
    return new FileRecords(clusters, recordBytes, tableOf(clusters, attributes));
  }

  /** @throws CORRUPT_DATA if there is no such record, it is not in use or belongs to another */
  async read(number: number, signal: AbortSignal): Promise<FileRecord> {
    const what = `NTFS record ${number}`;
    const { reader, bytes } = await this.#raw(number, signal);
    const flags = reader.u16le('flags', 22);
    if ((flags & flag.inUse) === 0) throw reader.error('it is not in use', 22);
    if (baseOf(reader) !== 0) throw reader.error('it is a part of another record', 32);
    const own = parseAttributes(bytes, what);
    const listParts = own.filter(({ type }) => type === attributeType.attributeList);
    const list = streamOf(this.#clusters, listParts, attributeType.attributeList, '');
    const attributes = list === undefined ? own : [...own, ...(await this.#extensions(number, list, signal))];
    return { number, isDirectory: (flags & flag.directory) !== 0, attributes };
  }

  /** The attributes that lie in other records, as the list in the first one names them. */
  async #extensions(number: number, list: Stream, signal: AbortSignal): Promise<Attribute[]> {
    const bytes = await readWholeStream(this.#clusters, list, maxListBytes, signal);
    const reader = new BinaryReader(bytes, `NTFS record ${number}, list of attributes`);
    const numbers = new Set<number>();
    for (let offset = 0; offset + 26 <= bytes.byteLength;) {
      numbers.add(recordNumber(reader, offset + 16));
      offset += reader.u16le('entry length', offset + 4, { min: 26 });
    }
    numbers.delete(number);
    if (numbers.size > maxExtensions) throw reader.error('it names records without end');
    const attributes: Attribute[] = [];
    for (const extension of numbers) {
      const raw = await this.#raw(extension, signal);
      if (baseOf(raw.reader) !== number)
        throw reader.error(`it names record ${extension}, which belongs to another`);
      attributes.push(...parseAttributes(raw.bytes, `NTFS record ${extension}`));
    }
    return attributes;
  }

  async #raw(number: number, signal: AbortSignal) {
    const offsetBytes = number * this.#recordBytes;
    if (number < 0 || number >= maxRecords || offsetBytes + this.#recordBytes > this.#table.sizeBytes) {
      throw new CorruptDataError(`NTFS record ${number} does not exist`);
    }
    const bytes = new Uint8Array(this.#recordBytes);
    let at = 0;
    for await (const piece of readStream(
      this.#clusters,
      this.#table,
      offsetBytes,
      offsetBytes + this.#recordBytes,
      signal,
    )) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    undoFixup(bytes, 'FILE', `NTFS record ${number}`);
    return { bytes, reader: new BinaryReader(bytes, `NTFS record ${number}`, offsetBytes) };
  }
}

/** The number in a reference, whose other 16 bits count how often the record was used. */
export function recordNumber(reader: BinaryReader, offset: number): number {
  return reader.u32le('record', offset) + reader.u16le('record, high part', offset + 4) * 2 ** 32;
}

function baseOf(reader: BinaryReader): number {
  return recordNumber(reader, 32);
}

function tableOf(clusters: Clusters, attributes: readonly Attribute[]): Stream {
  const table = streamOf(clusters, attributes, attributeType.data, '');
  if (table?.kind === 'clusters' && table.unitBytes === undefined) return table;
  throw new CorruptDataError('the master file table of NTFS has no clusters');
}
