import { AppError } from '../../../base/errors.ts';
import { sliceSource } from '../../block/sliceSource.ts';
import { madeVolume } from '../madeVolume.ts';
import { openListings } from '../openListings.ts';
import type { Volume, VolumeListing } from '../volume.ts';
import { arraySource, type MdMember } from './arraySource.ts';
import { readMdSuperblock, type MdSuperblock } from './superblock.ts';
import { unreadable } from './unreadable.ts';

interface FoundMember extends MdMember {
  readonly disk: number;
  readonly volume: Volume;
}

const parityLevels: ReadonlySet<string> = new Set(['raid4', 'raid5', 'raid6']);
const partOfArray = { kind: 'member', title: 'part of a Linux software RAID' } as const;

/**
 * Adds the arrays of Linux software RAID that lie on the volumes of all disks of a VM, each with the disk of its first
 * member. The members are no volumes to be opened any more. What cannot be put together is told as a problem.
 */
export async function addMdArrays(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<VolumeListing[]> {
  const { volumes, problems, close } = openListings(listings);
  for (const members of (await findMembers(listings, problems, signal)).values()) {
    let home = members[0]?.disk ?? 0;
    try {
      const { newest, byPlace, problems: told } = inPlace(members);
      const first = byPlace.find(member => member !== undefined);
      home = first?.disk ?? home;
      problems[home]?.push(...told);
      const name = nameOf(newest);
      const source = arraySource(newest, byPlace, name);
      const offsetBytes = (first?.volume.offsetBytes ?? 0) + (first?.superblock.dataOffsetBytes ?? 0);
      const onDisk = volumes[home] ?? [];
      onDisk.push(await madeVolume(onDisk, { name, uuid: newest.arrayId, offsetBytes, source }, signal));
      for (const { disk, volume } of members) {
        volumes[disk] = (volumes[disk] ?? []).map(other =>
          other === volume ? { ...other, content: partOfArray } : other,
        );
      }
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'INVALID_INPUT')) throw error;
      problems[home]?.push(error.message);
    }
  }
  return close();
}

async function findMembers(
  listings: readonly VolumeListing[],
  problems: readonly string[][],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FoundMember[]>> {
  const arrays = new Map<string, FoundMember[]>();
  for (const [disk, { volumes }] of listings.entries()) {
    for (const volume of volumes) {
      try {
        const superblock = await readMdSuperblock(volume.source, signal);
        if (superblock === undefined) continue;
        const { arrayId, dataOffsetBytes, dataBytes } = superblock;
        const data = sliceSource(volume.source, dataOffsetBytes, dataBytes, 'a member of an array');
        arrays.set(arrayId, [...(arrays.get(arrayId) ?? []), { disk, volume, superblock, data }]);
      } catch (error) {
        // What cannot be read at all has been told with its volume.
        if (!AppError.is(error) || error.code === 'CANCELLED') throw error;
        if (error.code === 'CORRUPT_DATA') problems[disk]?.push(`Volume ${volume.index}: ${error.message}`);
      }
    }
  }
  return arrays;
}

/** The members that are up to date, by their places. One whose last change was not the array's last has left it. */
function inPlace(members: readonly FoundMember[]) {
  const [newest] = members
    .map(({ superblock }) => superblock)
    .toSorted((one, other) => other.events - one.events);
  if (newest === undefined) throw unreadable('', 'it has no members');
  const name = nameOf(newest);
  const problems: string[] = [];
  const byPlace: (FoundMember | undefined)[] = Array.from({ length: newest.diskCount }, () => undefined);
  for (const member of members) {
    const { role, events, isIncomplete, isReshaping, hasJournal } = member.superblock;
    if (isReshaping) throw unreadable(name, 'it was being given another shape');
    if (hasJournal) throw unreadable(name, 'what was written last may lie in its journal alone');
    if (role === undefined || role >= newest.diskCount) continue;
    if (events + 1 < newest.events || isIncomplete) {
      problems.push(`Volume ${member.volume.index} had left the array ${name}; it is not read`);
    } else byPlace[role] ??= member;
  }
  const missing = byPlace.filter(member => member === undefined).length;
  if (missing > 0) problems.push(`The array ${name} lacks ${missing} of its ${newest.diskCount} disks`);
  if (missing > 0 && parityLevels.has(newest.level) && !newest.isClean) {
    const disks = missing === 1 ? 'its missing disk' : 'its missing disks';
    problems.push(
      `The array ${name} was being written to: what lay on ${disks} is computed, and may be wrong there`,
    );
  }
  return { newest, byPlace, problems };
}

/** `md/0`, whatever the host was called; the id of arrays without a name. */
function nameOf({ arrayName, arrayId }: MdSuperblock): string {
  const own = arrayName.slice(arrayName.indexOf(':') + 1);
  return `md/${own === '' ? arrayId.slice(0, 8) : own}`;
}
