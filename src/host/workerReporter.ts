import { l10n, type LogOutputChannel, type TreeView } from 'vscode';

import type { Clock } from '../base/clock.ts';
import type { JobDto } from '../protocol/job.ts';
import type { Jobs } from './jobs.ts';
import type { Ui } from './ui/ui.ts';
import type { WorkerLink } from './workerLink.ts';

interface Deps {
  readonly jobs: Pick<Jobs, 'onDidLoseWorker'>;
  readonly worker: Pick<WorkerLink, 'onDidConnect'>;
  readonly jobView: Pick<TreeView<unknown>, 'message'>;
  readonly ui: Pick<Ui, 'tell'>;
  readonly log: LogOutputChannel;
  readonly clock: Clock;
  /** Shows anew what the worker knows, which starts another one. */
  readonly refresh: () => void;
}

/** A worker that ends again and again is not started for ever by windows nobody looks at. */
const mostEndsInARow = 3;
const rowMs = 60_000;

/** Tells of the worker's coming and going. */
export class WorkerReporter {
  readonly #deps: Deps;
  readonly #subscriptions: readonly { dispose(): void }[];
  #endedAtMs: readonly number[] = [];

  constructor(deps: Deps) {
    this.#deps = deps;
    const { jobs, worker, jobView, log } = deps;
    this.#subscriptions = [
      worker.onDidConnect(({ processId, productVersion }) => {
        log.info(`connected to worker ${processId} (${productVersion})`);
        jobView.message = '';
      }),
      jobs.onDidLoseWorker(running => {
        if (running.length === 0) this.#goOn();
        else this.#warn(running);
      }),
    ];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** Nothing was lost: one of an older version, say, has made room after its last job. */
  #goOn(): void {
    const { jobView, log, clock, refresh } = this.#deps;
    log.info('the background worker has ended, it had no jobs');
    jobView.message = l10n.t('The background worker has ended; the next request starts it anew.');
    const nowMs = clock.monotonicMs();
    this.#endedAtMs = [...this.#endedAtMs.filter(atMs => nowMs - atMs < rowMs), nowMs];
    if (this.#endedAtMs.length <= mostEndsInARow) refresh();
  }

  #warn(running: readonly JobDto[]): void {
    const { jobView, ui, log } = this.#deps;
    const message = l10n.t(
      'The background worker has ended. Its jobs have stopped; the next request starts it anew.',
    );
    log.warn(message, { jobs: running.map(({ kind, object }) => `${kind} ${object}`) });
    jobView.message = message;
    void ui.tell('warning', message, [l10n.t('Show Log')]).then(chosen => {
      if (chosen !== undefined) log.show();
    });
  }
}
