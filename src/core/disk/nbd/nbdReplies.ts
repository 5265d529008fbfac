import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { KiB, MiB } from '../../../base/units.ts';
import type { ByteStream } from '../byteStream.ts';
import { refusedRequest } from './nbdErrors.ts';
import type { NbdExport } from './nbdHandshake.ts';
import { chunkDoneFlag, chunkTypes, errorChunkBit, wire } from './nbdWire.ts';
import type { PendingRequest, StatusExtent } from './pendingRequest.ts';

/** A list of areas is not longer: a million of them. */
const maxStatusBytes = 8 * MiB + 4;
/** What a server says of an error. */
const maxErrorBytes = 4 * KiB + 14;

/**
 * Takes the next reply, or the next chunk of one, and gives it to the request it is for.
 * @returns how many bytes of the disk have arrived with it
 * @throws CORRUPT_DATA for what is no reply to any of the requests; UNREACHABLE if the connection ends
 */
export async function receiveReply(
  received: ByteStream,
  pending: Map<number, PendingRequest>,
  agreed: NbdExport,
  name: string,
): Promise<number> {
  const head = new BinaryReader(await received.take(16), `${name}: NBD reply`);
  const magic = head.u32be('magic', 0);
  const cookie = head.u64be('cookie', 8);
  const request = pending.get(cookie);
  if (magic !== wire.simpleReplyMagic && magic !== wire.structuredReplyMagic)
    throw head.error('no reply begins like this', 0);
  if (request === undefined) throw head.error('it answers a request that nobody has made', 8);
  const finish = (bytes: number) => {
    pending.delete(cookie);
    request.end(name);
    return bytes;
  };
  if (magic === wire.simpleReplyMagic) {
    const errno = head.u32be('error', 4);
    if (errno === 0 && (agreed.isStructured || request.target === undefined))
      throw head.error('it is not in the chunks that were agreed on', 0);
    if (errno === 0) await received.takeInto(request.part(request.offsetBytes, request.lengthBytes, name));
    else request.refuse(refusedRequest(name, request.what, errno, ''));
    return finish(errno === 0 ? request.lengthBytes : 0);
  }
  if (!agreed.isStructured) throw head.error('it is in chunks, which were not agreed on', 0);
  const isLast = (head.u16be('flags', 4) & chunkDoneFlag) !== 0;
  const type = head.u16be('type', 6);
  const length = new BinaryReader(await received.take(4), `${name}: NBD chunk`).u32be('length', 0);
  const bytes = await takeChunk(received, request, { type, length }, agreed, name);
  return isLast ? finish(bytes) : bytes;
}

async function takeChunk(
  received: ByteStream,
  request: PendingRequest,
  { type, length }: { readonly type: number; readonly length: number },
  agreed: NbdExport,
  name: string,
): Promise<number> {
  const chunk = async (fixedBytes: number) =>
    new BinaryReader(await received.take(fixedBytes), `${name}: NBD chunk of type ${type}`);
  const wrong = () =>
    new CorruptDataError(`${name}: the NBD server sends a chunk of type ${type} with ${length} bytes`, {
      object: name,
    });
  if (type === chunkTypes.none && length === 0) return 0;
  if (type === chunkTypes.offsetData && length > 8) {
    const offsetBytes = (await chunk(8)).u64be('offset', 0);
    await received.takeInto(request.part(offsetBytes, length - 8, name));
    return length - 8;
  }
  if (type === chunkTypes.offsetHole && length === 12) {
    const hole = await chunk(12);
    request.part(hole.u64be('offset', 0), hole.u32be('length', 8), name).fill(0);
    return 0;
  }
  if (type === chunkTypes.blockStatus && length >= 12 && length <= maxStatusBytes && length % 8 === 4) {
    const list = await chunk(length);
    if (request.target !== undefined) throw wrong();
    if (list.u32be('context', 0) === agreed.allocationContextId) request.take(statusExtents(list));
    return 0;
  }
  if ((type & errorChunkBit) !== 0 && length >= 6 && length <= maxErrorBytes) {
    const error = await chunk(length);
    const said = new TextDecoder().decode(error.bytes('message', 6, error.u16be('length of the message', 4)));
    request.refuse(refusedRequest(name, request.what, error.u32be('error', 0), said));
    return 0;
  }
  throw wrong();
}

function statusExtents(list: BinaryReader): readonly StatusExtent[] {
  const extents: StatusExtent[] = [];
  for (let offset = 4; offset < list.sizeBytes; offset += 8)
    extents.push({
      lengthBytes: list.u32be('length of an area', offset, { min: 1 }),
      flags: list.u32be('flags of an area', offset + 4),
    });
  return extents;
}
