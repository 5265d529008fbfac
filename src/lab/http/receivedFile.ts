import type { IncomingMessage } from 'node:http';

import { MiB } from '../../base/units.ts';
import { bytesOf, bytesOfDisk } from '../datastore/datastoreFile.ts';
import { formatDatastorePath, type DatastorePlace } from '../datastore/datastorePath.ts';
import { takeUploadFault } from '../control.ts';
import type { StoredBlock } from '../disk/diskBytes.ts';
import type { LabContext } from '../labContext.ts';
import { receiveWithTrouble } from './faultyUpload.ts';
import { HttpError } from './httpAnswer.ts';

/** Larger files are kept beside the disks instead of in memory. */
const maxBytesInMemory = 4 * MiB;

/**
 * Writes the body of a PUT to a place: the whole file, which is there only once all of it has arrived. The extent of a
 * disk keeps its size and is written in place, as its disk is a VM's.
 * @throws HttpError
 */
export async function receiveFile(
  lab: LabContext,
  place: DatastorePlace,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<void> {
  const announced = request.headers['content-length'];
  if (announced === undefined) throw new HttpError(411, 'The length of the file must be announced');
  const sizeBytes = Number(announced);
  const fault = takeUploadFault(lab.faults, { path: formatDatastorePath(place) });
  const pieces = receiveWithTrouble(request, fault, lab.clock, signal);
  const write = lab.datastores.file(place)?.bytes.write;
  if (write !== undefined) {
    if (sizeBytes !== lab.datastores.file(place)?.bytes.sizeBytes)
      throw new HttpError(400, 'The extent of a disk keeps its size');
    for await (const { offsetBytes, bytes } of blocksOf(pieces)) await write(offsetBytes, bytes);
    return;
  }
  if (sizeBytes > maxBytesInMemory) {
    const name = formatDatastorePath(place);
    const disk = await lab.disks.fromBlocks(name, sizeBytes, blocksOf(pieces));
    lab.datastores.store(
      place,
      bytesOfDisk(disk, () => disk.position),
    );
    return;
  }
  const blocks: Uint8Array[] = [];
  for await (const { bytes } of blocksOf(pieces)) blocks.push(bytes);
  lab.datastores.store(place, bytesOf(Buffer.concat(blocks)));
}

async function* blocksOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<StoredBlock> {
  let offsetBytes = 0;
  for await (const bytes of pieces) {
    yield { offsetBytes, bytes };
    offsetBytes += bytes.length;
  }
}
