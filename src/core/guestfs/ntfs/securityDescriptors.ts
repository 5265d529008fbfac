import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { KiB, MiB } from '../../../base/units.ts';
import { attributeType, residentBytes } from './attributes.ts';
import type { FileRecord, FileRecords } from './records.ts';
import { readStream, readWholeStream, streamOf, type Clusters, type Stream } from './stream.ts';

const secureRecord = 9;
const storeName = '$SDS';
/** Each part of the store is followed by a copy of itself. */
const partBytes = 256 * KiB;
const headBytes = 20;
const maxDescriptorBytes = 256 * KiB;
const maxStoreBytes = 256 * MiB;
/** Where the number of the descriptor stands in the standard information, as of version 3.0. */
const idOffset = 52;

interface Place {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/**
 * The security descriptors of a volume: as of NTFS 3.0 all in one place, each once, before that with each file.
 * @see linux-ntfs documentation, "$Secure"
 */
export class SecurityDescriptors {
  readonly #clusters: Clusters;
  readonly #records: FileRecords;
  /** Where each is, by its number, once the store was looked through. */
  #places: ReadonlyMap<number, Place> | undefined;

  constructor(clusters: Clusters, records: FileRecords) {
    this.#clusters = clusters;
    this.#records = records;
  }

  /** @returns undefined if the record has none. @throws CORRUPT_DATA */
  async of(record: FileRecord, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const own = streamOf(this.#clusters, record.attributes, attributeType.securityDescriptor, '');
    if (own !== undefined) return await readWholeStream(this.#clusters, own, maxDescriptorBytes, signal);
    const what = `NTFS record ${record.number}`;
    const information = residentBytes(record.attributes, attributeType.standardInformation, what);
    const reader = new BinaryReader(information, what);
    const id = reader.sizeBytes < idOffset + 4 ? 0 : reader.u32le('security descriptor', idOffset);
    if (id === 0) return undefined;
    const store = await this.#store(signal);
    this.#places ??= await readPlaces(this.#clusters, store, signal);
    const place = this.#places.get(id);
    if (place === undefined) throw new CorruptDataError(`the volume lacks the security descriptor ${id}`);
    return await readPart(this.#clusters, store, place, signal);
  }

  async #store(signal: AbortSignal): Promise<Stream> {
    const { attributes } = await this.#records.read(secureRecord, signal);
    const store = streamOf(this.#clusters, attributes, attributeType.data, storeName);
    if (store === undefined) throw new CorruptDataError('the volume lacks its security descriptors');
    if (store.sizeBytes > maxStoreBytes)
      throw new CorruptDataError(`the security descriptors have ${store.sizeBytes} bytes`);
    return store;
  }
}

async function readPlaces(
  clusters: Clusters,
  store: Stream,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Place>> {
  const places = new Map<number, Place>();
  for (let start = 0; start < store.sizeBytes; start += 2 * partBytes) {
    const lengthBytes = Math.min(partBytes, store.sizeBytes - start);
    const bytes = await readPart(clusters, store, { offsetBytes: start, lengthBytes }, signal);
    const reader = new BinaryReader(bytes, 'NTFS security descriptors', start);
    for (let at = 0; at + headBytes <= lengthBytes;) {
      const entryBytes = reader.u32le('length', at + 16);
      // What is left of a part is zeros, or was used once and says another place.
      if (entryBytes < headBytes || reader.u64le('own place', at + 8) !== start + at) break;
      const place = { offsetBytes: start + at + headBytes, lengthBytes: entryBytes - headBytes };
      if (place.lengthBytes > maxDescriptorBytes) throw reader.error('a descriptor is too long', at);
      places.set(reader.u32le('number', at + 4), place);
      at += Math.ceil(entryBytes / 16) * 16;
    }
  }
  return places;
}

async function readPart(
  clusters: Clusters,
  store: Stream,
  { offsetBytes, lengthBytes }: Place,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const endBytes = Math.min(offsetBytes + lengthBytes, store.sizeBytes);
  for await (const piece of readStream(clusters, store, offsetBytes, endBytes, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}
