import type { LogOutputChannel } from 'vscode';

import type { Clock } from '../base/clock.ts';
import type { Explanations } from './explanations.ts';
import type { Jobs } from './jobs.ts';
import type { KnownPlaces } from './knownPlaces.ts';
import type { Lab } from './lab.ts';
import type { Notifier } from './notify.ts';
import type { OpenPlaces } from './openPlaces.ts';
import type { Pages } from './pages.ts';
import type { Credentials } from './secrets.ts';
import type { Ui } from './ui/ui.ts';
import type { VmView } from './vmView.ts';
import type { RecoveryPanels } from './webviews/recovery.ts';
import type { RestoreBrowser } from './webviews/restoreBrowser.ts';
import type { Worker } from './workerLink.ts';

/** What commands work with. */
export interface Host {
  readonly worker: Worker;
  readonly known: KnownPlaces;
  readonly places: OpenPlaces;
  readonly credentials: Credentials;
  readonly vmView: VmView;
  readonly jobs: Jobs;
  readonly lab: Lab;
  readonly explanations: Pick<Explanations, 'prepare'>;
  readonly pages: Pick<Pages, 'show'>;
  readonly recovery: Pick<RecoveryPanels, 'show'>;
  readonly restoreBrowser: Pick<RestoreBrowser, 'show'>;
  readonly ui: Ui;
  readonly notifier: Notifier;
  readonly log: LogOutputChannel;
  readonly clock: Clock;
  /** Of the editor, for all windows; survives updates. */
  readonly storageFolder: string;
  /** Where restored files go if nothing else is said: the folder that is open, or one in the user's home. */
  readonly usualTargetFolder: () => string;
  /** Fetches anew what the trees show. */
  readonly refresh: () => void;
}
