import { join } from 'node:path';

import { AppError } from '../../../base/errors.ts';
import type { NodeStat } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from './guestVolumes.ts';
import { walkGuest } from './guestWalk.ts';
import { hostName } from './hostName.ts';

/** What a restore of guest files will do, before it does anything. */
export interface FileRestorePlan {
  readonly targetFolder: string;
  /** Folders before what is in them. */
  readonly items: readonly FileRestoreItem[];
  readonly totalBytes: number;
  /** What cannot be restored, and why; the rest is restored all the same. */
  readonly problems: readonly string[];
}

export interface FileRestoreItem {
  readonly kind: 'file' | 'folder' | 'symlink';
  readonly guestPath: string;
  readonly targetPath: string;
  readonly stat: NodeStat;
  readonly location: GuestLocation;
  /** What stands at the target already. A folder is added to; anything else is replaced, if that was allowed. */
  readonly existing: TargetKind;
}

export type TargetKind = 'absent' | 'file' | 'folder' | 'symlink' | 'other';

/** Looks at the place a restore goes to, without following a link in its last step. */
export type TargetLookup = (path: string) => Promise<TargetKind>;

export interface FileRestoreOptions {
  readonly targetFolder: string;
  readonly overwrite: boolean;
}

/**
 * Walks the wanted guest paths and settles for every node what becomes of it.
 * @throws CONFLICT naming the first obstacle, if something stands in the way that may not be replaced
 */
export async function planFileRestore(
  locations: readonly GuestLocation[],
  options: FileRestoreOptions,
  lookUpTarget: TargetLookup,
  signal: AbortSignal,
): Promise<FileRestorePlan> {
  const items: FileRestoreItem[] = [];
  const problems: string[] = [];
  const taken = new TakenPaths();
  for (const location of locations) {
    const walk = walkGuest(location, topName(location), problems, signal);
    for await (const { guestPath, relativePath, stat, kind } of walk) {
      const targetPath = join(options.targetFolder, relativePath);
      const taker = taken.take(targetPath, guestPath);
      if (taker !== undefined) {
        refuseSameTarget(guestPath, taker, targetPath, guestPath === location.path, problems);
        continue;
      }
      const existing = await lookUpTarget(targetPath);
      assertFree(kind, existing, targetPath, options.overwrite);
      items.push({ kind, guestPath, targetPath, stat, location, existing });
    }
  }
  const totalBytes = items.reduce((sum, { kind, stat }) => sum + (kind === 'file' ? stat.sizeBytes : 0), 0);
  return { targetFolder: options.targetFolder, items, totalBytes, problems };
}

/** What was asked for keeps its own name at the target; the root of a volume gets one. */
function topName({ path, disk, volume }: GuestLocation): string {
  const name = path.split('/').findLast(part => part !== '' && part !== '.');
  return name === undefined ? `disk-${disk.key}-volume-${volume.index}` : hostName(name);
}

/** Target paths that are spoken for: a guest may tell names apart that this machine does not. */
class TakenPaths {
  readonly #takers = new Map<string, string>();

  /** @returns the guest path that has the target already, if there is one */
  take(targetPath: string, guestPath: string): string | undefined {
    const key = ignoresCase ? targetPath.toLowerCase() : targetPath;
    const taker = this.#takers.get(key);
    if (taker === undefined) this.#takers.set(key, guestPath);
    return taker;
  }
}

const ignoresCase = process.platform === 'win32' || process.platform === 'darwin';

/** What was asked for by name must not be dropped silently; what lies in a folder is told with the other problems. */
function refuseSameTarget(
  guestPath: string,
  taker: string,
  targetPath: string,
  isAskedFor: boolean,
  problems: string[],
): void {
  const problem = `${guestPath} and ${taker} would both become ${targetPath}`;
  if (!isAskedFor) {
    problems.push(`${problem}; the first one is restored`);
    return;
  }
  throw new AppError('CONFLICT', problem, {
    object: targetPath,
    remedy: 'Restore them to different folders',
  });
}

function assertFree(
  kind: FileRestoreItem['kind'],
  existing: TargetKind,
  path: string,
  overwrite: boolean,
): void {
  if (existing === 'absent' || (kind === 'folder' && existing === 'folder')) return;
  // A link or device in place of a folder could lead anywhere; a folder in place of a file would lose what it holds.
  const replaceable = overwrite && kind !== 'folder' && (existing === 'file' || existing === 'symlink');
  if (replaceable) return;
  throw new AppError('CONFLICT', `${path} exists already (${existing})`, {
    object: path,
    remedy:
      kind !== 'folder' && existing !== 'folder'
        ? 'Choose another folder, or allow replacing with --overwrite'
        : 'Choose another folder',
  });
}
