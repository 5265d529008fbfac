import { basename, dirname, extname, join } from 'node:path';

import { AppError } from '../../../base/errors.ts';
import type { NodeStat } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from './guestVolumes.ts';
import { walkGuest } from './guestWalk.ts';
import { hostName, type NameRule } from './hostName.ts';

/** What a restore of guest files will do, before it does anything. */
export interface FileRestorePlan {
  readonly targetFolder: string;
  /** Folders before what is in them. */
  readonly items: readonly FileRestoreItem[];
  readonly totalBytes: number;
  /** What was asked for and stays out because something stands there, with everything in it. */
  readonly skippedCount: number;
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

/**
 * What becomes of a file where something stands already. `fail`: nothing is restored. `skip`: what stands there stays.
 * `rename`: it is restored beside it, under a name that is free. `overwrite`: files and links are replaced. Folders are added
 * to in any case; with `fail` and `overwrite` nothing else may stand in the place of one.
 */
export const conflictPolicies = ['fail', 'skip', 'rename', 'overwrite'] as const;
export type ConflictPolicy = (typeof conflictPolicies)[number];

/** Where a restore would meet something, and what may become of it; `overwrite` only where that can be replaced. */
export interface Conflict {
  readonly targetPath: string;
  readonly standing: TargetKind;
  /** Of what would be restored there; missing where that is more than one node. */
  readonly stat?: NodeStat;
  readonly choices: readonly ConflictAnswer[];
}

export type ConflictAnswer = Exclude<ConflictPolicy, 'fail'>;

/** Asks somebody, conflict by conflict. @returns one of the choices */
export type AskConflict = (conflict: Conflict) => Promise<ConflictAnswer>;

export interface FileRestoreOptions {
  readonly targetFolder: string;
  readonly onConflict: ConflictPolicy | AskConflict;
  /** The name under which a guest's name is written; `hostName` unless said. */
  readonly nameOf?: NameRule;
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
  const { targetFolder, onConflict, nameOf = hostName } = options;
  const items: FileRestoreItem[] = [];
  const problems: string[] = [];
  const taken = new TakenPaths();
  /** Where folders went that have another name or are left out, by where they belong. */
  const moved = new Map<string, string | undefined>();
  let skippedCount = 0;
  for (const location of locations) {
    const walk = walkGuest(location, topName(location, nameOf), problems, signal, nameOf);
    for await (const { guestPath, relativePath, stat, kind } of walk) {
      const wanted = join(targetFolder, relativePath);
      const leaveOut = () => {
        if (kind === 'folder') moved.set(wanted, undefined);
      };
      const around = moved.has(dirname(wanted)) ? moved.get(dirname(wanted)) : dirname(wanted);
      if (around === undefined) {
        leaveOut();
        skippedCount += 1;
        continue;
      }
      const place = join(around, basename(wanted));
      const taker = taken.taker(place);
      if (taker !== undefined) {
        refuseSameTarget(guestPath, taker, place, guestPath === location.path, problems);
        leaveOut();
        continue;
      }
      const standing = await lookUpTarget(place);
      const policy = await policyFor({ kind, stat, standing, targetPath: place }, onConflict);
      if (policy === 'skip') {
        leaveOut();
        skippedCount += 1;
        continue;
      }
      const isRenamed = policy === 'rename';
      const targetPath = isRenamed ? await freeName(place, kind, taken, lookUpTarget) : place;
      if (kind === 'folder' && targetPath !== wanted) moved.set(wanted, targetPath);
      taken.take(targetPath, guestPath);
      items.push({ kind, guestPath, targetPath, stat, location, existing: isRenamed ? 'absent' : standing });
    }
  }
  const totalBytes = items.reduce((sum, { kind, stat }) => sum + (kind === 'file' ? stat.sizeBytes : 0), 0);
  return { targetFolder, items, totalBytes, skippedCount, problems };
}

/**
 * What becomes of an item where it belongs: `free` if nothing is in its way.
 * @throws CONFLICT if something is that may not be replaced
 */
export async function policyFor(
  item: Omit<Conflict, 'choices'> & Pick<FileRestoreItem, 'kind'>,
  onConflict: ConflictPolicy | AskConflict,
  answers: readonly ConflictAnswer[] = ['overwrite', 'skip', 'rename'],
): Promise<ConflictAnswer | 'free'> {
  const { kind, standing, targetPath } = item;
  if (standing === 'absent' || (kind === 'folder' && standing === 'folder')) return 'free';
  // A link or device in place of a folder could lead anywhere; a folder in place of a file would lose what it holds.
  const isReplaceable = kind !== 'folder' && (standing === 'file' || standing === 'symlink');
  const choices = answers.filter(answer => answer !== 'overwrite' || isReplaceable);
  const policy = typeof onConflict === 'function' ? await onConflict({ ...item, choices }) : onConflict;
  if (policy !== 'fail' && choices.includes(policy)) return policy;
  throw new AppError('CONFLICT', `${targetPath} exists already (${standing})`, {
    object: targetPath,
    remedy:
      kind !== 'folder' && standing !== 'folder'
        ? 'Choose another folder, or allow replacing with --overwrite, or see --on-conflict'
        : 'Choose another folder',
  });
}

/** `hosts (restored).conf`, `hosts (restored 2).conf`. */
export async function freeName(
  path: string,
  kind: FileRestoreItem['kind'],
  taken: Pick<TakenPaths, 'taker'>,
  lookUpTarget: TargetLookup,
): Promise<string> {
  const extension = kind === 'folder' ? '' : extname(path);
  const stem = basename(path, extension);
  for (let number = 1; ; number += 1) {
    const mark = number === 1 ? 'restored' : `restored ${number}`;
    const candidate = join(dirname(path), `${stem} (${mark})${extension}`);
    if (taken.taker(candidate) === undefined && (await lookUpTarget(candidate)) === 'absent')
      return candidate;
  }
}

/** What was asked for keeps its own name at the target; the root of a volume gets one. */
function topName({ path, disk, volume }: GuestLocation, nameOf: NameRule): string {
  const name = path.split('/').findLast(part => part !== '' && part !== '.');
  return name === undefined ? `disk-${disk.key}-volume-${volume.index}` : nameOf(name);
}

/** Target paths that are spoken for: a guest may tell names apart that this machine does not. */
class TakenPaths {
  readonly #takers = new Map<string, string>();

  /** The guest path that has the target already, if there is one. */
  taker(targetPath: string): string | undefined {
    return this.#takers.get(keyOf(targetPath));
  }

  take(targetPath: string, guestPath: string): void {
    this.#takers.set(keyOf(targetPath), guestPath);
  }
}

function keyOf(targetPath: string): string {
  return ignoresCase ? targetPath.toLowerCase() : targetPath;
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
