import { AppError } from '../../base/errors.ts';
import { identifyContent } from '../block/contentSignature.ts';
import type { ContentSignature } from '../block/contentSignature.ts';
import { concatSource } from '../block/concatSource.ts';
import type { BlockSource } from '../block/blockSource.ts';
import { sliceSource } from '../block/sliceSource.ts';
import { stripedSource } from '../block/stripedSource.ts';
import { joinBtrfsDevices } from './btrfsDevices.ts';
import { readPhysicalVolume } from './lvm/physicalVolume.ts';
import {
  parseVolumeGroup,
  type LogicalSegment,
  type LogicalVolume,
  type VolumeGroup,
} from './lvm/volumeGroup.ts';
import type { Volume, VolumeListing } from './volume.ts';

/** Numbers of volumes that are made of others; no partition has one so high. */
const firstLogicalIndex = 1001;

/** A physical volume of LVM2 that was found on one of the disks. */
interface FoundMember {
  readonly disk: number;
  readonly volume: Volume;
  readonly groupText: string | undefined;
}

/**
 * Adds the logical volumes that lie on the volumes of all disks of a VM, each with the disk its first byte lies on, and
 * joins the devices of file systems that lie on several. What cannot be put together is told as a problem there.
 * @param listings  of all disks of one moment
 */
export async function assembleVolumes(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<VolumeListing[]> {
  const volumes = listings.map(({ volumes: found }) => [...found]);
  const problems = listings.map(({ problems: told }) => [...told]);
  const members = await findMembers(listings, problems, signal);
  for (const { group, home } of newestGroups(members, problems)) {
    for (const logical of group.logicalVolumes.filter(({ isVisible }) => isVisible)) {
      try {
        const { disk, offsetBytes, source } = mapLogicalVolume(group, logical, members);
        const index = firstLogicalIndex + (volumes[disk]?.filter(isLogical).length ?? 0);
        const content = await contentOf(source, signal);
        const name = `${group.name}/${logical.name}`;
        const place = { offsetBytes, sizeBytes: source.sizeBytes };
        volumes[disk]?.push({
          index,
          name,
          role: 'data',
          typeId: undefined,
          uuid: logical.id,
          ...place,
          source,
          content,
        });
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'INVALID_INPUT')) throw error;
        problems[home]?.push(error.message);
      }
    }
  }
  const assembled = listings.map(({ scheme }, disk) => ({
    scheme,
    volumes: volumes[disk] ?? [],
    problems: problems[disk] ?? [],
  }));
  return await joinBtrfsDevices(assembled, signal);
}

function isLogical({ index }: Volume): boolean {
  return index >= firstLogicalIndex;
}

async function findMembers(
  listings: readonly VolumeListing[],
  problems: readonly string[][],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FoundMember>> {
  const members = new Map<string, FoundMember>();
  for (const [disk, { volumes }] of listings.entries()) {
    for (const volume of volumes.filter(({ content }) => content?.kind === 'lvm2')) {
      try {
        const physical = await readPhysicalVolume(volume.source, signal);
        if (physical === undefined) continue;
        if (members.has(physical.id)) {
          problems[disk]?.push(
            `Volume ${volume.index} is a copy of another physical volume; the first one is read`,
          );
        } else {
          members.set(physical.id, { disk, volume, groupText: physical.groupText });
        }
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
        problems[disk]?.push(`Volume ${volume.index}: ${error.message}`);
      }
    }
  }
  return members;
}

/** Every member may hold a text of the group; the newest one counts. */
function newestGroups(members: ReadonlyMap<string, FoundMember>, problems: readonly string[][]) {
  const groups = new Map<string, { readonly group: VolumeGroup; readonly home: number }>();
  for (const { disk, volume, groupText } of members.values()) {
    if (groupText === undefined) continue;
    try {
      const group = parseVolumeGroup(groupText);
      const known = groups.get(group.id);
      if (known === undefined || known.group.sequence < group.sequence) {
        groups.set(group.id, { group, home: known?.home ?? disk });
      }
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
      problems[disk]?.push(`Volume ${volume.index}: ${error.message}`);
    }
  }
  return [...groups.values()];
}

function mapLogicalVolume(
  group: VolumeGroup,
  logical: LogicalVolume,
  members: ReadonlyMap<string, FoundMember>,
): { readonly disk: number; readonly offsetBytes: number; readonly source: BlockSource } {
  const name = `${group.name}/${logical.name}`;
  const isSnapshot = group.logicalVolumes.some(({ segments }) =>
    segments.some(({ changesIn }) => changesIn === logical.name),
  );
  if (isSnapshot) throw unreadable(name, 'it is a snapshot');
  const [first] = logical.segments;
  const firstStripe = first?.stripes[0];
  const parts = logical.segments.map(segment => mapSegment(group, segment, name, members));
  if (first === undefined || firstStripe === undefined) throw unreadable(name, 'it has no segments');
  const { member, startBytes } = memberOf(group, firstStripe.member, name, members);
  const offsetBytes = member.volume.offsetBytes + startBytes + firstStripe.firstExtent * group.extentBytes;
  const [only] = parts;
  const source = parts.length === 1 && only !== undefined ? only : concatSource(parts, name);
  return { disk: member.disk, offsetBytes, source };
}

function mapSegment(
  group: VolumeGroup,
  { type, stripes, stripeBytes, extentCount }: LogicalSegment,
  name: string,
  members: ReadonlyMap<string, FoundMember>,
): BlockSource {
  if (type !== 'striped') throw unreadable(name, `it is of type ${type}`);
  const lengthBytes = (extentCount / stripes.length) * group.extentBytes;
  const columns = stripes.map(stripe => {
    const { member, startBytes } = memberOf(group, stripe.member, name, members);
    const offsetBytes = startBytes + stripe.firstExtent * group.extentBytes;
    return sliceSource(member.volume.source, offsetBytes, lengthBytes, `logical volume ${name}`);
  });
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) return only;
  if (lengthBytes % stripeBytes !== 0) throw unreadable(name, 'its stripes do not fit its extents');
  return stripedSource(columns, stripeBytes, name);
}

function memberOf(
  group: VolumeGroup,
  memberName: string,
  name: string,
  members: ReadonlyMap<string, FoundMember>,
): { readonly member: FoundMember; readonly startBytes: number } {
  const declared = group.physicalVolumes.get(memberName);
  const member = declared === undefined ? undefined : members.get(declared.id);
  if (declared === undefined || member === undefined) {
    throw unreadable(name, 'a disk of its volume group is missing');
  }
  return { member, startBytes: declared.startBytes };
}

async function contentOf(source: BlockSource, signal: AbortSignal): Promise<ContentSignature | undefined> {
  try {
    return await identifyContent(source, signal);
  } catch (error) {
    // What cannot be read is listed all the same; opening it tells why.
    if (!AppError.is(error) || error.code === 'CANCELLED') throw error;
    return undefined;
  }
}

function unreadable(name: string, why: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `The logical volume ${name} cannot be read: ${why}`, {
    object: name,
  });
}
