import { AppError } from './errors.ts';

const unitsMs: Readonly<Record<string, number>> = {
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/**
 * A time as people type one: `90 min`, `24 h`, `7 d`, `2w`.
 * @throws INVALID_INPUT saying what one looks like
 */
export function parseTypedTime(text: string): number {
  const [, number = '', unit = ''] = /^\s*(\d{1,6})\s*(min|h|d|w)\s*$/.exec(text) ?? [];
  const timeMs = Number(number) * (unitsMs[unit] ?? 0);
  if (timeMs > 0) return timeMs;
  throw new AppError('INVALID_INPUT', `"${text}" is not a time`, {
    object: text,
    remedy: 'Write it like 90 min, 24 h, 7 d or 2 w',
  });
}
