import type { Timestamp } from '../../../guestfs/guestFileSystem.ts';

/** One entry of a ZIP archive (APPNOTE.TXT 6.3), with the facts that Info-ZIP keeps of a file on Unix. */
export interface ZipEntry {
  /** UTF-8, at most `maxZipNameBytes`; of a folder with `/` at its end. */
  readonly name: Uint8Array;
  /** Permission bits with those of the kind of file. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: Timestamp;
  readonly accessedAt: Timestamp;
  readonly method: 'store' | 'deflate';
  /** As it is expected: how sizes are written has to be known before anything of it is. */
  readonly sizeBytes: number;
}

/** What is known once the content was written. */
export interface ZipContent {
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
}

export const maxZipNameBytes = 0xffff;

/** From here on an entry gets sizes of 64 bits: what deflate cannot make smaller becomes a little larger. */
const largeBytes = 0xf000_0000;

/** Whether what came is more than the headers of the entry can tell. */
export function overflows({ sizeBytes }: ZipEntry, content: ZipContent): boolean {
  return sizeBytes < largeBytes && Math.max(content.sizeBytes, content.packedBytes) >= max32;
}

const max32 = 0xffff_ffff;
const max16 = 0xffff;

const versionFor = { store: 20, deflate: 20, zip64: 45 } as const;
/** Unix, by version 4.5 of the format, as of which there are sizes of 64 bits. */
const madeBy = (3 << 8) | versionFor.zip64;
const namesAreUtf8 = 1 << 11;
const methodNumber = { store: 0, deflate: 8 } as const;

/** Its length depends on the entry alone, so that the content can be written before it. */
export function localHeader(entry: ZipEntry, content: ZipContent): Uint8Array {
  const { name, accessedAt } = entry;
  const isLarge = entry.sizeBytes >= largeBytes;
  const extra = [
    isLarge ? zip64Field([content.sizeBytes, content.packedBytes]) : [],
    timesField(entry, accessedAt),
    ownerField(entry),
  ].flat();
  return Uint8Array.from([
    ...u32(0x0403_4b50),
    ...u16(isLarge ? versionFor.zip64 : versionFor[entry.method]),
    ...commonFields(entry, content, isLarge ? [max32, max32] : [content.packedBytes, content.sizeBytes]),
    ...u16(name.byteLength),
    ...u16(extra.length),
    ...name,
    ...extra,
  ]);
}

export function directoryRecord(entry: ZipEntry, content: ZipContent, offsetBytes: number): Uint8Array {
  const { name, mode } = entry;
  const isLarge = entry.sizeBytes >= largeBytes;
  const isFar = offsetBytes >= max32;
  const sizes = isLarge ? [content.sizeBytes, content.packedBytes] : [];
  const wide = [...sizes, ...(isFar ? [offsetBytes] : [])];
  const extra = [wide.length === 0 ? [] : zip64Field(wide), timesField(entry), ownerField(entry)].flat();
  return Uint8Array.from([
    ...u32(0x0201_4b50),
    ...u16(madeBy),
    ...u16(wide.length === 0 ? versionFor[entry.method] : versionFor.zip64),
    ...commonFields(entry, content, isLarge ? [max32, max32] : [content.packedBytes, content.sizeBytes]),
    ...u16(name.byteLength),
    ...u16(extra.length),
    // Comment, disk, internal attributes.
    ...[...u16(0), ...u16(0), ...u16(0)],
    ...u32(mode * 0x1_0000 + (name.at(-1) === slash ? dosFolder : 0)),
    ...u32(isFar ? max32 : offsetBytes),
    ...name,
    ...extra,
  ]);
}

const slash = 0x2f;
const dosFolder = 0x10;

export interface ZipDirectory {
  readonly entryCount: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** What closes the archive, with the records of 64 bits where a number needs them. */
export function endRecords({ entryCount, offsetBytes, sizeBytes }: ZipDirectory): Uint8Array {
  const isWide = entryCount >= max16 || offsetBytes >= max32 || sizeBytes >= max32;
  const wideRecords = [
    ...u32(0x0606_4b50),
    ...u64(44),
    ...[...u16(madeBy), ...u16(versionFor.zip64)],
    ...[...u32(0), ...u32(0)],
    ...[...u64(entryCount), ...u64(entryCount), ...u64(sizeBytes), ...u64(offsetBytes)],
    // Where the record above begins, on the first of one disk.
    ...[...u32(0x0706_4b50), ...u32(0), ...u64(offsetBytes + sizeBytes), ...u32(1)],
  ];
  const count = Math.min(entryCount, max16);
  return Uint8Array.from([
    ...(isWide ? wideRecords : []),
    ...u32(0x0605_4b50),
    ...[...u16(0), ...u16(0), ...u16(count), ...u16(count)],
    ...[...u32(Math.min(sizeBytes, max32)), ...u32(Math.min(offsetBytes, max32))],
    ...u16(0),
  ]);
}

/** What both headers of an entry say, in the same order. */
function commonFields(
  { method, modifiedAt }: ZipEntry,
  { crc32 }: ZipContent,
  sizes: readonly number[],
): readonly number[] {
  return [
    ...u16(namesAreUtf8),
    ...u16(methodNumber[method]),
    ...dosTime(modifiedAt),
    ...u32(crc32),
    ...sizes.flatMap(u32),
  ];
}

function zip64Field(numbers: readonly number[]): readonly number[] {
  return [...u16(0x0001), ...u16(8 * numbers.length), ...numbers.flatMap(u64)];
}

/** In seconds since 1970; the directory has the time of the last change alone, though the flags tell of both. */
function timesField({ modifiedAt }: ZipEntry, accessedAt?: Timestamp): readonly number[] {
  const times = [modifiedAt, ...(accessedAt === undefined ? [] : [accessedAt])];
  // Later or earlier ones do not fit; then the time of DOS is all there is.
  if (![modifiedAt, accessedAt ?? modifiedAt].every(({ seconds }) => seconds === (seconds | 0))) return [];
  const wasModifiedAndAccessed = 3;
  const bytes = times.flatMap(({ seconds }) => u32(seconds >>> 0));
  return [...u16(0x5455), ...u16(1 + bytes.length), wasModifiedAndAccessed, ...bytes];
}

function ownerField({ uid, gid }: ZipEntry): readonly number[] {
  return [...u16(0x7875), ...u16(11), 1, 4, ...u32(uid), 4, ...u32(gid)];
}

/** In the time zone of this machine, as programs that know no better one take it; 1980 to 2107. */
function dosTime({ seconds }: Timestamp): readonly number[] {
  const local = new Date(seconds * 1000);
  const year = local.getFullYear();
  if (!(year >= 1980)) return [...u16(0), ...u16((1 << 5) | 1)];
  if (year > 2107) return [...u16(0xbf7d), ...u16(0xff9f)];
  const time = (local.getHours() << 11) | (local.getMinutes() << 5) | (local.getSeconds() >> 1);
  return [...u16(time), ...u16(((year - 1980) << 9) | ((local.getMonth() + 1) << 5) | local.getDate())];
}

function u16(value: number): readonly number[] {
  return [value & 0xff, value >>> 8];
}

function u32(value: number): readonly number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}

function u64(value: number): readonly number[] {
  return [...u32(value % 0x1_0000_0000), ...u32(Math.floor(value / 0x1_0000_0000))];
}
