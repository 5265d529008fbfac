import {
  CancellationTokenSource,
  ConnectionError,
  ErrorCodes,
  type MessageConnection,
  type RequestType,
  ResponseError,
} from 'vscode-jsonrpc';

import { AppError, CancelledError, toAppError } from '../../base/errors.ts';
import { fromWireError, isWireError, type WireError } from '../wireError.ts';

/** Codes by which the library says that there is nobody to answer any more. */
const lostCodes: readonly number[] = [
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
];

/**
 * Sends a request and waits for its answer. When the signal is aborted the other side is told and the call rejects at
 * once.
 * @param connection  must be disposed of as soon as it is closed
 * @param lost  what to throw if the connection ends first
 * @throws the other side's own error; CANCELLED; what `lost` makes
 */
export async function sendRequest<P, R>(
  connection: MessageConnection,
  type: RequestType<P, R, WireError>,
  params: P,
  signal: AbortSignal,
  lost: (cause: unknown) => AppError,
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
    throw receivedError(error, lost);
  } finally {
    signal.removeEventListener('abort', onAbort);
    cancellation.dispose();
  }
}

function receivedError(error: unknown, lost: (cause: unknown) => AppError): AppError {
  if (error instanceof ResponseError) {
    const { code, data, message } = error as ResponseError<unknown>;
    if (isWireError(data)) return fromWireError(data);
    if (!lostCodes.includes(code)) return new AppError('INTERNAL', message, { cause: error });
    return lost(error);
  }
  return error instanceof ConnectionError ? lost(error) : toAppError(error);
}
