import { CorruptDataError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { concatSource } from '../../block/concatSource.ts';
import { paritySource } from '../../block/paritySource.ts';
import { sliceSource } from '../../block/sliceSource.ts';
import { stripedSource } from '../../block/stripedSource.ts';
import { parityLayout } from './parityLayout.ts';
import { raid10Source } from './raid10.ts';
import { unreadable } from './unreadable.ts';
import type { MdSuperblock } from './superblock.ts';

/** A member of an array with its share. */
export interface MdMember {
  readonly superblock: MdSuperblock;
  readonly data: BlockSource;
}

/** Zones of a RAID 0 whose members differ in size are counted from the start of the array, or each for itself. */
const zoneLayouts = { unknown: 0, fromArrayStart: 1, fromZoneStart: 2 } as const;

/**
 * The bytes of an array.
 * @param members  by their place in it; missing ones are undefined
 * @throws UNSUPPORTED_FORMAT if it cannot be read, and why
 */
export function arraySource(
  { level, layout, chunkBytes, diskCount, usedBytes }: MdSuperblock,
  members: readonly (MdMember | undefined)[],
  name: string,
): BlockSource {
  const present = members.filter(member => member !== undefined);
  if (level === 'raid1') {
    const [first] = present;
    if (first === undefined) throw unreadable(name, 'no member of it is whole');
    return sliceSource(first.data, 0, usedBytes, name);
  }
  if (level === 'raid10') {
    const columns = members.map(member => member?.data);
    return raid10Source(columns, { layout, chunkBytes, diskCount, usedBytes }, name);
  }
  if (level === 'raid4' || level === 'raid5' || level === 'raid6') {
    const columns = members.map(member => member && sliceSource(member.data, 0, usedBytes, name));
    const missing = diskCount - present.length;
    if (missing > (level === 'raid6' ? 2 : 1))
      throw unreadable(name, `${missing} of its ${diskCount} disks are missing`);
    if (chunkBytes === 0) throw new CorruptDataError(`the array ${name} has stripes of no bytes`);
    const layoutOfLevel = parityLayout(level, layout, diskCount, name);
    return paritySource(columns, chunkBytes, Math.floor(usedBytes / chunkBytes), layoutOfLevel, name);
  }
  if (level === 'unknown') throw unreadable(name, 'its level is not known');
  if (present.length < diskCount) {
    throw unreadable(name, `${diskCount - present.length} of its ${diskCount} disks are missing`);
  }
  const parts = present.map(({ data }) => wholeChunks(data, chunkBytes, name));
  return level === 'linear' ? concatSource(parts, name) : raid0Source(parts, layout, chunkBytes, name);
}

function wholeChunks(data: BlockSource, chunkBytes: number, name: string): BlockSource {
  const usableBytes = chunkBytes === 0 ? data.sizeBytes : data.sizeBytes - (data.sizeBytes % chunkBytes);
  return sliceSource(data, 0, usableBytes, name);
}

/** Where the smallest member ends, the others go on among themselves: the next zone. */
function raid0Source(
  parts: readonly BlockSource[],
  layout: number,
  chunkBytes: number,
  name: string,
): BlockSource {
  if (chunkBytes === 0) throw new CorruptDataError(`the array ${name} has stripes of no bytes`);
  const ends = [...new Set(parts.map(({ sizeBytes }) => sizeBytes))].toSorted((one, other) => one - other);
  if (ends.length > 1 && layout === zoneLayouts.unknown) {
    throw unreadable(name, 'its disks differ in size, and it does not say how its zones are counted');
  }
  const zones: BlockSource[] = [];
  let [startBytes, arrayBytes] = [0, 0];
  for (const endBytes of ends) {
    const columns = parts
      .filter(({ sizeBytes }) => sizeBytes >= endBytes)
      .map(part => sliceSource(part, startBytes, endBytes - startBytes, name));
    const turn = layout === zoneLayouts.fromArrayStart ? (arrayBytes / chunkBytes) % columns.length : 0;
    const turned = [...columns.slice(turn), ...columns.slice(0, turn)];
    const zone = stripedSource(turned, chunkBytes, name);
    if (zone.sizeBytes > 0) zones.push(zone);
    arrayBytes += zone.sizeBytes;
    startBytes = endBytes;
  }
  return concatSource(zones, name);
}
