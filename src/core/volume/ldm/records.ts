import { BinaryReader } from '../../../base/binaryReader.ts';

/** What the database of dynamic disks knows of, as far as it takes part in volumes. Sizes are in sectors of 512 bytes. */
export type LdmRecord = LdmVolume | LdmComponent | LdmPartition | LdmDisk;

export interface LdmVolume {
  readonly kind: 'volume';
  readonly id: number;
  readonly name: string;
  /** `gen` or `raid5`. */
  readonly type: string;
  readonly sizeSectors: number;
  readonly guid: string;
  /** What the guest calls it: `C:`. */
  readonly driveHint: string;
}

/** One copy of what a volume holds: a mirror has two. */
export interface LdmComponent {
  readonly kind: 'component';
  readonly id: number;
  readonly volumeId: number;
  readonly layout: 'striped' | 'spanned' | 'raid' | 'unknown';
  /** `ACTIVE` where it is up to date. */
  readonly state: string;
  readonly partitionCount: number;
  readonly stripeSectors: number;
  readonly columnCount: number;
}

export interface LdmPartition {
  readonly kind: 'partition';
  readonly id: number;
  readonly componentId: number;
  readonly diskId: number;
  /** From where the data of its disk begin. */
  readonly startSector: number;
  /** Where it begins in its column, or in what is spanned. */
  readonly offsetSectors: number;
  readonly sizeSectors: number;
  /** Its place among the columns. */
  readonly column: number;
}

export interface LdmDisk {
  readonly kind: 'disk';
  readonly id: number;
  /** As the disk itself says it, in lower case. */
  readonly guid: string;
}

const kinds = { component: 0x32, partition: 0x33, oldDisk: 0x34, disk: 0x44, volume: 0x51 } as const;
const flags = {
  volume: { driveHint: 0x02, firstId: 0x08, secondId: 0x20, secondSize: 0x80 },
  component: { columns: 0x10 },
  partition: { column: 0x08 },
} as const;
const layouts = ['unknown', 'striped', 'spanned', 'raid'] as const;

/**
 * @param payload  of a whole record, behind its head
 * @returns nothing for kinds that no volume consists of
 * @throws CORRUPT_DATA
 */
export function parseRecord(payload: Uint8Array): LdmRecord[] {
  const fields = new Fields(payload);
  const flagBits = fields.at('flags', 2);
  const kind = fields.at('kind', 3);
  fields.skip(8);
  if (kind === kinds.volume) return [parseVolume(fields, flagBits)];
  if (kind === kinds.component) return [parseComponent(fields, flagBits)];
  if (kind === kinds.partition) return [parsePartition(fields, flagBits)];
  if (kind === kinds.disk || kind === kinds.oldDisk) return [parseDisk(fields, kind === kinds.oldDisk)];
  return [];
}

function parseVolume(fields: Fields, bits: number): LdmVolume {
  const [id, name, type] = [fields.number('id'), fields.text('name'), fields.text('type')];
  fields.text('drive letter');
  fields.skip(21);
  fields.number('components');
  fields.skip(16);
  const sizeSectors = fields.number('size');
  fields.skip(5);
  const guid = guidText(fields.bytes('guid', 16));
  if ((bits & flags.volume.firstId) !== 0) fields.text('first id');
  if ((bits & flags.volume.secondId) !== 0) fields.text('second id');
  if ((bits & flags.volume.secondSize) !== 0) fields.number('second size');
  const driveHint = (bits & flags.volume.driveHint) !== 0 ? fields.text('drive hint') : '';
  return { kind: 'volume', id, name, type, sizeSectors, guid, driveHint };
}

function parseComponent(fields: Fields, bits: number): LdmComponent {
  const id = fields.number('id');
  fields.text('name');
  const state = fields.text('state');
  const layout = layouts[fields.byte('layout')] ?? 'unknown';
  fields.skip(4);
  const partitionCount = fields.number('partitions');
  fields.skip(16);
  const volumeId = fields.number('volume');
  fields.skip(1);
  const hasColumns = (bits & flags.component.columns) !== 0;
  const stripeSectors = hasColumns ? fields.number('stripe') : 0;
  const columnCount = hasColumns ? fields.number('columns') : 0;
  return { kind: 'component', id, volumeId, layout, state, partitionCount, stripeSectors, columnCount };
}

function parsePartition(fields: Fields, bits: number): LdmPartition {
  const id = fields.number('id');
  fields.text('name');
  fields.skip(12);
  const [startSector, offsetSectors] = [fields.long('start'), fields.long('offset')];
  const sizeSectors = fields.number('size');
  const [componentId, diskId] = [fields.number('component'), fields.number('disk')];
  const column = (bits & flags.partition.column) !== 0 ? fields.number('column') : 0;
  return { kind: 'partition', id, componentId, diskId, startSector, offsetSectors, sizeSectors, column };
}

function parseDisk(fields: Fields, isOld: boolean): LdmDisk {
  const id = fields.number('id');
  fields.text('name');
  const guid = isOld ? fields.text('guid').toLowerCase() : guidText(fields.bytes('guid', 16));
  return { kind: 'disk', id, guid };
}

/** Fields one behind the other, of which many say their own length. */
class Fields {
  readonly #reader: BinaryReader;
  #at = 0;

  constructor(payload: Uint8Array) {
    this.#reader = new BinaryReader(payload, 'record of dynamic disks');
  }

  /** A byte at a fixed place. */
  at(field: string, offset: number): number {
    return this.#reader.u8(field, offset);
  }

  skip(lengthBytes: number): void {
    this.#at += lengthBytes;
  }

  byte(field: string): number {
    return this.#reader.u8(field, this.#take(1));
  }

  long(field: string): number {
    return this.#reader.u64be(field, this.#take(8), { max: 2 ** 44 });
  }

  /** At most 2^44: sectors up to 8 PiB. */
  number(field: string): number {
    let value = 0;
    for (const byte of this.#lengthed(field)) value = value * 256 + byte;
    if (value > 2 ** 44) throw this.#reader.error(`${field} is too large`);
    return value;
  }

  text(field: string): string {
    return Buffer.from(this.#lengthed(field)).toString('latin1');
  }

  bytes(field: string, lengthBytes: number): Uint8Array {
    return this.#reader.bytes(field, this.#take(lengthBytes), lengthBytes);
  }

  #lengthed(field: string): Uint8Array {
    return this.bytes(field, this.byte(field));
  }

  #take(lengthBytes: number): number {
    this.#at += lengthBytes;
    return this.#at - lengthBytes;
  }
}

function guidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
