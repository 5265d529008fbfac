import { AppError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { concatSource } from '../../block/concatSource.ts';
import { paritySource, type ParityLayout } from '../../block/paritySource.ts';
import { sliceSource } from '../../block/sliceSource.ts';
import { stripedSource } from '../../block/stripedSource.ts';
import type { DynamicDisk } from './dynamicDisk.ts';
import type { LdmDatabase } from './database.ts';
import type { LdmComponent, LdmPartition, LdmRecord, LdmVolume } from './records.ts';

const sectorBytes = 512;
const active = 'ACTIVE';

/** What a volume is read through, and where it begins. */
export interface OpenedVolume {
  readonly source: BlockSource;
  readonly first: DynamicDisk;
  /** On that disk. */
  readonly offsetBytes: number;
}

/** Dynamic disks that know of the same volumes. */
export class DynamicGroup {
  readonly name: string;
  readonly volumes: readonly LdmVolume[];
  readonly #records: readonly LdmRecord[];
  readonly #disks: readonly DynamicDisk[];

  private constructor({ groupName, records }: LdmDatabase, disks: readonly DynamicDisk[]) {
    this.name = groupName;
    this.volumes = records.filter(record => record.kind === 'volume');
    this.#records = records;
    this.#disks = disks;
  }

  /** As the newest copy of the database says; undefined if there is none. */
  static of(disks: readonly DynamicDisk[]): DynamicGroup | undefined {
    const [newest] = disks
      .flatMap(({ database }) => (database === undefined ? [] : [database]))
      .toSorted((one, other) => other.sequence - one.sequence);
    return newest === undefined ? undefined : new DynamicGroup(newest, disks);
  }

  /**
   * Of a mirror the first copy that is up to date and whole.
   * @throws UNSUPPORTED_FORMAT if it cannot be read, and why; CORRUPT_DATA
   */
  open(volume: LdmVolume): OpenedVolume {
    let problem = this.#unreadable(volume, 'it consists of nothing');
    for (const component of this.#records.filter(isComponentOf(volume))) {
      try {
        return this.#openComponent(volume, component);
      } catch (error) {
        if (!AppError.is(error, 'UNSUPPORTED_FORMAT')) throw error;
        problem = error;
      }
    }
    throw problem;
  }

  #openComponent(volume: LdmVolume, component: LdmComponent): OpenedVolume {
    if (component.state !== active) throw this.#unreadable(volume, `a copy of it is ${component.state}`);
    const partitions = this.#records.filter(isPartitionOf(component));
    if (partitions.length === 0 || partitions.length !== component.partitionCount) {
      throw this.#unreadable(volume, 'its parts are not all known');
    }
    const sizeBytes = volume.sizeSectors * sectorBytes;
    const whole = this.#layOut(volume, component, partitions);
    if (whole.sizeBytes < sizeBytes) throw this.#unreadable(volume, 'its parts are smaller than itself');
    const start = partitions.find(partition => this.#diskOf(partition) !== undefined);
    const first = start === undefined ? undefined : this.#diskOf(start);
    if (start === undefined || first === undefined) throw this.#missing(volume);
    const offsetBytes = first.header.dataStartBytes + start.startSector * sectorBytes;
    return { source: sliceSource(whole, 0, sizeBytes, this.#nameOf(volume)), first, offsetBytes };
  }

  #layOut(volume: LdmVolume, component: LdmComponent, partitions: readonly LdmPartition[]): BlockSource {
    const name = this.#nameOf(volume);
    if (component.layout === 'spanned') return this.#span(volume, partitions);
    const stripeBytes = component.stripeSectors * sectorBytes;
    const columns = this.#columns(volume, component, partitions);
    const usedBytes = Math.min(...columns.map(column => column?.sizeBytes ?? Infinity));
    if (stripeBytes === 0 || !Number.isFinite(usedBytes)) throw this.#missing(volume);
    const rows = Math.floor(usedBytes / stripeBytes);
    const lost = columns.filter(column => column === undefined).length;
    if (component.layout === 'striped') {
      const whole = columns.filter(column => column !== undefined);
      if (lost > 0) throw this.#missing(volume);
      const even = whole.map(column => sliceSource(column, 0, rows * stripeBytes, name));
      return stripedSource(even, stripeBytes, name);
    }
    if (component.layout !== 'raid') throw this.#unreadable(volume, 'its layout is not known');
    if (lost > 1 || columns.length < 3) throw this.#missing(volume);
    return paritySource(columns, stripeBytes, rows, leftSymmetric(columns.length), name);
  }

  /** Each column may itself lie in several places. Undefined where a disk is missing. */
  #columns(
    volume: LdmVolume,
    { columnCount }: LdmComponent,
    partitions: readonly LdmPartition[],
  ): (BlockSource | undefined)[] {
    if (columnCount > partitions.length) throw this.#unreadable(volume, 'its columns are not all known');
    return Array.from({ length: columnCount }, (_, column) => {
      const parts = partitions.filter(partition => partition.column === column);
      if (parts.length === 0) throw this.#unreadable(volume, 'its columns are not all known');
      const isWhole = parts.every(part => this.#diskOf(part) !== undefined);
      return isWhole ? this.#span(volume, parts) : undefined;
    });
  }

  /** Parts one behind the other; what their offsets leave out is not read over. */
  #span(volume: LdmVolume, partitions: readonly LdmPartition[]): BlockSource {
    const name = this.#nameOf(volume);
    const ordered = partitions.toSorted((one, other) => one.offsetSectors - other.offsetSectors);
    let nextSector = 0;
    const parts = ordered.map(({ startSector, offsetSectors, sizeSectors, ...place }) => {
      const member = this.#diskOf(place);
      if (member === undefined) throw this.#missing(volume);
      if (offsetSectors !== nextSector) throw this.#unreadable(volume, 'there are gaps between its parts');
      nextSector += sizeSectors;
      const offsetBytes = member.header.dataStartBytes + startSector * sectorBytes;
      return sliceSource(member.disk, offsetBytes, sizeSectors * sectorBytes, name);
    });
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : concatSource(parts, name);
  }

  #diskOf({ diskId }: Pick<LdmPartition, 'diskId'>): DynamicDisk | undefined {
    const record = this.#records.find(({ kind, id }) => kind === 'disk' && id === diskId);
    return record?.kind === 'disk'
      ? this.#disks.find(({ header }) => header.diskId === record.guid)
      : undefined;
  }

  #missing(volume: LdmVolume): AppError {
    return this.#unreadable(volume, 'a disk of it is missing');
  }

  #unreadable(volume: LdmVolume, why: string): AppError {
    const name = this.#nameOf(volume);
    return new AppError('UNSUPPORTED_FORMAT', `The dynamic volume ${name} cannot be read: ${why}`, {
      object: name,
    });
  }

  #nameOf({ name }: LdmVolume): string {
    return `${this.name}/${name}`;
  }
}

/** As Windows turns the parity of its RAID 5. */
function leftSymmetric(columnCount: number): ParityLayout {
  const parityOf = (row: number) => columnCount - 1 - (row % columnCount);
  return {
    dataColumns: columnCount - 1,
    dataColumn: (row, position) => (parityOf(row) + 1 + position) % columnCount,
    sumColumn: parityOf,
  };
}

function isComponentOf({ id }: LdmVolume) {
  return (record: LdmRecord): record is LdmComponent => record.kind === 'component' && record.volumeId === id;
}

function isPartitionOf({ id }: LdmComponent) {
  return (record: LdmRecord): record is LdmPartition =>
    record.kind === 'partition' && record.componentId === id;
}
