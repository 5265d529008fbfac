import type { MessageConnection, NotificationType, RequestType } from 'vscode-jsonrpc';

import type { WorkerDto } from '../protocol/handshake.ts';
import type { WireError } from '../protocol/wireError.ts';
import { sendRequest } from './sendRequest.ts';

/** A connection to the background worker after the handshake. Disposing leaves the worker and its jobs running. */
export class WorkerClient implements Disposable {
  readonly worker: WorkerDto;
  /** Resolves once the connection has ended, whoever ended it; pending requests have been rejected then. */
  readonly closed: Promise<void>;
  readonly #connection: MessageConnection;

  /** @param connection  after the handshake; it must be disposed of as soon as it is closed */
  constructor(connection: MessageConnection, worker: WorkerDto) {
    this.#connection = connection;
    this.worker = worker;
    this.closed = new Promise(resolve => {
      connection.onDispose(() => {
        resolve();
      });
    });
  }

  /** @throws the worker's own error; WORKER_LOST if the connection ends first; CANCELLED at once */
  async request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R> {
    return await sendRequest(this.#connection, type, params, signal);
  }

  on<P>(type: NotificationType<P>, listener: (params: P) => void): Disposable {
    const registration = this.#connection.onNotification(type.method, listener);
    return {
      [Symbol.dispose]: () => {
        registration.dispose();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#connection.dispose();
  }
}
