import type { VersionedDisk } from '../disk/versionedDisk.ts';
import { partitionOffsetBytes } from '../images/guestDisks.ts';

const superblockBytes = 1024;
const superblockOffset = partitionOffsetBytes + 1024;
const checksumOffset = 0x3fc;
const needsRecovery = 0x4;
const metadataChecksums = 0x400;

/**
 * Sets or clears "needs recovery" in the superblock of a disk's ext4, as Linux does when it mounts one, and when it
 * freezes or unmounts it. Nothing is written where the mark is as it shall be, or there is no ext4.
 */
export async function markMounted(disk: VersionedDisk, isInUse: boolean): Promise<void> {
  if (disk.sizeBytes < superblockOffset + superblockBytes) return;
  const bytes = Buffer.alloc(superblockBytes);
  await disk.readAt(disk.position, superblockOffset, bytes);
  if (bytes.readUInt16LE(0x38) !== 0xef53) return;
  const features = bytes.readUInt32LE(0x60);
  const wanted = isInUse ? features | needsRecovery : features & ~needsRecovery;
  if (wanted >>> 0 === features) return;
  bytes.writeUInt32LE(wanted >>> 0, 0x60);
  if ((bytes.readUInt32LE(0x64) & metadataChecksums) !== 0)
    bytes.writeUInt32LE(crc32c(bytes.subarray(0, checksumOffset)), checksumOffset);
  await disk.write(superblockOffset, bytes);
}

/** CRC-32C without the last inversion, as ext4 uses it. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return crc >>> 0;
}
