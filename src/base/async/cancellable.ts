import { CancelledError } from '../errors.ts';

/** Stops waiting when `signal` is aborted; the work itself goes on for the others. */
export async function cancellable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  // Whoever no longer waits does not hear how it ends.
  work.catch(() => undefined);
  if (signal.aborted) throw new CancelledError();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new CancelledError());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
