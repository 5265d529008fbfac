import { join } from 'node:path';

import type { NodeStat } from '../../guestfs/guestFileSystem.ts';
import { type TreeNode, unlessDamaged, walkTree } from './guestTree.ts';
import type { GuestLocation } from './guestVolumes.ts';
import { hostName, type NameRule } from './hostName.ts';

/** A node of the guest that can be restored. */
export interface WalkedNode {
  readonly guestPath: string;
  /** Where it belongs below the target folder, under names that can be written there. */
  readonly relativePath: string;
  readonly stat: NodeStat;
  readonly kind: 'file' | 'folder' | 'symlink';
}

/**
 * Everything below a guest path that can be restored, folders before what is in them. What is damaged, no file or a trap
 * is told in `problems`; the rest comes all the same.
 * @param topPath  where the path itself belongs below the target folder
 * @param nameOf   how names are made ones that can be written
 */
export async function* walkGuest(
  location: Pick<GuestLocation, 'fileSystem' | 'node' | 'path'>,
  topPath: string,
  problems: string[],
  signal: AbortSignal,
  nameOf: NameRule = hostName,
): AsyncGenerator<WalkedNode, void, undefined> {
  const onProblem = (guestPath: string, problem: string) => {
    problems.push(`${guestPath}: ${problem}`);
  };
  for await (const found of walkTree(location, onProblem, signal)) {
    const { guestPath, node } = found;
    const read = async () => await location.fileSystem.stat(node, signal);
    const stat = await unlessDamaged(guestPath, onProblem, read);
    if (stat === undefined) continue;
    const kind = restorableKinds[stat.kind];
    if (kind === undefined) problems.push(`${guestPath} is a ${stat.kind}, which is not restored`);
    else yield { guestPath, relativePath: relativePathOf(found, topPath, nameOf), stat, kind };
  }
}

const restorableKinds: Readonly<Partial<Record<NodeStat['kind'], WalkedNode['kind']>>> = {
  file: 'file',
  directory: 'folder',
  symlink: 'symlink',
};

function relativePathOf(node: TreeNode, topPath: string, nameOf: NameRule): string {
  const names: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) names.push(nameOf(at.name));
  return join(topPath, ...names.toReversed());
}
