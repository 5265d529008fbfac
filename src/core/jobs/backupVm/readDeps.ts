import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Random } from '../../../base/random.ts';
import type { NbdSettings } from '../../disk/nbd/nbdSettings.ts';
import type { LocalMachine } from '../../disk/node/localMachine.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import type { Credentials } from '../../vsphere/session.ts';
import type { AskForLess } from '../snapshotByPolicy.ts';
import type { Pause } from './pause.ts';
import type { TransferSlots } from './transferSlots.ts';

/** What reading a VM works with. */
export interface ReadDeps {
  readonly askForLess: AskForLess;
  /** Names the job in what it leaves on servers while it works, one word. */
  readonly job: string;
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where disks are transferred from. */
  readonly endpoint: TransferEndpoint;
  /** What all backups of this process share. */
  readonly slots: TransferSlots;
  readonly pause: Pause;
  /** What this runs on. */
  readonly machine: LocalMachine;
  /** How disks are read through NBD programs; without it they are not. */
  readonly nbd?: NbdAccess;
}

export interface NbdAccess {
  readonly settings: NbdSettings;
  /** With which the program logs in at the server. */
  readonly account: Credentials;
}
