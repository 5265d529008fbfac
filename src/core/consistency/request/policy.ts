import type { ConsistencyLevel } from '../level.ts';

/** How consistent a backup has to be, and what happens if it cannot be. */
export interface ConsistencyPolicy {
  /** What is asked for at most; where a guest cannot have that, the best it can have. */
  readonly wanted: ConsistencyLevel;
  /** Not stronger than `wanted`. Down to here a step down is taken, and recorded, without asking. */
  readonly minimum: ConsistencyLevel;
  /** What happens below the minimum; `ask` means `fail` while no user is there. */
  readonly onShortfall: (typeof shortfallChoices)[number];
  /** For the whole of quiescing, 5 to 240; undefined leaves it to the server, which takes 15. */
  readonly timeoutMinutes: number | undefined;
  /** `copy` leaves logs and other products' backups alone. `full` may truncate logs and breaks a differential chain. */
  readonly vssBackupType: 'copy' | 'full';
}

export const shortfallChoices = ['fail', 'step-down', 'ask'] as const;

export const defaultPolicy: ConsistencyPolicy = {
  wanted: 'application',
  minimum: 'filesystem',
  onShortfall: 'fail',
  timeoutMinutes: undefined,
  vssBackupType: 'copy',
};
