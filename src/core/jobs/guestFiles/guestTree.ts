import { AppError } from '../../../base/errors.ts';
import type { NodeId, NodeKind } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from './guestVolumes.ts';

/** A node as the folder around it tells of it. */
export interface TreeNode {
  readonly node: NodeId;
  readonly kind: NodeKind;
  readonly guestPath: string;
  /** Empty for where the walk began. */
  readonly name: string;
  readonly parent: TreeNode | undefined;
  readonly depth: number;
}

/** Longer than any path a guest can use: names of one letter in a path of 4096. */
const maxDepth = 2048;

/**
 * Everything at and below a guest path, folders before what is in them, in the order of the guest. Links are not followed.
 * What is held is the folders on the way to where it stands.
 * @param onProblem  called with what is damaged or a trap; the rest comes all the same
 */
export async function* walkTree(
  { fileSystem, node: top, path }: Pick<GuestLocation, 'fileSystem' | 'node' | 'path'>,
  onProblem: (guestPath: string, problem: string) => void,
  signal: AbortSignal,
): AsyncGenerator<TreeNode, void, undefined> {
  const topStat = await unlessDamaged(path, onProblem, async () => await fileSystem.stat(top, signal));
  if (topStat === undefined) return;
  const place = { node: top, kind: topStat.kind, guestPath: path };
  const waiting: TreeNode[] = [{ ...place, name: '', parent: undefined, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, kind, guestPath, depth } = next;
    // A damaged directory tree may lead back into itself, a hostile one be deeper than any path can be.
    if (kind === 'directory' && (depth >= maxDepth || liesInItself(next))) {
      onProblem(guestPath, 'lies in itself or too deep, which is not followed');
      continue;
    }
    yield next;
    if (kind !== 'directory') continue;
    const listing = await unlessDamaged(
      guestPath,
      onProblem,
      async () => await fileSystem.list(node, signal),
    );
    if (listing === undefined) continue;
    for (const problem of listing.problems) onProblem(guestPath, problem);
    const folderPath = guestPath.replace(/\/$/, '');
    for (const entry of listing.entries.toReversed()) {
      waiting.push({ ...entry, guestPath: `${folderPath}/${entry.name}`, parent: next, depth: depth + 1 });
    }
  }
}

/** One damaged file or folder does not keep the others from being seen. */
export async function unlessDamaged<T>(
  guestPath: string,
  onProblem: (guestPath: string, problem: string) => void,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    onProblem(guestPath, error.message);
    return undefined;
  }
}

function liesInItself({ node, parent }: TreeNode): boolean {
  for (let open = parent; open !== undefined; open = open.parent) if (open.node === node) return true;
  return false;
}
