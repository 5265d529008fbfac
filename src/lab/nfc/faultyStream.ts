import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Faults, StreamFault } from '../control.ts';

/** What goes wrong on the way of one body. */
export interface PlannedTrouble {
  readonly fault: Pick<StreamFault, 'kind' | 'afterBytes' | 'bytesPerSecond'> | undefined;
  /** Looked at again and again: the hold may be lifted. */
  readonly faults: Pick<Faults, 'holdStreamsAfterBytes'>;
  readonly clock: Clock;
}

/** How often a stream that is held looks whether it may go on. */
const holdPollMs = 50;

/**
 * Sends the body of an answer whose head is written, with whatever was planned to go wrong with it.
 * @returns whether all of it was sent
 */
export async function sendWithTrouble(
  response: ServerResponse,
  source: AsyncIterable<Uint8Array>,
  { fault, faults, clock }: PlannedTrouble,
  signal: AbortSignal,
): Promise<boolean> {
  const afterBytes = fault?.afterBytes ?? 0;
  let sentBytes = 0;
  for await (const piece of source) {
    while (faults.holdStreamsAfterBytes !== null && sentBytes >= faults.holdStreamsAfterBytes)
      await clock.sleep(holdPollMs, signal);
    const untilFault = fault === undefined ? piece.length : Math.max(0, afterBytes - sentBytes);
    const unharmed = piece.subarray(0, untilFault);
    await send(response, unharmed, signal);
    sentBytes += unharmed.length;
    if (unharmed.length === piece.length || fault === undefined) continue;
    switch (fault.kind) {
      case 'cut':
        await flushed(response);
        response.destroy();
        return false;
      case 'truncate':
        response.end();
        return false;
      case 'stall':
        await untilAborted(signal);
        return false;
      case 'slow': {
        const rest = piece.subarray(untilFault);
        await clock.sleep((rest.length / (fault.bytesPerSecond ?? 1)) * 1000, signal);
        await send(response, rest, signal);
        sentBytes += rest.length;
        break;
      }
      case 'flip': {
        const rest = Uint8Array.from(piece.subarray(untilFault));
        if (sentBytes === afterBytes) rest[0] = 0xff - (rest[0] ?? 0);
        await send(response, rest, signal);
        sentBytes += rest.length;
        break;
      }
      case 'unavailable':
        throw new AppError('INTERNAL', 'an answer that has begun cannot be unavailable');
    }
  }
  response.end();
  return true;
}

async function send(response: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!response.write(bytes)) await once(response, 'drain', { signal });
}

/** Until everything written so far is on its way: destroying a response drops what it still holds. */
async function flushed(response: ServerResponse): Promise<void> {
  await new Promise<void>(resolve => {
    response.write('', () => resolve());
  });
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
