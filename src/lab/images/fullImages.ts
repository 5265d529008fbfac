import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Logger } from '../../base/logger.ts';
import { copySelection } from './copySelection.ts';
import { cachedImage, partitionSizeBytes } from './diskImage.ts';
import { fileExtents, makeExt4 } from './ext4Tools.ts';
import { guidFromName } from './gpt.ts';
import { guestDiskPlans, partitionOffsetBytes, type GuestDisk, type GuestDiskPlan } from './guestDisks.ts';
import {
  activityPath,
  identityPath,
  identityText,
  writeActivityFile,
  writeTokenFile,
  writeTreeFile,
} from './guestTree.ts';
import { listImageFiles, movedBy, parseImageFiles, writeImageFiles, type ImageFile } from './imageFiles.ts';

/** The disks of the full profile: ext4 made of real files of this machine. Built once, which may take a minute. */
export async function fullImages(folder: string, logger: Logger): Promise<Map<string, GuestDisk>> {
  const disks = new Map<string, GuestDisk>();
  for (const plan of guestDiskPlans) {
    const disk = await cachedImage(folder, plan.name, plan.sizeBytes.full, async imagePath => {
      logger.info('building a disk image, once', { disk: plan.name });
      return await build(plan, imagePath);
    });
    disks.set(plan.name, { ...disk, files: await filesOf(disk.path) });
  }
  return disks;
}

/** The listing of a finished image, kept beside it. */
async function filesOf(imagePath: string): Promise<ImageFile[]> {
  const listingPath = `${imagePath}.files`;
  let listing = await readFile(listingPath, 'utf8').catch(() => undefined);
  if (listing === undefined) {
    listing = writeImageFiles(await listImageFiles(imagePath, partitionOffsetBytes));
    await writeFile(`${listingPath}.${process.pid}`, listing);
    await rename(`${listingPath}.${process.pid}`, listingPath);
  }
  return parseImageFiles(listing).map(file => movedBy(partitionOffsetBytes, file));
}

async function build(plan: GuestDiskPlan, imagePath: string) {
  const tree = await mkdtemp(join(tmpdir(), 'quiesce-lab-tree-'));
  try {
    await copySelection(plan.content, tree);
    await writeActivityFile(tree, plan.content.activityBytes);
    await writeTreeFile(tree, identityPath, identityText(plan.guest, plan.name));
    await writeTokenFile(tree);
    await writeTreeFile(tree, '/etc/hostname', `${plan.guest}\n`);
    await makeExt4({
      imagePath,
      offsetBytes: partitionOffsetBytes,
      sizeBytes: partitionSizeBytes(plan.sizeBytes.full),
      label: plan.name.slice(0, 16),
      uuid: guidFromName(`file system ${plan.name}`),
      treePath: tree,
    });
    return await fileExtents(imagePath, partitionOffsetBytes, activityPath);
  } finally {
    await rm(tree, { recursive: true });
  }
}
