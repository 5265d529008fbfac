import type { ConsistencyLevelDto } from '../../src/protocol/point.ts';
import type { IconName } from './icons.ts';

/** Levels differ in shape, not in color alone. */
export function levelIcon(level: ConsistencyLevelDto | undefined): IconName {
  if (level === undefined) return 'unknown';
  if (level === 'none') return 'inconsistent';
  return level === 'crash' ? 'crash' : 'proven';
}

/** One letter for where a word has no room; the word is beside it for whoever reads the screen. */
export function levelLetter(level: ConsistencyLevelDto | undefined): string {
  return level === undefined ? '?' : level.charAt(0).toUpperCase();
}
