import { execFileSync } from 'node:child_process';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';

const sectorBytes = 512;
const databaseSectors = 2048;
/** Where the second and third copies of what describes the database lie in it. */
const contentsSectors = [1, 2, 2045, 2046];
const headerSectors = [1856, 2047];
const databaseSector = 17;
const recordBytes = 128;

/** A part of a dynamic volume: on which disk, from which of its sectors of data, how long. */
export interface DynamicPart {
  readonly disk: number;
  readonly startSector: number;
  readonly sizeSectors: number;
}

export interface DynamicVolumeSpec {
  readonly name: string;
  readonly layout: 'spanned' | 'striped' | 'raid';
  /** Copies of it, each with its parts in order; more than one is a mirror. */
  readonly copies: readonly (readonly DynamicPart[])[];
  readonly stripeSectors?: number;
  readonly states?: readonly string[];
}

/**
 * Makes images the dynamic disks of one group, as Windows lays them out: by a classic partition table, or by a GUID one
 * for disks named in `gpt`. No Windows has written them; ldmtool, which reads those of Windows, has to accept them.
 */
export function makeDynamicDisks(
  images: readonly string[],
  volumes: readonly DynamicVolumeSpec[],
  gpt: ReadonlySet<number> = new Set(),
): void {
  const places = images.map((image, disk) => {
    const sectors = statSync(image).size / sectorBytes;
    if (!gpt.has(disk)) {
      putClassicTable(image, sectors - 63);
      return { database: sectors - databaseSectors, start: 63, size: sectors - databaseSectors - 63 };
    }
    const metadata = 'start=2048, size=2048, type=5808C8AA-7E8F-42E0-85D2-E1E90434CFB3';
    const data = 'start=4096, type=AF9B60A0-1431-4F62-BC68-3311714A69AD';
    execFileSync('sfdisk', ['-q', image], { input: `label: gpt\n${metadata}\n${data}\n` });
    return { database: 2048, start: 4096, size: sectors - 4096 - 2048 };
  });
  const database = databaseOf(images.length, volumes);
  for (const [disk, image] of images.entries()) {
    const place = places[disk]!;
    const file = openSync(image, 'r+');
    const put = (sector: number, bytes: Uint8Array) =>
      writeSync(file, bytes, 0, undefined, sector * sectorBytes);
    const header = headerOf(disk, place);
    if (!gpt.has(disk)) put(6, header);
    for (const sector of headerSectors) put(place.database + sector, header);
    for (const sector of contentsSectors) put(place.database + sector, tableOfContents());
    put(place.database + databaseSector, database);
    closeSync(file);
  }
}

/** One partition of the type of dynamic disks, to the end. */
function putClassicTable(image: string, sizeSectors: number): void {
  const table = Buffer.alloc(sectorBytes);
  table.writeUInt8(0x42, 446 + 4);
  table.writeUInt32LE(63, 446 + 8);
  table.writeUInt32LE(sizeSectors, 446 + 12);
  table.writeUInt16LE(0xaa55, 510);
  const file = openSync(image, 'r+');
  writeSync(file, table, 0);
  closeSync(file);
}

function diskGuid(disk: number): string {
  return `00000000-1111-2222-3333-0000000000${String(disk).padStart(2, '0')}`;
}

const groupGuid = '99999999-8888-7777-6666-555555555555';

function headerOf(disk: number, place: { database: number; start: number; size: number }): Buffer {
  const header = Buffer.alloc(sectorBytes);
  header.write('PRIVHEAD', 0);
  header.writeUInt16BE(2, 12);
  header.writeUInt16BE(12, 14);
  header.write(diskGuid(disk), 0x30);
  header.write('44444444-3333-2222-1111-000000000000', 0x70);
  header.write(groupGuid, 0xb0);
  header.write('TestDg0', 0xf0);
  header.writeBigUInt64BE(BigInt(place.start), 0x11b);
  header.writeBigUInt64BE(BigInt(place.size), 0x123);
  header.writeBigUInt64BE(BigInt(place.database), 0x12b);
  header.writeBigUInt64BE(BigInt(databaseSectors), 0x133);
  header.writeBigUInt64BE(2n, 0x13b);
  header.writeBigUInt64BE(2n, 0x143);
  header.writeUInt32BE(1, 0x14b);
  header.writeUInt32BE(1, 0x14f);
  header.writeBigUInt64BE(1481n, 0x153);
  header.writeBigUInt64BE(224n, 0x15b);
  return header;
}

function tableOfContents(): Buffer {
  const contents = Buffer.alloc(sectorBytes);
  contents.write('TOCBLOCK', 0);
  for (const [offset, name, start, size] of [
    [0x24, 'config', databaseSector, 1481],
    [0x46, 'log', 1498, 224],
  ] as const) {
    contents.write(name, offset);
    contents.writeBigUInt64BE(BigInt(start), offset + 10);
    contents.writeBigUInt64BE(BigInt(size), offset + 18);
  }
  return contents;
}

function databaseOf(diskCount: number, volumes: readonly DynamicVolumeSpec[]): Buffer {
  let lastId = 0;
  const newId = () => (lastId += 1);
  const records: Buffer[] = [];
  const diskIds = Array.from({ length: diskCount }, (_, disk) => {
    const id = newId();
    const name = `Disk${disk + 1}`;
    records.push(record(0, 0x44, [number(id), text(name), guid(diskGuid(disk)), text(''), Buffer.alloc(12)]));
    return id;
  });
  records.push(record(0, 0x35, [number(newId()), text('TestDg0'), text(groupGuid), Buffer.alloc(12)]));
  const total = { volume: 0, component: 0, partition: 0 };
  for (const [index, { name, layout, copies, stripeSectors = 0, states = [] }] of volumes.entries()) {
    const volumeId = newId();
    total.volume += 1;
    const sizes = copies.map(parts => volumeSectors(layout, parts));
    const isRaid = layout === 'raid';
    records.push(
      record(0, 0x51, [
        ...[number(volumeId), text(name), text(isRaid ? 'raid5' : 'gen'), text('8000000000000000')],
        ...[fixed('ACTIVE', 14), Buffer.of(isRaid ? 4 : 3, 0, index + 1, 0, 0, 0, 0)],
        ...[number(copies.length), Buffer.alloc(16), number(Math.min(...sizes)), Buffer.alloc(4)],
        ...[Buffer.of(7), guid(`aaaaaaaa-0000-0000-0000-0000000000${String(index).padStart(2, '0')}`)],
      ]),
    );
    for (const [copy, parts] of copies.entries()) {
      const componentId = newId();
      total.component += 1;
      const kind = { striped: 1, spanned: 2, raid: 3 }[layout];
      const columns = layout === 'spanned' ? [] : [number(stripeSectors), number(parts.length)];
      records.push(
        record(layout === 'spanned' ? 0 : 0x10, 0x32, [
          ...[number(componentId), text(`${name}-0${copy + 1}`), text(states[copy] ?? 'ACTIVE')],
          ...[Buffer.of(kind, 0, 0, 0, 0), number(parts.length), Buffer.alloc(16), number(volumeId)],
          ...[Buffer.alloc(1), ...columns],
        ]),
      );
      let offset = 0;
      for (const [column, { disk, startSector, sizeSectors }] of parts.entries()) {
        total.partition += 1;
        records.push(
          record(layout === 'spanned' ? 0 : 0x08, 0x33, [
            ...[number(newId()), text(`${name}-0${copy + 1}-${column + 1}`), Buffer.alloc(12)],
            ...[long(startSector), long(layout === 'spanned' ? offset : 0), number(sizeSectors)],
            ...[number(componentId), number(diskIds[disk]!)],
            ...(layout === 'spanned' ? [] : [number(column)]),
          ]),
        );
        offset += sizeSectors;
      }
    }
  }
  return Buffer.concat([headOf(total, diskCount, records.length), ...inPlaces(records)]);
}

function volumeSectors(layout: DynamicVolumeSpec['layout'], parts: readonly DynamicPart[]): number {
  const sum = parts.reduce((all, { sizeSectors }) => all + sizeSectors, 0);
  return layout === 'raid' ? (sum / parts.length) * (parts.length - 1) : sum;
}

function headOf(
  total: { readonly volume: number; readonly component: number; readonly partition: number },
  diskCount: number,
  recordCount: number,
): Buffer {
  const head = Buffer.alloc(sectorBytes);
  head.write('VMDB', 0);
  head.writeUInt32BE(sectorBytes / recordBytes + recordCount * 3, 4);
  head.writeUInt32BE(recordBytes, 8);
  head.writeUInt32BE(sectorBytes, 12);
  head.writeUInt16BE(1, 16);
  head.writeUInt16BE(4, 18);
  head.writeUInt16BE(10, 20);
  head.write('TestDg0', 0x16);
  head.write(groupGuid, 0x35);
  head.writeBigUInt64BE(5n, 0x75);
  head.writeBigUInt64BE(5n, 0x7d);
  for (const [index, value] of [total.volume, total.component, total.partition, diskCount].entries()) {
    head.writeUInt32BE(value, 0x85 + index * 4);
  }
  return head;
}

/** Places of 128 bytes, of which 112 are a record's own; longer ones take several. */
function inPlaces(records: readonly Buffer[]): Buffer[] {
  let sequence = sectorBytes / recordBytes;
  return records.flatMap((whole, group) => {
    const room = recordBytes - 16;
    const count = Math.ceil(whole.byteLength / room);
    return Array.from({ length: count }, (_, part) => {
      const place = Buffer.alloc(recordBytes);
      place.write('VBLK', 0);
      place.writeUInt32BE(sequence, 4);
      place.writeUInt32BE(group + 1, 8);
      place.writeUInt16BE(part, 12);
      place.writeUInt16BE(count, 14);
      whole.copy(place, 16, part * room, (part + 1) * room);
      sequence += 1;
      return place;
    });
  });
}

function record(flags: number, kind: number, fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat(fields);
  const head = Buffer.alloc(8);
  head.writeUInt8(flags, 2);
  head.writeUInt8(kind, 3);
  head.writeUInt32BE(body.byteLength, 4);
  return Buffer.concat([head, body]);
}

/** As many bytes as it needs, with their number before them. */
function number(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(bytes.byteLength), bytes]);
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
}

function fixed(value: string, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  bytes.write(value);
  return bytes;
}

function guid(value: string): Buffer {
  return Buffer.from(value.replaceAll('-', ''), 'hex');
}
