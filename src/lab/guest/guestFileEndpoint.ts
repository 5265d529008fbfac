import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { takeFault, type GuestTransferFault } from '../control.ts';
import { hangUpSignal, HttpError, sendText, type RequestHandler } from '../http/httpAnswer.ts';
import type { LabContext } from '../labContext.ts';
import { VimFault } from '../soap/vimFault.ts';
import { guestOf } from './guestAccess.ts';
import type { GuestTransfer } from './guestTransfers.ts';

/** Moves files at `/guestFile?id=…&token=…`: GET out of a guest, PUT into it. The token alone lets one in. */
export function guestFileEndpoint(lab: LabContext): RequestHandler {
  return async (request, response, url) => {
    const direction = request.method === 'GET' ? 'from' : request.method === 'PUT' ? 'to' : undefined;
    if (direction === undefined) throw new HttpError(405, 'Only GET and PUT are answered here');
    const transfer = lab.guestTransfers.begin(url.searchParams.get('token'), direction);
    if (transfer === undefined) throw new HttpError(404, 'There is no such transfer');
    const fault = takeFault(
      lab.faults.guestTransfers,
      ({ vm, direction: hit }) =>
        (vm ?? transfer.vm.name) === transfer.vm.name && (hit ?? direction) === direction,
    );
    if (fault?.kind === 'unavailable') throw new HttpError(503, 'The service is unavailable');
    try {
      if (direction === 'from') await sendFile(transfer, response, fault);
      else await receiveFile(transfer, request, response, fault);
    } catch (error) {
      if (!(error instanceof VimFault)) throw error;
      request.resume();
      throw new HttpError(500, error.message);
    }
  };
}

async function sendFile(
  { vm, account, path }: GuestTransfer,
  response: ServerResponse,
  fault: GuestTransferFault | undefined,
): Promise<void> {
  const { content } = guestOf(vm).files.fileToRead(account, path);
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': content.sizeBytes,
  });
  const signal = hangUpSignal(response);
  let sentBytes = 0;
  for await (const piece of content.read()) {
    const { unharmed, hit } = struck(piece, sentBytes, fault);
    if (unharmed.length > 0 && !response.write(unharmed)) await once(response, 'drain', { signal });
    sentBytes += unharmed.length;
    if (!hit) continue;
    await new Promise<void>(resolve => {
      response.write('', () => resolve());
    });
    if (fault?.kind === 'stall') await untilAborted(signal);
    response.destroy();
    return;
  }
  response.end();
}

/** What has arrived of a file that breaks off stays in the guest, as it does on a real host. */
async function receiveFile(
  { vm, account, path, sizeBytes, change }: GuestTransfer,
  request: IncomingMessage,
  response: ServerResponse,
  fault: GuestTransferFault | undefined,
): Promise<void> {
  if (request.headers['content-length'] !== String(sizeBytes))
    throw new HttpError(400, `The body must have the ${sizeBytes} bytes that were announced`);
  const guest = guestOf(vm);
  guest.files.checkWritable(account, path, true);
  const roomBytes = guest.freeBytes(vm.name);
  const pieces: Uint8Array[] = [];
  let arrivedBytes = 0;
  const keep = () => {
    if (vm.toolsRunning) guest.files.write(account, path, Buffer.concat(pieces), change);
  };
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const { unharmed, hit } = struck(piece, arrivedBytes, fault);
      pieces.push(unharmed);
      arrivedBytes += unharmed.length;
      if (hit) {
        if (fault?.kind === 'stall') await untilAborted(hangUpSignal(response));
        request.destroy();
        break;
      }
      if (arrivedBytes > roomBytes) {
        pieces.splice(0, Infinity, Buffer.concat(pieces).subarray(0, roomBytes));
        keep();
        request.resume();
        throw new HttpError(500, 'The file could not be written in the guest');
      }
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
  }
  keep();
  if (arrivedBytes === sizeBytes) sendText(response, 200, 'text/plain', '');
  else response.destroy();
}

/** What is left of a piece by the fault, and whether the transfer ends there. */
function struck(
  piece: Uint8Array,
  beforeBytes: number,
  fault: GuestTransferFault | undefined,
): { unharmed: Uint8Array; hit: boolean } {
  const at = (fault?.afterBytes ?? 0) - beforeBytes;
  if (fault === undefined || at > piece.length || (at === piece.length && fault.kind === 'flip'))
    return { unharmed: piece, hit: false };
  if (fault.kind !== 'flip') return { unharmed: piece.subarray(0, Math.max(0, at)), hit: true };
  const flipped = Uint8Array.from(piece);
  if (at >= 0) flipped[at] = (flipped[at] ?? 0) ^ 0xff;
  return { unharmed: flipped, hit: false };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
