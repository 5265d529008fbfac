import type { NodeId, Timestamp } from '../guestFileSystem.ts';
import type { FatContent } from './fatVolume.ts';

/** What a directory says of one of its entries; there is nothing else that could. */
export interface FatNode {
  readonly node: NodeId;
  readonly name: Uint8Array;
  readonly isDirectory: boolean;
  readonly isReadOnly: boolean;
  readonly content: FatContent;
  /** Of the content; what lies behind was never written and reads as zeros. */
  readonly validBytes: number;
  readonly createdAt: Timestamp;
  readonly modifiedAt: Timestamp;
  readonly accessedAt: Timestamp;
}

export interface FatListing {
  readonly nodes: readonly FatNode[];
  readonly problems: readonly string[];
}

export const entryBytes = 32;
const entriesPerDirectory = 2 ** 21;

/** Entries have no numbers: theirs are the cluster of their directory and their place in it. The root is 0. */
export function nodeIdOf(directoryCluster: number, index: number): NodeId {
  return (directoryCluster * entriesPerDirectory + index + 1) as NodeId;
}
