import { type Disposable, EventEmitter, type TextDocumentContentProvider, type Uri } from 'vscode';

import { readJobLog } from '../protocol/job.ts';
import { l10n } from 'vscode';
import type { Worker, WorkerLink } from './workerLink.ts';

/** Logs of jobs as read-only documents, `quiesce-log:/TITLE.log?JOB-ID`; they grow while the job runs. */
export class JobLog implements TextDocumentContentProvider {
  readonly onDidChange;
  readonly #worker: Worker;
  readonly #changed = new EventEmitter<Uri>();
  readonly #shown = new Map<string, Uri>();
  readonly #lifetime = new AbortController();
  readonly #subscription: Disposable;

  constructor(worker: WorkerLink) {
    this.#worker = worker;
    this.onDidChange = this.#changed.event;
    this.#subscription = worker.onDidChangeJob(({ id }) => {
      const uri = this.#shown.get(id);
      if (uri !== undefined) this.#changed.fire(uri);
    });
  }

  async provideTextDocumentContent(uri: Uri): Promise<string> {
    this.#shown.set(uri.query, uri);
    const { lines, droppedCount } = await this.#worker.request(
      readJobLog,
      { jobId: uri.query },
      this.#lifetime.signal,
    );
    return [
      ...(droppedCount === 0 ? [] : [l10n.t('… {0} older lines were let go', droppedCount)]),
      ...lines.map(({ at, level, text }) => `${at} [${level}] ${text}`),
      '',
    ].join('\n');
  }

  dispose(): void {
    this.#lifetime.abort();
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
