import type { Timestamp } from '../guestFileSystem.ts';

/**
 * A date and a time of day as FAT keeps them, in steps of two seconds since 1980. FAT knows no time zones: what the
 * guest's clock showed is taken as UTC.
 * @param hundredths  on top, 0 to 199
 * @param offsetMinutes  by which the guest's clock was ahead of UTC, where that is kept
 */
export function dosTime(date: number, time: number, hundredths = 0, offsetMinutes = 0): Timestamp {
  if (date === 0) return { seconds: 0, nanoseconds: 0 };
  const milliseconds = Date.UTC(
    1980 + (date >>> 9),
    ((date >>> 5) & 15) - 1,
    date & 31,
    time >>> 11,
    (time >>> 5) & 63,
    (time & 31) * 2,
  );
  const rest = Math.min(hundredths, 199);
  const seconds = milliseconds / 1000 + Math.floor(rest / 100) - offsetMinutes * 60;
  return { seconds, nanoseconds: (rest % 100) * 10_000_000 };
}
