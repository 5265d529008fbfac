import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { ProgressListener } from '../base/progress.ts';
import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import type { GoalStore } from '../core/goals/recoveryGoals.ts';
import type { TransferLog } from '../core/goals/transferLog.ts';
import type { LocalMachine } from '../core/disk/node/localMachine.ts';
import type { LeaseJournal } from '../core/journal/leaseJournal.ts';
import type { TransferLimits } from '../core/repository/limitedObjectStore.ts';
import type { Repository } from '../core/repository/repository.ts';
import type { Storing } from '../core/repository/storing.ts';
import type { Argon2 } from '../core/volume/luks/openKeyslot.ts';
import type { VCenterConnection } from '../core/vsphere/node/connectVCenter.ts';
import type { RepositoryConfig, VCenterConfig } from './config/config.ts';
import type { Places } from './config/places.ts';
import type { Output } from './output.ts';

/** What a command has at hand; made by main.ts, the composition root. What it opens, the command closes. */
export interface CommandContext {
  readonly places: Places;
  readonly output: Output;
  readonly clock: Clock;
  readonly random: Random;
  readonly machine: LocalMachine;
  readonly logger: Logger;
  /** Aborted by SIGINT or SIGTERM: finish cleanly, leave nothing behind. */
  readonly signal: AbortSignal;
  readonly program: string;
  /** Names this run in what it leaves on servers while it works. */
  readonly job: string;
  readonly username: string;
  /** The same as the worker's. */
  readonly goals: GoalStore;
  readonly transfers: TransferLog;

  /** Derives the keys of encrypted volumes. */
  readonly argon2: Argon2;

  openJournal(): Promise<LeaseJournal & AsyncDisposable>;
  openSession(name: string, vcenter: VCenterConfig): Promise<VCenterConnection>;
  openRepository(name: string, repository: RepositoryConfig, options?: OpenOptions): Promise<Repository>;
  createRepository(name: string, repository: RepositoryConfig): Promise<Repository>;
  /** Runs `work` with a progress line that is gone, or finished, when it ends. */
  withProgress<T>(work: (onProgress: ProgressListener) => Promise<T>): Promise<T>;
  /** Whether somebody can be asked. */
  readonly hasTerminal: boolean;
  /** Asks on the terminal. @throws INVALID_INPUT naming the option that answers instead, if there is no terminal */
  confirm(question: string, optionInstead: string): Promise<boolean>;
  /** A line typed on the terminal, which there has to be. */
  ask(question: string): Promise<string>;
  /** The same, not shown while it is typed. */
  askSecret(question: string): Promise<Secret>;
}

export interface OpenOptions {
  /** Open it also with index files that cannot be read. */
  readonly toRepair?: boolean;
  readonly limits?: TransferLimits;
  /** Goes before what is configured. */
  readonly storing?: Partial<Storing>;
}
