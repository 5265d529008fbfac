import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { LocalMachine } from '../core/disk/node/localMachine.ts';
import type { GoalStore } from '../core/goals/recoveryGoals.ts';
import type { TransferLog } from '../core/goals/transferLog.ts';
import type { TransferSlots } from '../core/jobs/backupVm/transferSlots.ts';
import type { Notifier } from '../core/jobs/notify/node/notifier.ts';
import type { StandingDeps } from '../core/jobs/recovery/standings.ts';
import type { TellClients } from './clients.ts';
import type { GuardKeeper } from './guardKeeper.ts';
import type { GuestPasswords } from './guestPasswords.ts';
import type { GuestReaders } from './guestReaders.ts';
import type { JobHistory } from './jobHistory.ts';
import type { JobRegistry } from './jobRegistry.ts';
import type { KeptRows } from './keptRows.ts';
import type { Leftovers } from './leftovers.ts';
import type { SnapshotWatch } from './snapshotWatch.ts';
import type { Openers, OpenRepositories, OpenVCenters } from './openers.ts';
import type { PatientOpener } from './patientOpener.ts';

/** What exists once per worker, made by main.ts; every client's requests work on the same. */
export interface WorkerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly machine: LocalMachine;
  readonly logger: Logger;
  readonly openers: Openers;
  readonly patientOpener: PatientOpener;
  readonly keptRows: KeptRows;
  readonly vcenters: OpenVCenters;
  readonly repositories: OpenRepositories;
  readonly jobs: JobRegistry;
  readonly history: JobHistory;
  readonly slots: TransferSlots;
  readonly notifier: Notifier;
  readonly leftovers: Leftovers;
  readonly guard: GuardKeeper;
  readonly snapshots: SnapshotWatch;
  readonly guestReaders: GuestReaders;
  readonly guestPasswords: GuestPasswords;
  readonly goals: GoalStore;
  readonly transfers: TransferLog;
  /** What a restore point says of recovering from it, kept for the next time. */
  readonly pointFacts: StandingDeps['factsOf'];
  readonly tellClients: TellClients;
  /** Whether a client is there that could answer a question. */
  readonly hasUser: () => boolean;
}
