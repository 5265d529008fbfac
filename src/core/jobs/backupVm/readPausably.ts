import type { Clock } from '../../../base/clock.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { type Pause, PausedTooLongError } from './pause.ts';

/** A snapshot that waits while nothing is read of it. */
export interface KeptSnapshot {
  readonly vmName: string;
  /** By the server's clock. */
  readonly takenAt: Date;
}

/**
 * Reads something of a snapshot, again from the start after each pause: what was stored of it is not stored again. While it
 * is paused it says since when the snapshot is there and until when it stays.
 * @param read  ends soon after its signal is aborted
 * @throws PausedTooLongError once the snapshot has waited for as long as it may; what `read` throws
 */
export async function readPausably<Result>(
  { vmName, takenAt }: KeptSnapshot,
  { pause, clock }: { readonly pause: Pause; readonly clock: Clock },
  onProgress: ProgressListener,
  signal: AbortSignal,
  read: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    const pausing = pause.signal;
    if (!isPaused(pausing)) {
      try {
        return await read(AbortSignal.any([signal, pausing]));
      } catch (error) {
        if (signal.aborted || !isPaused(pausing)) throw error;
      }
    }
    const until = new Date(clock.now().getTime() + pause.keepSnapshotMs);
    const phase = `Paused: the snapshot of ${vmName}, taken at ${minuteOf(takenAt)}, is kept until ${minuteOf(until)}`;
    onProgress({ phase, doneBytes: 0, totalBytes: undefined });
    await goesOnInTime(vmName, { pause, clock }, signal);
  }
}

/** A function, because the answer changes while something is awaited. */
function isPaused(pausing: AbortSignal): boolean {
  return pausing.aborted;
}

async function goesOnInTime(
  vmName: string,
  { pause, clock }: { readonly pause: Pause; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const waiting = new AbortController();
  const either = AbortSignal.any([signal, waiting.signal]);
  try {
    const isInTime = await Promise.race([
      pause.goesOn(either).then(() => true),
      clock.sleep(pause.keepSnapshotMs, either).then(() => false),
    ]);
    if (!isInTime) throw new PausedTooLongError(vmName);
  } finally {
    waiting.abort();
  }
}

/** `12:04 UTC`: whoever reads it may be elsewhere than the worker. */
function minuteOf(moment: Date): string {
  return `${moment.toISOString().slice(11, 16)} UTC`;
}
