import { AppError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { concatSource } from '../../block/concatSource.ts';
import { sliceSource } from '../../block/sliceSource.ts';
import { stripedSource } from '../../block/stripedSource.ts';
import type { Volume } from '../volume.ts';
import { openThinPool, type ThinPool } from './thinPool.ts';
import { snapshotSource } from './snapshotSource.ts';
import type { LogicalSegment, LogicalVolume, SegmentMap, VolumeGroup } from './volumeGroup.ts';

/** A physical volume of LVM2 that was found on one of the disks. */
export interface FoundMember {
  readonly disk: number;
  readonly volume: Volume;
  readonly groupText: string | undefined;
}

/** Volumes that consist of volumes: a thin one, its pool, the mirror below, its leg. */
const maxDepth = 8;

/** Finds the bytes of the logical volumes of one group on its physical volumes. */
export class GroupMapper {
  readonly #group: VolumeGroup;
  readonly #members: ReadonlyMap<string, FoundMember>;
  readonly #pools = new Map<string, ThinPool>();

  /** @param members  of all groups, by their ids */
  constructor(group: VolumeGroup, members: ReadonlyMap<string, FoundMember>) {
    this.#group = group;
    this.#members = members;
  }

  /** @throws UNSUPPORTED_FORMAT if it cannot be read, and why; CORRUPT_DATA */
  async open(logical: LogicalVolume, signal: AbortSignal): Promise<BlockSource> {
    return await this.#open(logical, this.nameOf(logical), 0, signal);
  }

  /** As its users know it: a snapshot by the volume that holds its changes. */
  nameOf({ name, segments }: LogicalVolume): string {
    const map = segments[0]?.map;
    return this.#nameOf(map?.kind === 'snapshot' ? map.changesIn : name);
  }

  /** Where a volume begins: for a thin one, where its pool does. */
  start(logical: LogicalVolume): { readonly disk: number; readonly offsetBytes: number } {
    return this.#start(logical, 0);
  }

  /** @param name  of the volume that is wanted in the end, for errors */
  async #open(
    logical: LogicalVolume,
    name: string,
    depth: number,
    signal: AbortSignal,
  ): Promise<BlockSource> {
    if (depth > maxDepth) throw unreadable(name, 'it consists of itself');
    const parts: BlockSource[] = [];
    for (const segment of logical.segments) parts.push(await this.#openSegment(segment, name, depth, signal));
    const [first] = parts;
    if (first === undefined) throw unreadable(name, 'it has no segments');
    return parts.length === 1 ? first : concatSource(parts, name);
  }

  async #openSegment(
    { map, extentCount }: LogicalSegment,
    name: string,
    depth: number,
    signal: AbortSignal,
  ): Promise<BlockSource> {
    const lengthBytes = extentCount * this.#group.extentBytes;
    if (map.kind === 'striped') return this.#openStripes(map, lengthBytes, name);
    if (map.kind === 'mirror') {
      const leg = await this.#firstWholeLeg(map.legs, name, depth, signal);
      return sliceSource(leg, 0, lengthBytes, name);
    }
    if (map.kind === 'thin') {
      const pool = await this.#pool(map.pool, name, depth, signal);
      return await pool.open(map.deviceId, lengthBytes, name, signal);
    }
    if (map.kind === 'snapshot') {
      const origin = await this.#open(this.#volume(map.origin, name), name, depth + 1, signal);
      const changes = await this.#open(this.#volume(map.changesIn, name), name, depth + 1, signal);
      return await snapshotSource(sliceSource(origin, 0, lengthBytes, name), changes, name, signal);
    }
    throw unreadable(name, `it is of type ${map.kind === 'other' ? map.type : map.kind}`);
  }

  #openStripes(
    { stripes, stripeBytes }: Extract<SegmentMap, { kind: 'striped' }>,
    segmentBytes: number,
    name: string,
  ): BlockSource {
    const lengthBytes = segmentBytes / stripes.length;
    const columns = stripes.map(({ member, firstExtent }) => {
      const found = this.#member(member, name);
      const offsetBytes = found.startBytes + firstExtent * this.#group.extentBytes;
      return sliceSource(found.volume.source, offsetBytes, lengthBytes, `logical volume ${name}`);
    });
    const [only] = columns;
    if (columns.length === 1 && only !== undefined) return only;
    if (lengthBytes % stripeBytes !== 0) throw unreadable(name, 'its stripes do not fit its extents');
    return stripedSource(columns, stripeBytes, name);
  }

  async #firstWholeLeg(
    legs: readonly string[],
    name: string,
    depth: number,
    signal: AbortSignal,
  ): Promise<BlockSource> {
    let problem: unknown = unreadable(name, 'its mirror has no legs');
    for (const leg of legs) {
      try {
        return await this.#open(this.#volume(leg, name), name, depth + 1, signal);
      } catch (error) {
        if (!AppError.is(error, 'UNSUPPORTED_FORMAT', 'INVALID_INPUT')) throw error;
        problem = error;
      }
    }
    throw problem;
  }

  async #pool(poolName: string, name: string, depth: number, signal: AbortSignal): Promise<ThinPool> {
    const known = this.#pools.get(poolName);
    if (known !== undefined) return known;
    const map = this.#volume(poolName, name).segments[0]?.map;
    if (map?.kind !== 'thin-pool') throw unreadable(name, `${poolName} is no thin pool`);
    const metadata = await this.#open(this.#volume(map.metadata, name), name, depth + 1, signal);
    const data = await this.#open(this.#volume(map.data, name), name, depth + 1, signal);
    const pool = await openThinPool(metadata, data, signal);
    this.#pools.set(poolName, pool);
    return pool;
  }

  #start(logical: LogicalVolume, depth: number): { readonly disk: number; readonly offsetBytes: number } {
    const name = this.#nameOf(logical.name);
    const map = logical.segments[0]?.map;
    const below = (other: string | undefined) => {
      if (other === undefined || depth > maxDepth) throw unreadable(name, 'it lies nowhere');
      return this.#start(this.#volume(other, name), depth + 1);
    };
    if (map?.kind === 'mirror') {
      const isThere = (leg: string) => this.#isThere(this.#volume(leg, name), depth + 1);
      return below(map.legs.find(isThere) ?? map.legs[0]);
    }
    if (map?.kind === 'snapshot') return below(map.origin);
    if (map?.kind === 'thin') return below(map.pool);
    if (map?.kind === 'thin-pool') return below(map.data);
    const stripe = map?.kind === 'striped' ? map.stripes[0] : undefined;
    if (stripe === undefined) throw unreadable(name, 'it lies nowhere');
    const { disk, volume, startBytes } = this.#member(stripe.member, name);
    return {
      disk,
      offsetBytes: volume.offsetBytes + startBytes + stripe.firstExtent * this.#group.extentBytes,
    };
  }

  #isThere(logical: LogicalVolume, depth: number): boolean {
    try {
      this.#start(logical, depth);
      return true;
    } catch (error) {
      if (!AppError.is(error, 'UNSUPPORTED_FORMAT')) throw error;
      return false;
    }
  }

  #volume(wanted: string, name: string): LogicalVolume {
    const found = this.#group.logicalVolumes.find(candidate => candidate.name === wanted);
    if (found === undefined) throw unreadable(name, `its group has no ${wanted}`);
    return found;
  }

  #member(memberName: string, name: string): FoundMember & { readonly startBytes: number } {
    const declared = this.#group.physicalVolumes.get(memberName);
    const member = declared === undefined ? undefined : this.#members.get(declared.id);
    if (declared === undefined || member === undefined) {
      throw unreadable(name, 'a disk of its volume group is missing');
    }
    return { ...member, startBytes: declared.startBytes };
  }

  #nameOf(logicalName: string): string {
    return `${this.#group.name}/${logicalName}`;
  }
}

function unreadable(name: string, why: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `The logical volume ${name} cannot be read: ${why}`, {
    object: name,
  });
}
