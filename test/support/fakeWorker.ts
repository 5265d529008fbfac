import type { RequestType } from 'vscode-jsonrpc';

import type { Worker } from '../../src/host/workerLink.ts';
import type { WireError } from '../../src/protocol/wireError.ts';

/** A worker that answers as a test says; what nobody answers fails. It remembers what it was asked. */
export class FakeWorker implements Worker {
  readonly asked: { readonly method: string; readonly params: unknown }[] = [];
  readonly #answers = new Map<string, (params: never) => unknown>();

  on<P, R>(type: RequestType<P, R, WireError>, answer: (params: P) => R): this {
    this.#answers.set(type.method, answer);
    return this;
  }

  async request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted();
    this.asked.push({ method: type.method, params });
    const answer = this.#answers.get(type.method);
    if (answer === undefined) throw new Error(`nobody answers ${type.method}`);
    // Through JSON, as between processes.
    return JSON.parse(JSON.stringify(answer(params as never))) as R;
  }

  paramsOf<P, R>(type: RequestType<P, R, WireError>): P[] {
    return this.asked.filter(({ method }) => method === type.method).map(({ params }) => params as P);
  }
}
