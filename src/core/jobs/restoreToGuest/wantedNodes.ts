import { folderOf, joinedBelow, unspeakable } from '../../guestops/guestPaths.ts';
import type { NodeStat } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from '../guestFiles/guestVolumes.ts';
import { walkGuest } from '../guestFiles/guestWalk.ts';
import type { GuestRestoreProblem } from './guestRestorePlan.ts';

/** A node of the restore point and where the running guest has it. */
export interface WantedNode {
  readonly kind: 'file' | 'folder' | 'symlink';
  readonly pointPath: string;
  readonly guestPath: string;
  readonly stat: NodeStat;
  readonly location: GuestLocation;
}

/**
 * What was asked for with everything below it, folders before what is in them, and in front of it the folders it lies
 * in: the guest may have lost those too.
 * @param mountPath  where the guest has the file system
 */
export async function wantedNodes(
  location: GuestLocation,
  mountPath: string,
  problems: GuestRestoreProblem[],
  signal: AbortSignal,
): Promise<WantedNode[]> {
  const nodes = await parentNodes(location, mountPath, signal);
  const unreadable: string[] = [];
  for await (const { kind, guestPath: pointPath, stat } of walkGuest(location, '', unreadable, signal)) {
    const problem = unspeakable(pointPath);
    if (problem === undefined)
      nodes.push({ kind, pointPath, guestPath: joinedBelow(mountPath, pointPath), stat, location });
    else
      problems.push({
        code: 'UNSUPPORTED_FORMAT',
        message: `${pointPath} ${problem} and cannot be named to the guest`,
      });
  }
  problems.push(...unreadable.map(message => ({ code: 'CORRUPT_DATA', message }) as const));
  return nodes;
}

async function parentNodes(
  location: GuestLocation,
  mountPath: string,
  signal: AbortSignal,
): Promise<WantedNode[]> {
  const { fileSystem } = location;
  const parents: WantedNode[] = [];
  const top = joinedBelow('/', location.path);
  for (let path = folderOf(top); path !== '/'; path = folderOf(path)) {
    const stat = await fileSystem.stat(await fileSystem.lookup(path, signal), signal);
    parents.unshift({
      kind: 'folder',
      pointPath: path,
      guestPath: joinedBelow(mountPath, path),
      stat,
      location,
    });
  }
  return parents;
}
