import { chmod, lstat, lutimes, mkdir, rm, symlink, utimes } from 'node:fs/promises';

import { AppError } from '../../../../base/errors.ts';
import { writeStreamDurably } from '../../../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../../../base/node/fileErrors.ts';
import type { ProgressListener } from '../../../../base/progress.ts';
import type { Timestamp } from '../../../guestfs/guestFileSystem.ts';
import { passingPieces } from '../../../guestfs/passingPieces.ts';
import type { FileRestoreItem, FileRestorePlan, TargetKind } from '../fileRestorePlan.ts';

/** Set-user-id and the like of a guest's file mean nothing good on this machine. */
export const ordinaryPermissions = 0o777;

export async function lookUpLocalTarget(path: string): Promise<TargetKind> {
  try {
    const found = await lstat(path);
    if (found.isFile()) return 'file';
    if (found.isDirectory()) return 'folder';
    return found.isSymbolicLink() ? 'symlink' : 'other';
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'absent';
    throw fileError(path, error);
  }
}

/**
 * Carries out the plan. Each file appears whole or not at all; times and permissions are the guest's, the owner is who
 * runs this.
 * @returns what could not be restored because it is damaged in the restore point, and why; everything else is there
 */
export async function restoreFiles(
  plan: FileRestorePlan,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<readonly AppError[]> {
  await mkdir(plan.targetFolder, { recursive: true }).catch(asFileError(plan.targetFolder));
  const phase = `Restoring to ${plan.targetFolder}`;
  const damaged: AppError[] = [];
  let doneBytes = 0;
  for (const item of plan.items) {
    signal.throwIfAborted();
    try {
      await restoreItem(item, signal, writtenBytes => {
        onProgress({ phase, doneBytes: doneBytes + writtenBytes, totalBytes: plan.totalBytes });
      });
    } catch (error) {
      damaged.push(damageOf(item, error));
    }
    if (item.kind === 'file') doneBytes += item.stat.sizeBytes;
  }
  // Filling a folder changes its time, so folders get theirs last, the inner ones first.
  for (const item of plan.items.toReversed()) if (item.kind === 'folder') await applyMetadata(item);
  return damaged;
}

/**
 * What is told of a file that proves damaged while it is read.
 * @throws what ends a restore: everything else that went wrong
 */
export function damageOf({ guestPath }: FileRestoreItem, error: unknown): AppError {
  if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
  return new AppError(error.code, `${guestPath}: ${error.message}`, { object: guestPath, cause: error });
}

async function restoreItem(
  item: FileRestoreItem,
  signal: AbortSignal,
  onWritten: (writtenBytes: number) => void,
): Promise<void> {
  const { kind, targetPath, existing, stat, location } = item;
  // Between plan and execution somebody may have put a link there, which must not be written through.
  if ((await lookUpLocalTarget(targetPath)) !== existing) {
    throw new AppError('CONFLICT', `${targetPath} has changed since the plan was made`, {
      object: targetPath,
      remedy: 'Try again',
    });
  }
  if (kind === 'folder') {
    if (existing === 'absent') await mkdir(targetPath, { mode: 0o700 }).catch(asFileError(targetPath));
    return;
  }
  if (kind === 'symlink') {
    const target = await location.fileSystem.readlink(stat.node, signal);
    if (existing !== 'absent') await rm(targetPath).catch(asFileError(targetPath));
    await symlink(target, targetPath).catch(asFileError(targetPath));
    await lutimes(targetPath, seconds(stat.accessedAt), seconds(stat.modifiedAt));
    return;
  }
  const content = passingPieces(location.fileSystem.readFile(stat.node, { offsetBytes: 0 }, signal));
  await writeStreamDurably(targetPath, content, { onWritten, replace: existing !== 'absent' }, signal);
  await applyMetadata(item);
}

async function applyMetadata({ targetPath, stat }: FileRestoreItem): Promise<void> {
  await chmod(targetPath, stat.mode & ordinaryPermissions).catch(asFileError(targetPath));
  await utimes(targetPath, seconds(stat.accessedAt), seconds(stat.modifiedAt)).catch(asFileError(targetPath));
}

function asFileError(path: string): (error: unknown) => never {
  return error => {
    throw fileError(path, error);
  };
}

function seconds(time: Timestamp): number {
  return time.seconds + time.nanoseconds / 1e9;
}
