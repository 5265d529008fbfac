import { l10n, type LogOutputChannel } from 'vscode';

import { AppError } from '../base/errors.ts';
import { answerJob, type JobDto, type JobQuestionDto } from '../protocol/job.ts';
import type { Jobs } from './jobs.ts';
import { shortConsistencyLabel } from './model/consistency.ts';
import { sentence } from './model/errorText.ts';
import { jobTitle } from './model/jobModel.ts';
import type { Ui } from './ui/ui.ts';
import type { Worker } from './workerLink.ts';

interface Deps {
  readonly ui: Ui;
  readonly worker: Worker;
  readonly log: LogOutputChannel;
}

/** Puts the questions of jobs to the person, in every window: the first answer counts. */
export class JobQuestions {
  readonly #deps: Deps;
  readonly #asked = new Set<string>();
  readonly #subscription: { dispose(): void };
  readonly #lifetime = new AbortController();

  constructor(jobs: Pick<Jobs, 'all' | 'onDidChange'>, deps: Deps) {
    this.#deps = deps;
    this.#subscription = jobs.onDidChange(() => {
      for (const job of jobs.all()) {
        if (job.question === undefined || this.#asked.has(job.question.id)) continue;
        this.#asked.add(job.question.id);
        this.#ask(job, job.question).catch((error: unknown) => deps.log.error(String(error)));
      }
    });
  }

  dispose(): void {
    this.#lifetime.abort();
    this.#subscription.dispose();
  }

  async #ask(job: JobDto, { id, object, from, to, reason }: JobQuestionDto): Promise<void> {
    const { ui, worker } = this.#deps;
    const level = shortConsistencyLabel(to, l10n.t);
    const accept = await ui.confirm({
      question: l10n.t('{0}: is {1} consistency good enough?', jobTitle(job, l10n.t), level),
      lines: [
        ...(object === job.object ? [] : [l10n.t('Virtual machine: {0}', object)]),
        l10n.t('Asked for: {0}', shortConsistencyLabel(from, l10n.t)),
        sentence({ message: reason }),
        l10n.t('What was not reached is kept in the restore point. Otherwise the job fails.'),
      ],
      action: l10n.t('Take {0}', level),
    });
    try {
      await worker.request(answerJob, { jobId: job.id, questionId: id, accept }, this.#lifetime.signal);
    } catch (error) {
      // Somebody else was faster, or the job was cancelled meanwhile.
      if (!AppError.is(error, 'NOT_FOUND')) throw error;
    }
  }
}
