import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import type { Clock } from '../../base/clock.ts';
import type { UploadFault } from '../control.ts';
import { HttpError } from './httpAnswer.ts';

/**
 * The body of a request as far as it arrives, with whatever was planned to go wrong with it. Leaving it early does not
 * close the connection: the answer says why.
 * @throws HttpError with the planned status
 */
export async function* receiveWithTrouble(
  request: IncomingMessage,
  fault: UploadFault | undefined,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  if (fault === undefined) {
    yield* pieces;
    return;
  }
  const { afterBytes = 0, status = 503, bytesPerSecond = 1 } = fault;
  if (fault.kind === 'refuse' && afterBytes === 0) throw refusal(status);
  let receivedBytes = 0;
  for await (const piece of pieces) {
    const unharmed = piece.subarray(0, Math.max(0, afterBytes - receivedBytes));
    receivedBytes += piece.length;
    if (unharmed.length > 0) yield unharmed;
    if (unharmed.length === piece.length) continue;
    switch (fault.kind) {
      case 'refuse':
        throw refusal(status);
      case 'cut':
        request.destroy();
        throw brokenOff();
      case 'stall':
        if (!signal.aborted) await once(signal, 'abort');
        throw brokenOff();
      case 'slow': {
        const rest = piece.subarray(unharmed.length);
        await clock.sleep((rest.length / bytesPerSecond) * 1000, signal);
        yield rest;
      }
    }
  }
  // As when the storage finds out only at the end that it has no room.
  if (fault.kind === 'refuse') throw refusal(status);
}

/** Nobody hears it: the connection is gone. What has arrived must not be taken for the whole. */
function brokenOff(): HttpError {
  return new HttpError(400, 'The body has ended early');
}

function refusal(status: number): HttpError {
  return new HttpError(status, 'The service is unavailable');
}
