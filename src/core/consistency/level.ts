/** How consistent the bytes of a restore point are. Predicted, requested and proven are three answers, never one word. */
export type ConsistencyLevel = 'none' | 'crash' | 'filesystem' | 'application';

/** From weakest to strongest. */
export const consistencyLevels = [
  'none',
  'crash',
  'filesystem',
  'application',
] as const satisfies readonly ConsistencyLevel[];

/** Negative if `left` is the weaker one. */
export function compareLevels(left: ConsistencyLevel, right: ConsistencyLevel): number {
  return consistencyLevels.indexOf(left) - consistencyLevels.indexOf(right);
}

export function weakest(levels: readonly ConsistencyLevel[]): ConsistencyLevel {
  return levels.toSorted(compareLevels)[0] ?? 'application';
}

export function strongest(levels: readonly ConsistencyLevel[]): ConsistencyLevel {
  return levels.toSorted(compareLevels).at(-1) ?? 'none';
}
