/** What trees are sorted by. Numbers beyond 2^53 are rounded, which keeps their order; no such one is looked for. */
export interface Key {
  readonly objectId: number;
  readonly type: number;
  readonly offset: number;
}

/** Types of keys, as far as they are read. */
export const keyTypes = {
  inode: 1,
  reference: 12,
  extendedReference: 13,
  attribute: 24,
  /** In a log: between which indexes it answers for a directory. */
  directoryLogRange: 72,
  directoryItem: 84,
  directoryIndex: 96,
  extentData: 108,
  root: 132,
  rootReference: 156,
  chunk: 228,
} as const;

/** Larger than every offset of a key. */
export const maxOffset = 2 ** 64;

/** Before and behind every key of a tree. */
export const firstKey: Key = { objectId: 0, type: 0, offset: 0 };
export const lastKey: Key = { objectId: maxOffset, type: 255, offset: maxOffset };

/** What a key takes where it is stored. */
export const keyBytes = 17;

export function compareKeys(one: Key, other: Key): number {
  return one.objectId - other.objectId || one.type - other.type || one.offset - other.offset;
}

/** Key of 17 bytes at `offset`. */
export function readKey(view: DataView, offset: number): Key {
  return {
    objectId: number64(view, offset),
    type: view.getUint8(offset + 8),
    offset: number64(view, offset + 9),
  };
}

function number64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
