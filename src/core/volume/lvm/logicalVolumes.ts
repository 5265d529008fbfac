import { AppError } from '../../../base/errors.ts';
import { madeVolume } from '../madeVolume.ts';
import { openListings } from '../openListings.ts';
import type { VolumeListing } from '../volume.ts';
import { GroupMapper, type FoundMember } from './groupMapper.ts';
import { readPhysicalVolume } from './physicalVolume.ts';
import { parseVolumeGroup, type LogicalVolume, type VolumeGroup } from './volumeGroup.ts';

/**
 * Adds the logical volumes that lie on the volumes of all disks of a VM, each with the disk its first byte lies on.
 * What cannot be put together is told as a problem there.
 */
export async function addLogicalVolumes(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<VolumeListing[]> {
  const { volumes, problems, close } = openListings(listings);
  const members = await findMembers(listings, problems, signal);
  for (const { group, home } of newestGroups(members, problems)) {
    const mapper = new GroupMapper(group, members);
    for (const logical of group.logicalVolumes.filter(isOffered)) {
      try {
        const source = await mapper.open(logical, signal);
        const { disk, offsetBytes } = mapper.start(logical);
        const name = mapper.nameOf(logical);
        const onDisk = volumes[disk] ?? [];
        onDisk.push(await madeVolume(onDisk, { name, uuid: logical.id, offsetBytes, source }, signal));
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'INVALID_INPUT')) throw error;
        problems[home]?.push(error.message);
      }
    }
  }
  return close();
}

/** Pools are visible, too, but nobody wants a file of one. */
function isOffered({ isVisible, segments }: LogicalVolume): boolean {
  return isVisible && !segments.some(({ map }) => map.kind === 'thin-pool');
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
