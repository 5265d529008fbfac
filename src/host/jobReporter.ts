import { commands, l10n, type LogOutputChannel, StatusBarAlignment, window } from 'vscode';

import type { JobDto } from '../protocol/job.ts';
import { fromWireError } from '../protocol/wireError.ts';
import { commandIds, viewIds } from './ids.ts';
import type { Jobs } from './jobs.ts';
import { jobTitle, needsAttention, resultText, statusText, statusTooltip } from './model/jobModel.ts';
import type { Notifier } from './notify.ts';
import type { Ui } from './ui/ui.ts';

interface Deps {
  readonly ui: Ui;
  readonly notifier: Notifier;
  readonly log: LogOutputChannel;
  readonly refresh: () => void;
}

/** Tells about jobs outside their view: the status bar while they run, a message when one of this window has ended. */
export class JobReporter {
  readonly #deps: Deps;
  readonly #subscriptions: readonly { dispose(): void }[];

  constructor(jobs: Jobs, deps: Deps) {
    this.#deps = deps;
    const status = window.createStatusBarItem('quiesce.jobs', StatusBarAlignment.Left);
    status.name = l10n.t('Quiesce Jobs');
    status.command = `${viewIds.jobs}.focus`;
    this.#subscriptions = [
      status,
      jobs.onDidChange(() => {
        const text = statusText(jobs.all(), l10n.t);
        if (text === undefined) {
          status.hide();
          return;
        }
        status.text = text;
        status.tooltip = statusTooltip(jobs.all(), l10n.t);
        status.accessibilityInformation = { label: text.replace(/^\$\([^)]*\) /, '') };
        status.show();
      }),
      // Also a job of another window, or of this one before it was reloaded, has changed what the trees show.
      jobs.onDidFinish(({ state }) => {
        if (state === 'succeeded') deps.refresh();
      }),
      jobs.onDidFinishOurs(job => {
        this.#report(job).catch((error: unknown) => deps.log.error(String(error)));
      }),
    ];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #report(job: JobDto): Promise<void> {
    const { ui, notifier, log } = this.#deps;
    const title = jobTitle(job, l10n.t);
    log.info(`${title}: ${job.state}`);
    if (job.state === 'failed' && job.error !== undefined) {
      await notifier.failure(fromWireError(job.error));
      return;
    }
    if (job.state !== 'succeeded' || job.result === undefined) return;
    const isPartial = needsAttention(job.result);
    const message = l10n.t('{0}: {1}', title, resultText(job.result, l10n.t));
    const showLog = l10n.t('Show Job Log');
    const chosen = await ui.tell(isPartial ? 'warning' : 'info', message, isPartial ? [showLog] : []);
    if (chosen === showLog) await commands.executeCommand(commandIds.showJobLog, job);
  }
}
