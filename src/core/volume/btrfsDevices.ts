import { BinaryReader } from '../../base/binaryReader.ts';
import { AppError } from '../../base/errors.ts';
import { readRange } from '../block/blockSource.ts';
import type { Volume, VolumeListing } from './volume.ts';

/** What the superblock of a device tells of the file system it belongs to. */
interface BtrfsDevice {
  readonly volume: Volume;
  readonly fileSystemId: string;
  readonly deviceId: number;
}

const superblockOffsetBytes = 64 * 1024;
const headBytes = 512;
const furtherDevice = { kind: 'member', title: 'further device of a Btrfs file system' } as const;

/**
 * Gives the first device of every Btrfs file system that lies on several the others, in which it is found from then on;
 * the others are no volumes to be opened any more.
 * @see Btrfs documentation, "On-disk Format", "Superblock"
 */
export async function joinBtrfsDevices(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<VolumeListing[]> {
  const devices = new Map<string, BtrfsDevice[]>();
  for (const volume of listings.flatMap(({ volumes }) => volumes)) {
    const device = await readDevice(volume, signal);
    if (device === undefined) continue;
    const known = devices.get(device.fileSystemId) ?? [];
    devices.set(device.fileSystemId, [...known, device]);
  }
  const replaced = new Map<Volume, Volume>();
  for (const members of devices.values()) {
    const [first, ...others] = members.toSorted((one, other) => one.deviceId - other.deviceId);
    if (first === undefined || others.length === 0) continue;
    const otherDevices = others.map(({ volume }) => volume.source);
    replaced.set(first.volume, { ...first.volume, otherDevices });
    for (const { volume } of others) replaced.set(volume, { ...volume, content: furtherDevice });
  }
  return listings.map(listing => ({
    ...listing,
    volumes: listing.volumes.map(volume => replaced.get(volume) ?? volume),
  }));
}

async function readDevice(volume: Volume, signal: AbortSignal): Promise<BtrfsDevice | undefined> {
  if (volume.content?.kind !== 'btrfs') return undefined;
  try {
    const head = await readRange(volume.source, superblockOffsetBytes, headBytes, signal);
    const reader = new BinaryReader(head, 'Btrfs superblock', superblockOffsetBytes);
    if (reader.u64le('device count', 136) <= 1) return undefined;
    const fileSystemId = Buffer.from(reader.bytes('uuid', 32, 16)).toString('hex');
    return { volume, fileSystemId, deviceId: reader.u64le('device id', 201) };
  } catch (error) {
    // Opening it tells what is wrong.
    if (!AppError.is(error, 'CORRUPT_DATA', 'INVALID_INPUT')) throw error;
    return undefined;
  }
}
