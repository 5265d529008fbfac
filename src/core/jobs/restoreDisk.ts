import { basename } from 'node:path';

import type { ProgressListener } from '../../base/progress.ts';
import { requireAbsent, writeStreamDurably } from '../../base/node/durableFile.ts';
import type { DiskBlock } from '../block/diskBlock.ts';
import { createFileBlockSink } from '../block/node/fileBlockSink.ts';
import type { RestorePoint } from '../catalog/restorePoint.ts';
import { shortId } from '../catalog/restorePoint.ts';
import { writeStreamOptimized } from '../disk/vmdk/streamOptimizedWriter.ts';
import { type DiskImage, openDiskImage } from '../image/diskImage.ts';
import type { Repository } from '../repository/repository.ts';

/** `raw`: the bytes, sparse. `vmdk`: streamOptimized, as vSphere and qemu import it. */
import { recordRestore } from './recordRestore.ts';
export type DiskFormat = 'raw' | 'vmdk';

export interface DiskRestorePlan {
  readonly pointId: string;
  readonly vmName: string;
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
  readonly format: DiskFormat;
  /** Created by the restore; it must not exist. */
  readonly targetPath: string;
}

/** Chunks read ahead while others are written. */
const readAheadChunks = 4;

/** @throws NOT_FOUND for a disk the restore point does not have; CONFLICT if something stands at the target */
export async function planDiskRestore(
  repository: Repository,
  point: RestorePoint,
  deviceKey: number,
  format: DiskFormat,
  targetPath: string,
  signal: AbortSignal,
): Promise<DiskRestorePlan> {
  const { disk } = await openDiskImage(repository, point, deviceKey, signal);
  await requireAbsent(targetPath);
  return {
    pointId: shortId(point.id),
    vmName: point.manifest.vm.name,
    deviceKey,
    label: disk.label,
    capacityBytes: disk.capacityBytes,
    format,
    targetPath,
  };
}

/** Until the whole disk is written and durable, nothing stands at the target. */
export async function restoreDisk(
  repository: Repository,
  point: RestorePoint,
  plan: DiskRestorePlan,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<void> {
  const image = await openDiskImage(repository, point, plan.deviceKey, signal);
  const subject = `${image.disk.label} of ${point.manifest.vm.name} to ${plan.targetPath}`;
  await recordRestore(repository, point.id, subject, signal);
  const phase = `Writing ${basename(plan.targetPath)}`;
  if (plan.format === 'vmdk') {
    const blocks = reportedBlocks(image, phase, onProgress, signal);
    const stream = writeStreamOptimized(image.sizeBytes, blocks, {}, signal);
    await writeStreamDurably(plan.targetPath, stream, { replace: false }, signal);
    return;
  }
  await using sink = await createFileBlockSink(plan.targetPath, image.sizeBytes);
  const totalBytes = image.sizeBytes;
  onProgress({ phase, doneBytes: 0, totalBytes });
  for await (const doneBytes of image.writeTo(sink, signal)) onProgress({ phase, doneBytes, totalBytes });
  onProgress({ phase, doneBytes: totalBytes, totalBytes });
  await sink.commit(signal);
}

/** The disk's blocks from front to back; progress is where in the disk it has come to. */
export async function* reportedBlocks(
  image: DiskImage,
  phase: string,
  onProgress: ProgressListener,
  signal: AbortSignal,
): AsyncGenerator<DiskBlock, void, undefined> {
  const totalBytes = image.sizeBytes;
  onProgress({ phase, doneBytes: 0, totalBytes });
  for await (const block of image.blocks(readAheadChunks, signal)) {
    yield block;
    onProgress({ phase, doneBytes: block.offsetBytes + block.bytes.byteLength, totalBytes });
  }
  onProgress({ phase, doneBytes: totalBytes, totalBytes });
}
