import { open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { MiB } from '../../base/units.ts';
import type { Extent } from '../../core/block/extent.ts';
import { grainBytes, GrainMap } from '../disk/grainMap.ts';
import { gptTables, guidFromName, linuxFilesystemType } from './gpt.ts';
import type { DiskBase } from '../disk/versionedDisk.ts';
import { partitionOffsetBytes } from './guestDisks.ts';

/** Changes whenever what is in the images changes: then they are built anew. */
const recipeVersion = 3;

/** A finished image and where the guest's activity goes on it. */
export interface CachedImage extends DiskBase {
  readonly activity: readonly Extent[];
}

/** What is kept beside a finished image. */
interface ImageFacts {
  readonly recipeVersion: number;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly activity: readonly Extent[];
  readonly allocated: string;
}

/** Where the one partition ends: in front of the backup tables, aligned. */
export function partitionSizeBytes(diskBytes: number): number {
  return diskBytes - partitionOffsetBytes - MiB;
}

/**
 * The image `name` in `folder`, built by `build` unless a whole one of this recipe is there. Labs that start at the
 * same time each build their own, and the last one's is kept for the next start.
 * @param build  gets an empty sparse image of `sizeBytes`, fills the partition, and returns the extents of activity;
 *               the partition tables are added afterwards
 */
export async function cachedImage(
  folder: string,
  name: string,
  sizeBytes: number,
  build: (imagePath: string) => Promise<readonly Extent[]>,
): Promise<CachedImage> {
  const factsPath = join(folder, `${name}.json`);
  const known = await readFacts(factsPath);
  if (known?.sizeBytes === sizeBytes)
    return {
      path: join(folder, known.fileName),
      sizeBytes,
      activity: known.activity,
      allocated: GrainMap.fromBase64(sizeBytes, known.allocated),
    };

  const fileName = `${name}-${process.pid}.img`;
  const path = join(folder, fileName);
  const unfinished = `${path}.unfinished`;
  try {
    await createSparse(unfinished, sizeBytes);
    const activity = await build(unfinished);
    const allocated = await finishImage(unfinished, name, sizeBytes);
    await rename(unfinished, path);
    const facts: ImageFacts = {
      recipeVersion,
      fileName,
      sizeBytes,
      activity,
      allocated: allocated.toBase64(),
    };
    // The facts come last: an image without them is built again.
    await writeFile(`${factsPath}.${process.pid}`, JSON.stringify(facts));
    await rename(`${factsPath}.${process.pid}`, factsPath);
    if (known !== undefined)
      for (const outdated of [known.fileName, `${known.fileName}.files`])
        await rm(join(folder, outdated), { force: true });
    return { path, sizeBytes, activity, allocated };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Writes `bytes` to an image, leaving grains of zeros as holes. */
export async function writeSparse(file: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  const zeros = Buffer.alloc(grainBytes);
  for (let start = 0; start < bytes.length; start += grainBytes) {
    const piece = bytes.subarray(start, start + grainBytes);
    if (zeros.subarray(0, piece.length).equals(piece)) continue;
    await file.write(piece, 0, piece.length, offsetBytes + start);
  }
}

async function createSparse(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
}

async function finishImage(path: string, name: string, sizeBytes: number): Promise<GrainMap> {
  const tables = gptTables(sizeBytes, guidFromName(`disk ${name}`), [
    {
      typeGuid: linuxFilesystemType,
      uniqueGuid: guidFromName(`partition ${name}`),
      name,
      offsetBytes: partitionOffsetBytes,
      sizeBytes: partitionSizeBytes(sizeBytes),
    },
  ]);
  const file = await open(path, 'r+');
  try {
    await file.write(tables.front, 0, tables.front.length, 0);
    await file.write(tables.back, 0, tables.back.length, tables.backOffsetBytes);
    await file.sync();
    return await findAllocated(file, sizeBytes);
  } finally {
    await file.close();
  }
}

/** Reads the whole image once; holes read fast, and nothing else needs to know how file systems keep them. */
async function findAllocated(file: FileHandle, sizeBytes: number): Promise<GrainMap> {
  const allocated = GrainMap.empty(sizeBytes);
  const zeros = Buffer.alloc(64 * grainBytes);
  const piece = Buffer.alloc(zeros.length);
  for (let offsetBytes = 0; offsetBytes < sizeBytes;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, offsetBytes);
    if (bytesRead === 0) throw new Error(`the image ends at ${offsetBytes} of ${sizeBytes} bytes`);
    if (!piece.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead))) {
      for (let start = 0; start < bytesRead; start += grainBytes) {
        const grain = piece.subarray(start, Math.min(start + grainBytes, bytesRead));
        if (!grain.equals(zeros.subarray(0, grain.length)))
          allocated.addRange(offsetBytes + start, grain.length);
      }
    }
    offsetBytes += bytesRead;
  }
  return allocated;
}

async function readFacts(path: string): Promise<ImageFacts | undefined> {
  try {
    const facts = JSON.parse(await readFile(path, 'utf8')) as Partial<ImageFacts>;
    return facts.recipeVersion === recipeVersion ? (facts as ImageFacts) : undefined;
  } catch {
    // Not there, or not written to its end: as good as not there.
    return undefined;
  }
}
