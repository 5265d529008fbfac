import { AppError } from '../../base/errors.ts';
import type { RestorePointSummary } from './backupSet.ts';
import { pinTag } from './restorePointLayout.ts';

/**
 * Which restore points of one backup set stay: every rule keeps some, and what no rule keeps goes. The meaning of each
 * rule is that of the option of the same name of `restic forget`, so that either program can be used. Hours, days,
 * weeks (which begin on Monday), months and years are those of UTC, in which restore points carry their time.
 */
export interface RetentionPolicy {
  /** The newest ones, whenever they were taken. */
  readonly last?: number;
  /** The newest one of each of so many newest hours (days, …) that have any. */
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  /** All that are newer than this, counted back from the newest one that is not in the future. */
  readonly within?: RetentionSpan;
  /** All that carry one of these tags. */
  readonly tags?: readonly string[];
}

/** Calendar units, as `1y5m7d2h` says them. */
export interface RetentionSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

/** What the rules say of one restore point. */
export interface RetentionVerdict {
  readonly point: RestorePointSummary;
  /** The rules that keep it, in words; none: it goes. */
  readonly reasons: readonly string[];
}

export function isEmptyPolicy({ within, tags = [], ...counts }: RetentionPolicy): boolean {
  return within === undefined && tags.length === 0 && Object.values(counts).every(count => count === 0);
}

/**
 * @param points  of one backup set, in any order
 * @returns newest first
 */
export function applyRetention(
  points: readonly RestorePointSummary[],
  policy: RetentionPolicy,
  now: Date,
): readonly RetentionVerdict[] {
  const newestFirst = points.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
  const latest = newestFirst.find(({ takenAt }) => takenAt < now);
  const since = policy.within === undefined ? undefined : before(latest?.takenAt ?? now, policy.within);
  const buckets = bucketRules(policy);
  return newestFirst.map((point, position) => ({
    point,
    reasons: [
      ...(point.tags.includes(pinTag) ? ['pinned'] : []),
      ...(policy.tags ?? []).filter(tag => point.tags.includes(tag)).map(tag => `tag ${tag}`),
      ...(since !== undefined && point.takenAt > since ? ['within the time'] : []),
      ...buckets.filter(bucket => bucket.takes(point.takenAt, position)).map(({ reason }) => reason),
    ],
  }));
}

/** @throws INVALID_INPUT unless `text` is like `1y5m7d2h`, with any of its parts left out */
export function parseRetentionSpan(text: string): RetentionSpan {
  const match = /^(?:(\d{1,4})y)?(?:(\d{1,5})m)?(?:(\d{1,6})d)?(?:(\d{1,7})h)?$/.exec(text);
  // What does not take part in a match is undefined, whatever the type says.
  const parts: readonly (string | undefined)[] = match ?? [];
  const [years = 0, months = 0, days = 0, hours = 0] = parts.slice(1).map(part => Number(part ?? 0));
  if (match === null || years + months + days + hours === 0) {
    throw new AppError('INVALID_INPUT', `"${text}" is not a span of time`, {
      object: text,
      remedy: 'Write it like 1y5m7d2h: years, months, days, hours',
    });
  }
  return { years, months, days, hours };
}

interface Bucket {
  readonly reason: string;
  /** Whether the rule keeps it; asked newest first. */
  takes(takenAt: Date, position: number): boolean;
}

function bucketRules(policy: RetentionPolicy): readonly Bucket[] {
  return [
    bucket('last', policy.last, (_, position) => position),
    bucket('hourly', policy.hourly, takenAt => Math.floor(takenAt.getTime() / 3_600_000)),
    bucket('daily', policy.daily, dayNumber),
    // 1970-01-01 was a Thursday.
    bucket('weekly', policy.weekly, takenAt => Math.floor((dayNumber(takenAt) + 3) / 7)),
    bucket('monthly', policy.monthly, takenAt => takenAt.getUTCFullYear() * 12 + takenAt.getUTCMonth()),
    bucket('yearly', policy.yearly, takenAt => takenAt.getUTCFullYear()),
  ];
}

function bucket(reason: string, count = 0, numberOf: (takenAt: Date, position: number) => number): Bucket {
  let left = count;
  let lastNumber: number | undefined;
  return {
    reason,
    takes: (takenAt, position) => {
      const number = numberOf(takenAt, position);
      if (left === 0 || number === lastNumber) return false;
      lastNumber = number;
      left -= 1;
      return true;
    },
  };
}

function dayNumber(takenAt: Date): number {
  return Math.floor(takenAt.getTime() / 86_400_000);
}

/** By the calendar: a month before 31 March is 3 March, or 2 March in a leap year, as in Go. */
function before(moment: Date, { years, months, days, hours }: RetentionSpan): Date {
  const date = new Date(moment);
  date.setUTCFullYear(date.getUTCFullYear() - years, date.getUTCMonth() - months, date.getUTCDate() - days);
  return new Date(date.getTime() - hours * 3_600_000);
}
