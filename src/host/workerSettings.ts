import { workspace } from 'vscode';

import { applySettings } from '../protocol/settings.ts';
import type { Notifier } from './notify.ts';
import { readWorkerSettings, workerSettingIds } from './settings.ts';
import type { WorkerLink } from './workerLink.ts';

/** Tells the worker what people have set for all its jobs: when it is connected, and when they change it. */
export class WorkerSettings {
  readonly #worker: WorkerLink;
  readonly #notifier: Notifier;
  readonly #lifetime = new AbortController();
  readonly #subscriptions: readonly { dispose(): void }[];
  #isConnected = false;

  constructor(worker: WorkerLink, notifier: Notifier) {
    this.#worker = worker;
    this.#notifier = notifier;
    this.#subscriptions = [
      worker.onDidConnect(() => {
        this.#isConnected = true;
        this.#apply();
      }),
      worker.onDidLose(() => {
        this.#isConnected = false;
      }),
      workspace.onDidChangeConfiguration(change => {
        // A worker that is not there is not started for it: it is told when it is.
        if (this.#isConnected && workerSettingIds.some(id => change.affectsConfiguration(id))) this.#apply();
      }),
    ];
  }

  dispose(): void {
    this.#lifetime.abort();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #apply(): void {
    this.#worker
      .request(applySettings, readWorkerSettings(), this.#lifetime.signal)
      .catch(async (error: unknown) => await this.#notifier.failure(error));
  }
}
