import { counted } from '../../base/units.ts';
import type { Assessment } from './assess.ts';

/** The strongest reason why it is no more, in a few words. */
export function limitingReason({ level, limits, base, outside }: Assessment): string | undefined {
  const limit = limits.find(({ cap }) => cap === level);
  if (limit !== undefined) return limit.reason;
  if (outside.length > 0) return `${counted(outside.length, 'disk')} outside the snapshot`;
  return level === 'application' ? undefined : base.reason;
}
