import { AppError } from '../../../base/errors.ts';

/** Whether a backup shall stand still for a while: whoever runs it says so, what reads keeps to it. */
export interface Pause {
  /** Aborted while it shall stand still: what is read ends with the chunk it is at. A new one each time it goes on. */
  readonly signal: AbortSignal;
  /** For how long a snapshot is kept meanwhile; then it is removed, and going on begins with another one. */
  readonly keepSnapshotMs: number;
  /** Resolves when it shall go on, at once unless it is paused. @throws CANCELLED once `signal` is aborted */
  goesOn(signal: AbortSignal): Promise<void>;
}

/** Of what nobody can pause. */
export const neverPaused: Pause = {
  signal: new AbortController().signal,
  keepSnapshotMs: 0,
  goesOn: async () => await Promise.resolve(),
};

/** A backup was paused for longer than its snapshot is kept. It has given everything back, and can be begun again. */
export class PausedTooLongError extends AppError {
  constructor(vmName: string) {
    super('CONFLICT', `${vmName}: the snapshot was removed because the backup was paused for long`, {
      object: vmName,
      remedy: 'Let it go on: it takes a new snapshot then, and stores nothing again',
      retryable: true,
    });
  }
}
