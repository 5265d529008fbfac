import type { IncomingMessage, ServerResponse } from 'node:http';

import { AppError, toAppError } from '../../base/errors.ts';
import { readStreamOptimized } from '../../core/disk/vmdk/streamOptimizedReader.ts';
import { takeFault, takeUploadFault } from '../control.ts';
import { receiveWithTrouble } from '../http/faultyUpload.ts';
import { hangUpSignal, HttpError, sendText, type RequestHandler } from '../http/httpAnswer.ts';
import type { LabContext } from '../labContext.ts';
import { Lease, type ExportedDisk, type ImportedDisk, type LeaseFile } from '../model/lease.ts';
import { Digests } from './digests.ts';
import { exportedVmdk } from './exportedVmdk.ts';
import { sendWithTrouble } from './faultyStream.ts';
import type { ExportStream, KeptExports } from './keptExports.ts';

const vmdkType = 'application/x-vnd.vmware-streamVmdk';

/**
 * Moves disks at `/nfc/<secret of the lease>/<file>`: GET for exports, POST or PUT for imports.
 * @param kept  streams that were sent before
 */
export function nfcEndpoint(lab: LabContext, kept: KeptExports): RequestHandler {
  return async (request, response, url) => {
    const { lease, file } = findFile(lab, url.pathname);
    if (lease.state !== 'ready') throw new HttpError(404, 'The lease is not ready');
    const signal = AbortSignal.any([hangUpSignal(response), lease.endSignal]);
    const { transfer } = file;
    if (transfer.kind === 'export' && request.method === 'GET')
      await sendDisk(lab, kept, lease, file, transfer, response, signal);
    else if (transfer.kind === 'import' && (request.method === 'POST' || request.method === 'PUT'))
      await receiveDisk(lab, lease, file, transfer, request, response, signal);
    else throw new HttpError(405, `${request.method ?? ''} is not what this lease is for`);
  };
}

function findFile(lab: LabContext, path: string): { lease: Lease; file: LeaseFile } {
  const [, , secret, name] = path.split('/');
  for (const lease of lab.registry.instancesOf(Lease)) {
    if (lease.request.secret !== secret) continue;
    const file = lease.files.find(candidate => candidate.name === name);
    if (file !== undefined) return { lease, file };
  }
  throw new HttpError(404, 'There is no such lease or disk');
}

async function sendDisk(
  lab: LabContext,
  kept: KeptExports,
  lease: Lease,
  file: LeaseFile,
  exported: ExportedDisk,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const stream = exportStream(lab, kept, exported, signal);
  const { vmName } = lease.request;
  const fault = takeFault(lab.faults.streams, ({ vm }) => vm === undefined || vm === vmName);
  if (fault?.kind === 'unavailable') throw new HttpError(503, 'The service is unavailable');
  response.writeHead(200, { 'Content-Type': vmdkType });
  const trouble = { fault, faults: lab.faults, clock: lab.clock };
  const paced = atPace(lab, lease, stream.bytes, signal);
  const whole = await sendWithTrouble(response, paced, trouble, signal);
  if (whole) file.transferred = stream.transferred();
}

function exportStream(
  { faults }: LabContext,
  kept: KeptExports,
  exported: ExportedDisk,
  signal: AbortSignal,
): ExportStream {
  const { vmdkDialect, keepExports } = faults;
  const known = keepExports ? kept.find(exported, vmdkDialect) : undefined;
  if (known !== undefined) return known;
  const digests = new Digests();
  const bytes = digests.tap(exportedVmdk(exported, vmdkDialect, signal));
  const stream = { bytes, transferred: () => digests.finish() };
  return keepExports ? kept.keep(exported, vmdkDialect, stream) : stream;
}

/** The limit is looked at for each piece: it may change while a stream runs. */
async function* atPace(
  { faults }: LabContext,
  lease: Lease,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    if (faults.leaseBytesPerSecond !== null)
      await lease.pace(piece.length, faults.leaseBytesPerSecond, signal);
    yield piece;
  }
}

/** A disk becomes the VM's only when its stream was whole and of the right size. */
async function receiveDisk(
  lab: LabContext,
  lease: Lease,
  file: LeaseFile,
  imported: ImportedDisk,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const name = `${lease.request.vmName} ${file.name}`;
  const digests = new Digests();
  const fault = takeUploadFault(lab.faults, { vm: lease.request.vmName });
  const body = receiveWithTrouble(request, fault, lab.clock, signal);
  try {
    await using vmdk = await readStreamOptimized(digests.tap(body), name, signal);
    if (vmdk.header.capacityBytes !== file.capacityBytes)
      throw new AppError(
        'CORRUPT_DATA',
        `${name} holds ${vmdk.header.capacityBytes} bytes, the disk has ${file.capacityBytes}`,
      );
    imported.accept(await lab.disks.fromBlocks(name, file.capacityBytes, vmdk.blocks()));
  } catch (error) {
    if (response.destroyed) return;
    request.resume();
    if (error instanceof HttpError) throw error;
    const { code, message } = toAppError(error);
    lab.logger.warn(`refused an uploaded disk: ${message}`, { disk: name });
    throw new HttpError(code === 'INTERNAL' ? 500 : 400, message);
  }
  file.transferred = digests.finish();
  sendText(response, 200, 'text/plain', '');
}
