import { join } from 'node:path';

import { AppError } from '../../../base/errors.ts';
import type { NodeId, NodeStat } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from './guestVolumes.ts';
import { hostName } from './hostName.ts';

/** A node of the guest that can be restored. */
export interface WalkedNode {
  readonly guestPath: string;
  /** Where it belongs below the target folder, under names that this machine takes. */
  readonly relativePath: string;
  readonly stat: NodeStat;
  readonly kind: 'file' | 'folder' | 'symlink';
}

/** Longer than any path a guest can use: names of one letter in a path of 4096. */
const maxDepth = 2048;

interface Waiting {
  readonly node: NodeId;
  readonly guestPath: string;
  readonly relativePath: string;
  readonly parent: OpenFolder | undefined;
}

interface OpenFolder {
  readonly node: NodeId;
  readonly depth: number;
  readonly parent: OpenFolder | undefined;
}

/**
 * Everything below a guest path, folders before what is in them, in the order of the guest. Links are not followed.
 * What is damaged, no file or a trap is told in `problems`; the rest comes all the same.
 * @param topPath  where the path itself belongs below the target folder
 */
export async function* walkGuest(
  { fileSystem, node, path }: Pick<GuestLocation, 'fileSystem' | 'node' | 'path'>,
  topPath: string,
  problems: string[],
  signal: AbortSignal,
): AsyncGenerator<WalkedNode, void, undefined> {
  const waiting: Waiting[] = [{ node, guestPath: path, relativePath: topPath, parent: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { guestPath, relativePath, parent } = next;
    const at = next.node;
    const stat = await unlessDamaged(guestPath, problems, async () => await fileSystem.stat(at, signal));
    if (stat === undefined) continue;
    if (stat.kind === 'file' || stat.kind === 'symlink') {
      yield { guestPath, relativePath, stat, kind: stat.kind };
      continue;
    }
    if (stat.kind !== 'directory') {
      problems.push(`${guestPath} is a ${stat.kind}, which is not restored`);
      continue;
    }
    const folder: OpenFolder = { node: at, depth: (parent?.depth ?? 0) + 1, parent };
    // A damaged directory tree may lead back into itself, a hostile one be deeper than any path can be.
    if (folder.depth > maxDepth || liesIn(parent, at)) {
      problems.push(`${guestPath} lies in itself or too deep, which is not followed`);
      continue;
    }
    yield { guestPath, relativePath, stat, kind: 'folder' };
    const listing = await unlessDamaged(guestPath, problems, async () => await fileSystem.list(at, signal));
    problems.push(...(listing?.problems ?? []).map(problem => `${guestPath}: ${problem}`));
    const children = (listing?.entries ?? []).map(entry => ({
      node: entry.node,
      guestPath: `${guestPath.replace(/\/$/, '')}/${entry.name}`,
      relativePath: join(relativePath, hostName(entry.name)),
      parent: folder,
    }));
    for (const child of children.toReversed()) waiting.push(child);
  }
}

function liesIn(folder: OpenFolder | undefined, node: NodeId): boolean {
  for (let open = folder; open !== undefined; open = open.parent) if (open.node === node) return true;
  return false;
}

/** One damaged file or folder does not keep the others from being restored. */
async function unlessDamaged<T>(
  guestPath: string,
  problems: string[],
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    problems.push(`${guestPath}: ${error.message}`);
    return undefined;
  }
}
