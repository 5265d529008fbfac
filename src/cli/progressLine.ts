import type { Clock } from '../base/clock.ts';
import type { Progress, ProgressListener } from '../base/progress.ts';
import { RateMeter } from '../base/rateMeter.ts';
import { formatBytes, formatDuration } from '../base/units.ts';
import { WaitMeter } from '../base/waitMeter.ts';
import { bottleneckTexts } from '../base/waits.ts';

/** On a terminal one line, rewritten; into a file or pipe a line now and then. */
const terminalIntervalMs = 200;
const logIntervalMs = 10_000;

export interface ProgressLine extends Disposable {
  readonly listener: ProgressListener;
}

/**
 * Shows progress with rate and time left on `stream`. Disposing leaves the terminal on a fresh line.
 * @param silent  shows nothing: a program is reading
 */
export function openProgressLine(clock: Clock, stream: NodeJS.WriteStream, silent: boolean): ProgressLine {
  const intervalMs = stream.isTTY ? terminalIntervalMs : logIntervalMs;
  const meter = new RateMeter(clock);
  const waits = new WaitMeter(clock);
  let shownAtMs = -Infinity;
  let shownPhase = '';
  let openLine = false;
  return {
    listener: progress => {
      if (silent) return;
      meter.update(progress.doneBytes);
      waits.update(progress.waits);
      const nowMs = clock.monotonicMs();
      if (progress.phase === shownPhase && nowMs - shownAtMs < intervalMs) return;
      if (stream.isTTY && openLine && progress.phase !== shownPhase) stream.write('\n');
      shownAtMs = nowMs;
      shownPhase = progress.phase;
      const line = describeProgress(progress, meter, waits);
      if (stream.isTTY) stream.write(`\r\x1b[K${line.slice(0, Math.max(20, stream.columns - 1))}`);
      else stream.write(`${line}\n`);
      openLine = stream.isTTY;
    },
    [Symbol.dispose]: () => {
      if (openLine) stream.write('\n');
      openLine = false;
    },
  };
}

/** `Reading disk 2000  1.2 GiB of 4 GiB (30 %)  85 MiB/s  33 s left  limited by the source` */
export function describeProgress(progress: Progress, meter: RateMeter, waits: WaitMeter): string {
  const { phase, doneBytes, totalBytes } = progress;
  if (totalBytes === 0 || (totalBytes === undefined && doneBytes === 0)) return phase;
  const parts = [phase, formatBytes(doneBytes)];
  if (totalBytes !== undefined) {
    const percent = Math.floor((100 * doneBytes) / totalBytes);
    parts[1] = `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} (${percent} %)`;
  }
  const rate = meter.bytesPerSecond();
  if (rate !== undefined && doneBytes > 0) parts.push(`${formatBytes(rate)}/s`);
  const remainingMs = totalBytes === undefined ? undefined : meter.remainingMs(totalBytes);
  if (remainingMs !== undefined && doneBytes !== totalBytes)
    parts.push(`${formatDuration(remainingMs)} left`);
  const bottleneck = waits.bottleneck();
  if (bottleneck !== undefined) parts.push(bottleneckTexts[bottleneck]);
  return parts.join('  ');
}
