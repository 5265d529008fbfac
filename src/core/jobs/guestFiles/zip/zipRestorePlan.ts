import { AppError } from '../../../../base/errors.ts';
import {
  type AskConflict,
  type ConflictPolicy,
  type FileRestoreItem,
  freeName,
  planFileRestore,
  policyFor,
  type TargetKind,
  type TargetLookup,
} from '../fileRestorePlan.ts';
import type { GuestLocation } from '../guestVolumes.ts';
import { archiveName } from '../hostName.ts';
import { maxZipNameBytes } from './zipRecords.ts';

/** What a restore of guest files into one zip will do, before it does anything. */
export interface ZipRestorePlan {
  readonly zipPath: string;
  /** What stands at the path; replaced if that was allowed. */
  readonly existing: TargetKind;
  /** Folders before what is in them; their targets are paths in the archive. */
  readonly items: readonly FileRestoreItem[];
  readonly totalBytes: number;
  /** What cannot be restored, and why; the rest is restored all the same. */
  readonly problems: readonly string[];
}

export interface ZipRestoreOptions {
  readonly zipPath: string;
  /** What becomes of the archive where something stands: it cannot be left out. */
  readonly onConflict: ConflictPolicy | AskConflict;
}

/**
 * Walks the wanted guest paths like `planFileRestore`.
 * @throws CONFLICT if something stands in the way that may not be replaced; INVALID_INPUT for `skip`
 */
export async function planZipRestore(
  locations: readonly GuestLocation[],
  { zipPath: wanted, onConflict }: ZipRestoreOptions,
  lookUpTarget: TargetLookup,
  signal: AbortSignal,
): Promise<ZipRestorePlan> {
  if (onConflict === 'skip') {
    throw new AppError('INVALID_INPUT', 'files that go into a zip cannot be left out of it one by one', {
      object: wanted,
      remedy: 'Replace the zip, or write it under another name',
    });
  }
  const standing = await lookUpTarget(wanted);
  const archive = { kind: 'file', standing, targetPath: wanted } as const;
  const isRenamed = (await policyFor(archive, onConflict, ['overwrite', 'rename'])) === 'rename';
  const nobody = { taker: () => undefined };
  const zipPath = isRenamed ? await freeName(wanted, 'file', nobody, lookUpTarget) : wanted;
  const inside = { targetFolder: '', onConflict: 'fail', nameOf: archiveName } as const;
  const plan = await planFileRestore(locations, inside, async () => await Promise.resolve('absent'), signal);
  const problems = [...plan.problems];
  const items = plan.items.filter(item => {
    const fits = zipNameOf(item).byteLength <= maxZipNameBytes;
    if (!fits) problems.push(`${item.guestPath} has a path that is too long for a zip`);
    return fits;
  });
  const { totalBytes } = plan;
  return { zipPath, existing: isRenamed ? 'absent' : standing, items, totalBytes, problems };
}

/** As it stands in the archive. */
export function zipNameOf({ kind, targetPath }: FileRestoreItem): Uint8Array {
  const path = process.platform === 'win32' ? targetPath.replaceAll('\\', '/') : targetPath;
  return Buffer.from(kind === 'folder' ? `${path}/` : path, 'utf8');
}
