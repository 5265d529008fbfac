import {
  CancellationTokenSource,
  ConnectionError,
  ErrorCodes,
  type MessageConnection,
  type RequestType,
  ResponseError,
} from 'vscode-jsonrpc';

import { AppError, CancelledError, toAppError } from '../base/errors.ts';
import { fromWireError, isWireError, type WireError } from '../protocol/wireError.ts';

/** Codes by which the library says that there is nobody to answer any more. */
const lostCodes: readonly number[] = [
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
];

/**
 * Sends a request and waits for its answer. When the signal is aborted the worker is told and the call rejects at once.
 * @throws the worker's own error; WORKER_LOST if the connection ends first; CANCELLED
 */
export async function sendRequest<P, R>(
  connection: MessageConnection,
  type: RequestType<P, R, WireError>,
  params: P,
  signal: AbortSignal,
): Promise<R> {
  if (signal.aborted) throw new CancelledError();
  const cancellation = new CancellationTokenSource();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      cancellation.cancel();
      reject(new CancelledError());
    };
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = connection.sendRequest<R>(type.method, params, cancellation.token);
    return await Promise.race([answer, aborted]);
  } catch (error) {
    throw receivedError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    cancellation.dispose();
  }
}

function receivedError(error: unknown): AppError {
  if (error instanceof ResponseError) {
    const { code, data, message } = error as ResponseError<unknown>;
    if (isWireError(data)) return fromWireError(data);
    if (!lostCodes.includes(code)) return new AppError('INTERNAL', message, { cause: error });
    return workerLost(error);
  }
  return error instanceof ConnectionError ? workerLost(error) : toAppError(error);
}

export function workerLost(cause: unknown): AppError {
  return new AppError('WORKER_LOST', 'the background worker has ended before it answered', {
    object: 'background worker',
    remedy: 'Try again: a new one is started, which also cleans up what the old one left',
    cause,
  });
}
