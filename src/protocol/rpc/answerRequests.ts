import {
  type CancellationToken,
  type MessageConnection,
  type RequestType,
  ResponseError,
} from 'vscode-jsonrpc';

import { CancelledError } from '../../base/errors.ts';
import { toWireError, type WireError, wireErrorCode } from '../wireError.ts';

/** Answers one kind of request; what it throws becomes a WireError. */
export type Handle = <P, R>(
  type: RequestType<P, R, WireError>,
  handler: (params: P, signal: AbortSignal) => R | Promise<R>,
) => void;

/**
 * @param gone  aborted when the other side is gone: nobody waits for answers any more
 */
export function handlersOf(connection: MessageConnection, gone: AbortSignal): Handle {
  return <P, R>(
    type: RequestType<P, R, WireError>,
    handler: (params: P, signal: AbortSignal) => R | Promise<R>,
  ) => {
    connection.onRequest(type.method, async (params: P, token: CancellationToken) => {
      const cancelled = new AbortController();
      token.onCancellationRequested(() => {
        cancelled.abort(new CancelledError());
      });
      try {
        return await handler(params, AbortSignal.any([cancelled.signal, gone]));
      } catch (error) {
        return failure(error);
      }
    });
  };
}

export function failure(error: unknown): ResponseError<WireError> {
  const wireError = toWireError(error);
  return new ResponseError(wireErrorCode, wireError.message, wireError);
}
