export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

export const hourMs = 60 * 60_000;
export const dayMs = 24 * hourMs;

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1536` → `1.5 KiB`. Three significant digits at most, so that columns stay narrow. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${trimZeros(value.toFixed(digits))} ${binaryUnits[unit] ?? ''}`;
}

/** `3723000` → `1 h 02 min`; below a minute in seconds. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad2(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h ${pad2(minutes % 60)} min`;
}

/** The same, from two days on as `3 d 4 h`. */
export function formatLongDuration(durationMs: number): string {
  if (durationMs < 2 * dayMs) return formatDuration(durationMs);
  return `${Math.floor(durationMs / dayMs)} d ${Math.floor((durationMs % dayMs) / hourMs)} h`;
}

/** `1 disk`, `2 disks`. */
export function counted(count: number, singular: string): string {
  return `${count} ${singular}${count === 1 ? '' : 's'}`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function pad2(value: number): string {
  return String(value).padStart(2, '0');
}

/** Permission bits as people know them from `chmod`: `0755`. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
