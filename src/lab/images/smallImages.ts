import { createHash } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
// As a whole: an import by name fails on a Node without zstd before anybody can say that a newer one is needed.
import zlib from 'node:zlib';

import { AppError } from '../../base/errors.ts';
import type { Extent } from '../../core/block/extent.ts';
import { cachedImage, writeSparse } from './diskImage.ts';
import { guestDiskPlans, partitionOffsetBytes, type GuestDisk } from './guestDisks.ts';
import { identityText } from './guestTree.ts';
import { movedBy, parseImageFiles } from './imageFiles.ts';

/** What makeSmallGuest.mjs writes beside the image; offsets are those of the file system. */
interface SmallGuestFacts {
  readonly sizeBytes: number;
  readonly activity: readonly Extent[];
  readonly identity: readonly Extent[];
}

/**
 * The disks of the small profile: the file system that comes with the product, each with the name of its guest
 * written into one file. Needs no other program.
 */
export async function smallImages(
  imagesFolder: string,
  assetsFolder: string,
): Promise<Map<string, GuestDisk>> {
  const text = await readFile(join(assetsFolder, 'small-guest.json'), 'utf8');
  const facts = JSON.parse(text) as SmallGuestFacts;
  const listing = await readFile(join(assetsFolder, 'small-guest-files.jsonl'), 'utf8');
  const files = parseImageFiles(listing).map(file => movedBy(partitionOffsetBytes, file));
  const compressed = await readFile(join(assetsFolder, 'small-guest.img.zst'));
  // Images that an earlier version of the product made hold another file system, with other offsets.
  const folder = join(imagesFolder, createHash('sha256').update(compressed).digest('hex').slice(0, 16));
  await mkdir(folder, { recursive: true });
  let fileSystem: Promise<Uint8Array> | undefined;
  const disks = new Map<string, GuestDisk>();
  for (const plan of guestDiskPlans) {
    const disk = await cachedImage(folder, plan.name, plan.sizeBytes.small, async imagePath => {
      fileSystem ??= unpack(compressed, facts.sizeBytes);
      const file = await open(imagePath, 'r+');
      try {
        await writeSparse(file, await fileSystem, partitionOffsetBytes);
        const identity = Buffer.from(identityText(plan.guest, plan.name));
        for (const extent of facts.identity)
          await file.write(identity, 0, extent.lengthBytes, partitionOffsetBytes + extent.startBytes);
      } finally {
        await file.close();
      }
      return facts.activity.map(extent => ({
        startBytes: partitionOffsetBytes + extent.startBytes,
        lengthBytes: extent.lengthBytes,
      }));
    });
    disks.set(plan.name, { ...disk, files });
  }
  return disks;
}

async function unpack(compressed: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  const fileSystem = await promisify(zlib.zstdDecompress)(compressed);
  if (fileSystem.length !== sizeBytes)
    throw new AppError(
      'CORRUPT_DATA',
      `small-guest.img.zst holds ${fileSystem.length} bytes, not ${sizeBytes}`,
    );
  return fileSystem;
}
