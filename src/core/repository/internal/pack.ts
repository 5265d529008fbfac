import { createHash, type Hash } from 'node:crypto';
import { BinaryReader } from '../../../base/binaryReader.ts';
import type { Random } from '../../../base/random.ts';
import { toHex } from '../../../base/random.ts';
import { MiB } from '../../../base/units.ts';
import { idBytes, parseBlobId, type BlobId } from '../../codec/blobId.ts';
import { sealOverheadBytes, type Sealer } from '../../codec/sealer.ts';
import type { SealedBlob } from '../../codec/sealingPool.ts';
import type { BlobType, PackedBlob } from '../blobIndex.ts';
import type { ObjectStore } from '../objectStore.ts';

/** A pack that is ready to be stored. */
export interface FinishedPack {
  /** SHA-256 of `bytes`. */
  readonly packId: string;
  /** Lie in the builder's memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly blobs: readonly PackedBlob[];
}

/** More entries than this would make the header long to read, and the index file longer than others expect. */
const maxBlobsPerPack = 10_000;

const maxHeaderBytes = 16 * MiB;
const headerLengthBytes = 4;

/** A blob in the memory of a pack. */
interface PlacedBlob {
  readonly id: BlobId;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly plainLengthBytes: number;
  readonly compressed: boolean;
}

/**
 * Collects sealed blobs of one type until a pack is full. A pack is `blob ‖ … ‖ blob ‖ sealed header ‖ length of the
 * sealed header (u32 LE)`; the header has an entry per blob: type (0 data, 1 tree, 2 and 3 the same compressed),
 * sealed length (u32 LE), for compressed ones the plain length (u32 LE), SHA-256 of the plain bytes. All of it is put
 * together in one memory, which the next pack can use when this one is stored: new memory costs more than copying.
 * @see restic design document, "Pack Format"
 */
export class PackBuilder {
  readonly #type: BlobType;
  readonly #placed = new Map<BlobId, PlacedBlob>();
  readonly #sha256: Hash = createHash('sha256');
  #memory: Uint8Array<ArrayBuffer>;
  #sizeBytes = 0;

  /** @param memory  is the builder's own from here on; whatever is in it, and however small */
  constructor(type: BlobType, memory: Uint8Array<ArrayBuffer>) {
    this.#type = type;
    this.#memory = memory;
  }

  /** For another pack, when nobody needs this one any more. */
  get memory(): Uint8Array<ArrayBuffer> {
    return this.#memory;
  }

  isFull(packBytes: number): boolean {
    return this.#sizeBytes >= packBytes || this.#placed.size >= maxBlobsPerPack;
  }

  /** Copies a blob that the pack does not have yet. */
  add({ id, sealed, plainLengthBytes, compressed }: SealedBlob): void {
    const place = { offsetBytes: this.#sizeBytes, lengthBytes: sealed.length };
    this.#placed.set(id, { id, ...place, plainLengthBytes, compressed });
    this.#append(sealed);
  }

  /** Its sealed bytes lie in the builder's memory. */
  find(id: BlobId): SealedBlob | undefined {
    const placed = this.#placed.get(id);
    if (placed === undefined) return undefined;
    const { offsetBytes, lengthBytes, plainLengthBytes, compressed } = placed;
    const sealed = this.#memory.subarray(offsetBytes, offsetBytes + lengthBytes);
    return { id, sealed, plainLengthBytes, compressed };
  }

  finish(sealer: Sealer, random: Random): FinishedPack {
    const blobs = [...this.#placed.values()].map(
      ({ id, offsetBytes, lengthBytes, plainLengthBytes, compressed }): PackedBlob => {
        const place = { type: this.#type, id, offsetBytes, lengthBytes };
        return compressed ? { ...place, uncompressedLengthBytes: plainLengthBytes } : place;
      },
    );
    const header = sealer.seal(encodeHeader(blobs), random);
    const length = Buffer.alloc(headerLengthBytes);
    length.writeUInt32LE(header.length);
    this.#append(header);
    this.#append(length);
    const bytes = this.#memory.subarray(0, this.#sizeBytes);
    return { packId: this.#sha256.digest('hex'), bytes, blobs };
  }

  #append(bytes: Uint8Array): void {
    const endBytes = this.#sizeBytes + bytes.length;
    if (endBytes > this.#memory.length) {
      const larger = new Uint8Array(Math.max(endBytes, 2 * this.#memory.length));
      larger.set(this.#memory.subarray(0, this.#sizeBytes));
      this.#memory = larger;
    }
    this.#memory.set(bytes, this.#sizeBytes);
    this.#sha256.update(bytes);
    this.#sizeBytes = endBytes;
  }
}

/**
 * The blobs of a whole pack, from its own header.
 * @throws CorruptDataError if the header is damaged, or does not describe every byte of the pack
 */
export function readPackHeader(pack: Uint8Array, sealer: Sealer, what: string): PackedBlob[] {
  const file = new BinaryReader(pack, what);
  const lengthOffset = pack.length - headerLengthBytes;
  const headerBytes = file.u32le('header length', lengthOffset, {
    min: sealOverheadBytes,
    max: Math.min(maxHeaderBytes, lengthOffset),
  });
  const headerOffset = lengthOffset - headerBytes;
  const blobs = decodeHeader(sealer.unseal(file.bytes('header', headerOffset, headerBytes), what), what);
  assertDescribesAll(blobs, headerOffset, file);
  return blobs;
}

/** What a pack of these blobs has behind them: its sealed header and the length of that. */
export function headerBytesOf(blobs: readonly PackedBlob[]): number {
  const entries = blobs.map(blob => entryBytes(blob.uncompressedLengthBytes !== undefined));
  return entries.reduce((sum, bytes) => sum + bytes, sealOverheadBytes + headerLengthBytes);
}

/**
 * The blobs of a stored pack, of which only the header is read.
 * @throws NOT_FOUND; CorruptDataError if the header is damaged, or does not describe every byte of the pack
 */
export async function readStoredPackHeader(
  store: ObjectStore,
  packId: string,
  sizeBytes: number,
  sealer: Sealer,
  signal: AbortSignal,
): Promise<PackedBlob[]> {
  const what = `pack ${packId}`;
  const name = { kind: 'pack', id: packId } as const;
  const end = Math.max(0, sizeBytes - headerLengthBytes);
  const tail = new BinaryReader(await store.getRange(name, end, sizeBytes - end, signal), what);
  const headerBytes = tail.u32le('header length', 0, {
    min: sealOverheadBytes,
    max: Math.min(maxHeaderBytes, end),
  });
  const sealed = await store.getRange(name, end - headerBytes, headerBytes, signal);
  const blobs = decodeHeader(sealer.unseal(sealed, what), what);
  assertDescribesAll(blobs, end - headerBytes, tail);
  return blobs;
}

function assertDescribesAll(blobs: readonly PackedBlob[], headerOffset: number, file: BinaryReader): void {
  const last = blobs.at(-1);
  const endsAt = last === undefined ? 0 : last.offsetBytes + last.lengthBytes;
  if (endsAt !== headerOffset)
    throw file.error(`its blobs end at byte ${endsAt}, its header begins at ${headerOffset}`, headerOffset);
}

function entryBytes(isCompressed: boolean): number {
  return (isCompressed ? 9 : 5) + idBytes;
}

function encodeHeader(blobs: readonly PackedBlob[]): Uint8Array {
  return Buffer.concat(
    blobs.map(({ type, id, lengthBytes, uncompressedLengthBytes }) => {
      const compressed = uncompressedLengthBytes !== undefined;
      const entry = Buffer.alloc(compressed ? 9 : 5);
      entry.writeUInt8((type === 'tree' ? 1 : 0) + (compressed ? 2 : 0), 0);
      entry.writeUInt32LE(lengthBytes, 1);
      if (compressed) entry.writeUInt32LE(uncompressedLengthBytes, 5);
      return Buffer.concat([entry, Buffer.from(id, 'hex')]);
    }),
  );
}

function decodeHeader(header: Uint8Array, what: string): PackedBlob[] {
  const reader = new BinaryReader(header, `${what}, header`);
  const blobs: PackedBlob[] = [];
  let blobOffset = 0;
  for (let offset = 0; offset < header.length;) {
    const type = reader.u8('type', offset, { max: 3 });
    const compressed = type >= 2;
    const lengthBytes = reader.u32le('length', offset + 1, { min: sealOverheadBytes });
    const idOffset = offset + (compressed ? 9 : 5);
    blobs.push({
      type: type % 2 === 1 ? 'tree' : 'data',
      id: parseBlobId(toHex(reader.bytes('id', idOffset, idBytes)), what),
      offsetBytes: blobOffset,
      lengthBytes,
      ...(compressed
        ? { uncompressedLengthBytes: reader.u32le('plain length', offset + 5, { min: 1 }) }
        : {}),
    });
    blobOffset += lengthBytes;
    offset = idOffset + idBytes;
  }
  return blobs;
}
