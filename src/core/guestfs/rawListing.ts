import { setImmediate as nextTurn } from 'node:timers/promises';

import { AppError } from '../../base/errors.ts';
import type { DirectoryEntry, DirectoryListing, NodeId, NodeKind } from './guestFileSystem.ts';
import { decodeName } from './names.ts';

/** An entry as it stands in a directory of a file system with inodes. */
export interface RawEntry {
  readonly name: Uint8Array;
  readonly node: NodeId;
  /** Undefined where the file system does not keep it here, or it makes no sense. */
  readonly kind: NodeKind | undefined;
}

/** A folder of a million entries has nobody else wait until all of its names are decoded. */
const namesPerTurn = 4096;

export interface RawListing {
  readonly entries: readonly RawEntry[];
  readonly problems: readonly string[];
}

/**
 * The listing as people read it. A node that is damaged is told as a problem and left out.
 * @param kindOf  asked where the entry does not tell
 */
export async function namedListing(
  raw: RawListing,
  kindOf: (node: NodeId) => Promise<NodeKind>,
): Promise<DirectoryListing> {
  const problems = [...raw.problems];
  const entries: DirectoryEntry[] = [];
  for (const [index, { name, node, kind }] of raw.entries.entries()) {
    if (index % namesPerTurn === namesPerTurn - 1) await nextTurn();
    const text = decodeName(name);
    try {
      entries.push({ name: text, node, kind: kind ?? (await kindOf(node)) });
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
      problems.push(`${text}: ${error.message}`);
    }
  }
  return { entries, problems };
}
