import type { MessageConnection, RequestType } from 'vscode-jsonrpc';

import { AppError } from '../base/errors.ts';
import { sendRequest as send } from '../protocol/rpc/sendRequest.ts';
import type { WireError } from '../protocol/wireError.ts';

/**
 * Sends a request to the worker and waits for its answer. When the signal is aborted the worker is told and the call
 * rejects at once.
 * @throws the worker's own error; WORKER_LOST if the connection ends first; CANCELLED
 */
export async function sendRequest<P, R>(
  connection: MessageConnection,
  type: RequestType<P, R, WireError>,
  params: P,
  signal: AbortSignal,
): Promise<R> {
  return await send(connection, type, params, signal, workerLost);
}

function workerLost(cause: unknown): AppError {
  return new AppError('WORKER_LOST', 'the background worker has ended before it answered', {
    object: 'background worker',
    remedy: 'Try again: a new one is started, which also cleans up what the old one left',
    cause,
  });
}
