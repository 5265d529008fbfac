import type { Translate } from './nodeView.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `2026-11-22 14:03` in the local time zone: sorts as it reads. */
export function formatMoment(moment: string): string {
  const at = new Date(moment);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `14:03` of today, otherwise with the date. */
export function formatShortMoment(moment: string, now: Date): string {
  const [whole, today] = [formatMoment(moment), formatMoment(now.toISOString()).slice(0, 10)];
  return whole.startsWith(today) ? whole.slice(today.length + 1) : whole;
}

/** How long ago something happened, in one unit. */
export function formatAge(moment: string, now: Date, t: Translate): string {
  const ageMs = now.getTime() - Date.parse(moment);
  if (ageMs < minuteMs) return t('just now');
  if (ageMs < hourMs) return t('{0} min ago', Math.floor(ageMs / minuteMs));
  if (ageMs < 2 * dayMs) return t('{0} h ago', Math.floor(ageMs / hourMs));
  return t('{0} days ago', Math.floor(ageMs / dayMs));
}
