import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';

export interface RetryPolicy {
  /** Calls in all, the first one included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  /** Each delay is the previous one times this. */
  readonly factor: number;
  /** Which errors deserve another try; by default those marked retryable. */
  readonly when?: (error: unknown) => boolean;
}

/** Calls `work` until it succeeds, the error does not deserve another try, or the attempts are used up. */
export async function retry<T>(
  policy: RetryPolicy,
  clock: Clock,
  signal: AbortSignal,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  const deserves = policy.when ?? ((error: unknown) => AppError.is(error) && error.retryable);
  let delayMs = policy.firstDelayMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (signal.aborted || attempt >= policy.attempts || !deserves(error)) throw error;
      await clock.sleep(delayMs, signal);
      delayMs *= policy.factor;
    }
  }
}
