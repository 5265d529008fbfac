import { crc32, inflateRawSync } from 'node:zlib';

import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';

export interface ZipDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Manifests of quiesced snapshots have a few dozen documents of at most some megabytes. */
const limits = { archiveBytes: 64 * MiB, documents: 1000, documentBytes: 32 * MiB, allBytes: 128 * MiB };

const endSignature = 0x0605_4b50;
const entrySignature = 0x0201_4b50;
const localSignature = 0x0403_4b50;
const endBytes = 22;
const maxCommentBytes = 0xffff;

/**
 * The documents of a small ZIP archive (APPNOTE.TXT 6.3), by its central directory.
 * @throws CorruptDataError for anything damaged or larger than a manifest can be; UNSUPPORTED_FORMAT for encryption,
 * ZIP64 and methods other than store and deflate
 */
export function readZip(archive: Uint8Array): readonly ZipDocument[] {
  if (archive.byteLength > limits.archiveBytes) throw damaged('it is larger than a manifest can be');
  const reader = new BinaryReader(archive, 'ZIP archive');
  const end = findEnd(archive, reader);
  const count = reader.u16le('number of entries', end + 10);
  let offset = reader.u32le('offset of the directory', end + 16);
  if (count === 0xffff || offset === 0xffff_ffff) throw unsupported('ZIP64');
  if (count > limits.documents) throw damaged(`it has ${count} documents`);
  const documents: ZipDocument[] = [];
  let totalBytes = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(reader, offset);
    totalBytes += entry.sizeBytes;
    if (totalBytes > limits.allBytes) throw damaged('its documents are larger than a manifest can be');
    if (!entry.name.endsWith('/')) documents.push({ name: entry.name, bytes: contentOf(reader, entry) });
    offset = entry.nextOffset;
  }
  return documents;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly localOffset: number;
  readonly nextOffset: number;
}

/** The record lies at the end, before a comment of any length that fits. */
function findEnd(archive: Uint8Array, reader: BinaryReader): number {
  const last = archive.byteLength - endBytes;
  for (let offset = last; offset >= 0 && offset >= last - maxCommentBytes; offset -= 1)
    if (reader.u32le('signature', offset) === endSignature) return offset;
  throw damaged('it has no end record');
}

function readEntry(reader: BinaryReader, offset: number): Entry {
  if (reader.u32le('signature of an entry', offset) !== entrySignature)
    throw damaged('an entry of its directory is missing');
  if ((reader.u16le('flags', offset + 8) & 1) !== 0) throw unsupported('encrypted documents');
  const nameBytes = reader.u16le('length of a name', offset + 28);
  const extraBytes = reader.u16le('length of extra fields', offset + 30);
  const commentBytes = reader.u16le('length of a comment', offset + 32);
  const sizeBytes = reader.u32le('size', offset + 24);
  if (sizeBytes === 0xffff_ffff) throw unsupported('ZIP64');
  if (sizeBytes > limits.documentBytes) throw damaged('a document is larger than a manifest can have');
  return {
    name: new TextDecoder().decode(reader.bytes('name', offset + 46, nameBytes)),
    method: reader.u16le('method', offset + 10),
    checksum: reader.u32le('checksum', offset + 16),
    packedBytes: reader.u32le('packed size', offset + 20),
    sizeBytes,
    localOffset: reader.u32le('offset of a document', offset + 42),
    nextOffset: offset + 46 + nameBytes + extraBytes + commentBytes,
  };
}

function contentOf(reader: BinaryReader, entry: Entry): Uint8Array {
  const { name, localOffset, packedBytes, sizeBytes, method } = entry;
  if (reader.u32le('signature of a document', localOffset) !== localSignature)
    throw damaged(`${name} is not where its directory says`);
  const start =
    localOffset +
    30 +
    reader.u16le('length of a name', localOffset + 26) +
    reader.u16le('length of extra fields', localOffset + 28);
  const packed = reader.bytes('document', start, packedBytes);
  const bytes = unpack(packed, method, sizeBytes, name);
  if (bytes.byteLength !== sizeBytes || crc32(bytes) !== entry.checksum)
    throw damaged(`${name} does not match its checksum`);
  return bytes;
}

function unpack(packed: Uint8Array, method: number, sizeBytes: number, name: string): Uint8Array {
  if (method === 0) return packed;
  if (method !== 8) throw unsupported(`compression method ${method}`);
  try {
    // zlib refuses a limit of nothing.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    throw new CorruptDataError(`ZIP archive: ${name} cannot be unpacked`, { cause });
  }
}

function damaged(what: string): CorruptDataError {
  return new CorruptDataError(`ZIP archive: ${what}`);
}

function unsupported(what: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `ZIP archive: ${what} cannot be read`);
}
