import { join } from 'node:path';

import { AppError } from '../../../base/errors.ts';
import type { NodeId, NodeStat } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from './guestVolumes.ts';
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
  for (const location of locations) {
    const name = location.path.split('/').findLast(part => part !== '') ?? `disk-${location.disk.key}`;
    const walk = walkGuest(location, location.node, location.path, name, [], problems, signal);
    for await (const { guestPath, relativePath, stat, kind } of walk) {
      const targetPath = join(options.targetFolder, relativePath);
      const existing = await lookUpTarget(targetPath);
      assertFree(kind, existing, targetPath, options.overwrite);
      items.push({ kind, guestPath, targetPath, stat, location, existing });
    }
  }
  const totalBytes = items.reduce((sum, { kind, stat }) => sum + (kind === 'file' ? stat.sizeBytes : 0), 0);
  return { targetFolder: options.targetFolder, items, totalBytes, problems };
}

/** Longer than any path a guest can use: names of one letter in a path of 4096. */
const maxDepth = 2048;

interface WalkedNode {
  readonly guestPath: string;
  readonly relativePath: string;
  readonly stat: NodeStat;
  readonly kind: FileRestoreItem['kind'];
}

async function* walkGuest(
  location: GuestLocation,
  node: NodeId,
  guestPath: string,
  relativePath: string,
  ancestors: readonly NodeId[],
  problems: string[],
  signal: AbortSignal,
): AsyncGenerator<WalkedNode> {
  const { fileSystem } = location;
  const stat = await statOrProblem(location, node, guestPath, problems, signal);
  if (stat === undefined) return;
  if (stat.kind === 'file' || stat.kind === 'symlink') {
    yield { guestPath, relativePath, stat, kind: stat.kind };
    return;
  }
  if (stat.kind !== 'directory') {
    problems.push(`${guestPath} is a ${stat.kind}, which is not restored`);
    return;
  }
  // A damaged directory tree may lead back into itself, a hostile one be deeper than any path can be.
  if (ancestors.includes(node) || ancestors.length >= maxDepth) {
    problems.push(`${guestPath} lies in itself or too deep, which is not followed`);
    return;
  }
  yield { guestPath, relativePath, stat, kind: 'folder' };
  const listing = await fileSystem.list(node, signal);
  problems.push(...listing.problems.map(problem => `${guestPath}: ${problem}`));
  for (const entry of listing.entries) {
    const childPath = `${guestPath.replace(/\/$/, '')}/${entry.name}`;
    const childTarget = join(relativePath, hostName(entry.name));
    yield* walkGuest(location, entry.node, childPath, childTarget, [...ancestors, node], problems, signal);
  }
}

/** One damaged file does not keep the others from being restored. */
async function statOrProblem(
  { fileSystem }: GuestLocation,
  node: NodeId,
  guestPath: string,
  problems: string[],
  signal: AbortSignal,
): Promise<NodeStat | undefined> {
  try {
    return await fileSystem.stat(node, signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    problems.push(`${guestPath}: ${error.message}`);
    return undefined;
  }
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
