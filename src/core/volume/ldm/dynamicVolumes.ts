import { AppError } from '../../../base/errors.ts';
import { madeVolume } from '../madeVolume.ts';
import { openListings } from '../openListings.ts';
import type { VolumeListing } from '../volume.ts';
import type { DynamicDisk } from './dynamicDisk.ts';
import { DynamicGroup } from './dynamicGroup.ts';

interface Member {
  /** Its place among the disks of the VM. */
  readonly position: number;
  readonly member: DynamicDisk;
}

/**
 * Adds the volumes of the dynamic disks of Windows, each with the disk it begins on. What cannot be put together is told
 * as a problem.
 */
export async function addDynamicVolumes(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<VolumeListing[]> {
  const { volumes, problems, close } = openListings(listings);
  for (const members of groupsOf(listings)) {
    const home = members[0]?.position ?? 0;
    const group = DynamicGroup.of(members.map(({ member }) => member));
    if (group === undefined) {
      problems[home]?.push('No copy of the database of the dynamic disks can be read');
      continue;
    }
    for (const volume of group.volumes) {
      try {
        const { source, first, offsetBytes } = group.open(volume);
        const position = members.find(({ member }) => member === first)?.position ?? home;
        const onDisk = volumes[position] ?? [];
        const name = `${group.name}/${volume.name}`;
        onDisk.push(await madeVolume(onDisk, { name, uuid: volume.guid, offsetBytes, source }, signal));
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'INVALID_INPUT')) throw error;
        problems[home]?.push(error.message);
      }
    }
  }
  return close();
}

function groupsOf(listings: readonly VolumeListing[]): Member[][] {
  const groups = new Map<string, Member[]>();
  for (const [position, { dynamicDisk: member }] of listings.entries()) {
    if (member === undefined) continue;
    const { groupId } = member.header;
    groups.set(groupId, [...(groups.get(groupId) ?? []), { position, member }]);
  }
  return [...groups.values()];
}
