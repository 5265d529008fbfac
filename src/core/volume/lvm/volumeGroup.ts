import { CorruptDataError } from '../../../base/errors.ts';
import { parseConfigText, type ConfigSection } from './configText.ts';

/** A group of physical volumes whose space is given to logical ones. */
export interface VolumeGroup {
  readonly id: string;
  readonly name: string;
  /** Grows with every change: the text with the highest number counts. */
  readonly sequence: number;
  readonly extentBytes: number;
  readonly physicalVolumes: ReadonlyMap<string, GroupMember>;
  readonly logicalVolumes: readonly LogicalVolume[];
}

export interface GroupMember {
  /** Without dashes. */
  readonly id: string;
  /** Where its first extent begins. */
  readonly startBytes: number;
}

export interface LogicalVolume {
  readonly name: string;
  readonly id: string;
  /** Others are parts of a volume that has more than one. */
  readonly isVisible: boolean;
  readonly segments: readonly LogicalSegment[];
}

export interface LogicalSegment {
  readonly extentCount: number;
  readonly map: SegmentMap;
}

/** Where the extents of a segment lie. */
export type SegmentMap =
  | {
      readonly kind: 'striped';
      /** With one stripe it is a linear segment. */
      readonly stripes: readonly { readonly member: string; readonly firstExtent: number }[];
      readonly stripeBytes: number;
    }
  /** Every leg, which is a logical volume, holds all of it. */
  | { readonly kind: 'mirror'; readonly legs: readonly string[] }
  | { readonly kind: 'thin'; readonly pool: string; readonly deviceId: number }
  /** Both are logical volumes. */
  | { readonly kind: 'thin-pool'; readonly data: string; readonly metadata: string }
  /** Known to its users by the name of the volume that holds its changes. */
  | { readonly kind: 'snapshot'; readonly origin: string; readonly changesIn: string }
  /** What is not read. */
  | { readonly kind: 'other'; readonly type: string };

const sectorBytes = 512;
const maxSegments = 100_000;

/** @throws CORRUPT_DATA */
export function parseVolumeGroup(text: string): VolumeGroup {
  const root = parseConfigText(text);
  const [found] = [...root.sections].filter(([, section]) => section.sections.has('physical_volumes'));
  if (found === undefined) throw corrupt('it names no volume group');
  const [name, group] = found;
  const physicalVolumes = new Map<string, GroupMember>();
  for (const [member, section] of group.sections.get('physical_volumes')?.sections ?? []) {
    const startBytes = count(section, 'pe_start') * sectorBytes;
    physicalVolumes.set(member, { id: textOf(section, 'id').replaceAll('-', ''), startBytes });
  }
  const logical = group.sections.get('logical_volumes')?.sections ?? new Map<string, ConfigSection>();
  return {
    id: textOf(group, 'id'),
    name,
    sequence: count(group, 'seqno'),
    extentBytes: count(group, 'extent_size', 1) * sectorBytes,
    physicalVolumes,
    logicalVolumes: [...logical].map(([volume, section]) => parseLogicalVolume(volume, section)),
  };
}

function parseLogicalVolume(name: string, section: ConfigSection): LogicalVolume {
  const segmentCount = count(section, 'segment_count');
  if (segmentCount > maxSegments) throw corrupt(`${name} has ${segmentCount} segments`);
  const status = section.values.get('status');
  const segments: LogicalSegment[] = [];
  let nextExtent = 0;
  for (let index = 1; index <= segmentCount; index += 1) {
    const segment = section.sections.get(`segment${index}`);
    if (segment === undefined) throw corrupt(`${name} lacks its segment ${index}`);
    if (count(segment, 'start_extent') !== nextExtent)
      throw corrupt(`the segments of ${name} are out of order`);
    const parsed = parseSegment(name, segment);
    nextExtent += parsed.extentCount;
    segments.push(parsed);
  }
  const isVisible = Array.isArray(status) && status.includes('VISIBLE');
  return { name, id: textOf(section, 'id'), isVisible, segments };
}

function parseSegment(name: string, segment: ConfigSection): LogicalSegment {
  const extentCount = count(segment, 'extent_count', 1);
  return { extentCount, map: parseMap(name, segment, extentCount) };
}

function parseMap(name: string, segment: ConfigSection, extentCount: number): SegmentMap {
  const type = textOf(segment, 'type');
  const hasOrigin = segment.values.has('external_origin');
  if (type === 'striped') return parseStripes(name, segment, extentCount);
  if (type === 'raid1') return { kind: 'mirror', legs: namesIn(segment, 'raids', name => !isRaidLog(name)) };
  if (type === 'mirror') return { kind: 'mirror', legs: namesIn(segment, 'mirrors') };
  if (type === 'thin' && !hasOrigin) {
    return { kind: 'thin', pool: textOf(segment, 'thin_pool'), deviceId: count(segment, 'device_id') };
  }
  if (type === 'thin-pool') {
    return { kind: 'thin-pool', data: textOf(segment, 'pool'), metadata: textOf(segment, 'metadata') };
  }
  if (type === 'snapshot' && segment.values.has('cow_store')) {
    const [origin, changesIn] = [textOf(segment, 'origin'), textOf(segment, 'cow_store')];
    return { kind: 'snapshot', origin, changesIn };
  }
  if (type === 'snapshot') return { kind: 'other', type: 'snapshot that is being merged' };
  return { kind: 'other', type: hasOrigin ? `${type} with an external origin` : type };
}

function isRaidLog(name: string): boolean {
  return /_rmeta_\d+$/.test(name);
}

/** Names of logical volumes in a list; numbers between them are their first extents, which are always 0. */
function namesIn(
  segment: ConfigSection,
  field: string,
  isWanted: (name: string) => boolean = () => true,
): string[] {
  const list = segment.values.get(field);
  const values: readonly unknown[] = Array.isArray(list) ? list : [];
  return values.filter(value => typeof value === 'string').filter(isWanted);
}

function parseStripes(name: string, segment: ConfigSection, extentCount: number): SegmentMap {
  const list = segment.values.get('stripes');
  const values: readonly unknown[] = Array.isArray(list) ? list : [];
  const stripes: { readonly member: string; readonly firstExtent: number }[] = [];
  for (let index = 0; index + 1 < values.length; index += 2) {
    const [member, firstExtent] = [values[index], values[index + 1]];
    if (typeof member !== 'string' || typeof firstExtent !== 'number' || !isCount(firstExtent)) {
      throw corrupt(`${name} has a stripe that is nowhere`);
    }
    stripes.push({ member, firstExtent });
  }
  if (
    stripes.length === 0 ||
    stripes.length !== count(segment, 'stripe_count') ||
    extentCount % stripes.length !== 0
  ) {
    throw corrupt(`${name} has ${stripes.length} stripes in ${extentCount} extents`);
  }
  const stripeBytes = stripes.length > 1 ? count(segment, 'stripe_size', 1) * sectorBytes : 0;
  return { kind: 'striped', stripes, stripeBytes };
}

function textOf(section: ConfigSection, name: string): string {
  const value = section.values.get(name);
  if (typeof value !== 'string') throw corrupt(`${name} is no text`);
  return value;
}

function count(section: ConfigSection, name: string, min = 0): number {
  const value = section.values.get(name);
  if (typeof value !== 'number' || !isCount(value) || value < min) throw corrupt(`${name} is no number`);
  return value;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 44;
}

function corrupt(problem: string): CorruptDataError {
  return new CorruptDataError(`the LVM2 volume group is damaged: ${problem}`);
}
