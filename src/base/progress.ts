import type { Waits } from './waits.ts';

/** What a long operation says of itself. Totals may grow while it runs; they are undefined while unknown. */
export interface Progress {
  /** The step as the user reads it, for instance "Reading disk 2000". */
  readonly phase: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** Of all so far; missing where nobody measures. */
  readonly waits?: Waits;
}

/** Called as often as the operation likes; the receiver throttles. Must not throw. */
export type ProgressListener = (progress: Progress) => void;
