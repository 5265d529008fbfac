import { AppError } from '../../base/errors.ts';
import type { NodeKind, NodeStat } from './guestFileSystem.ts';

const byMode: Readonly<Record<number, NodeKind>> = {
  0x1000: 'fifo',
  0x2000: 'character-device',
  0x4000: 'directory',
  0x6000: 'block-device',
  0x8000: 'file',
  0xa000: 'symlink',
  0xc000: 'socket',
};

/** By the number that entries of directories carry beside the name, where they do. */
export const kindsOfEntries: readonly (NodeKind | undefined)[] = [
  undefined,
  'file',
  'directory',
  'character-device',
  'block-device',
  'fifo',
  'socket',
  'symlink',
];

/** The kind of a node by the upper bits of its mode; undefined if they make no sense. */
export function kindOfMode(mode: number): NodeKind | undefined {
  return byMode[mode & 0xf000];
}

/** @throws INVALID_INPUT for another kind of node */
export function requireKind(
  inode: { readonly number: number; readonly stat: NodeStat },
  kind: NodeKind,
): void {
  if (inode.stat.kind === kind) return;
  throw new AppError('INVALID_INPUT', `inode ${inode.number} is a ${inode.stat.kind}, not a ${kind}`);
}
