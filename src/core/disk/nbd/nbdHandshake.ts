import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { KiB } from '../../../base/units.ts';
import type { ByteStream } from '../byteStream.ts';
import { refusedExport } from './nbdErrors.ts';
import {
  allocationContext,
  encodeOption,
  handshakeFlags,
  infoTypes,
  optionReplies,
  options,
  refusalBit,
  usualMaxRequestBytes,
  wire,
} from './nbdWire.ts';

/** What a server gives out, and how it wants to be asked. */
export interface NbdExport {
  readonly sizeBytes: number;
  /** Offsets and lengths of requests are multiples of it; a power of two. */
  readonly blockBytes: number;
  readonly maxRequestBytes: number;
  /** Whether answers come in chunks. */
  readonly isStructured: boolean;
  /** By which allocated areas are told; undefined where they are not. */
  readonly allocationContextId: number | undefined;
}

/** What is asked for, and by whose name. */
export interface ExportRequest {
  /** The disk, for errors. */
  readonly name: string;
  readonly exportName: string;
  /** What the program behind the server has said last, for people; empty if nothing. */
  readonly lastWords: () => Promise<string>;
}

/** No text or list of a handshake is longer. */
const maxPayloadBytes = 64 * KiB;
const maxReplies = 1000;

/**
 * Agrees with a server of the fixed newstyle handshake on a disk and on how it is spoken of.
 * @throws CORRUPT_DATA if no NBD server answers; UNSUPPORTED_FORMAT if it refuses; UNREACHABLE if it hangs up, or cannot open
 *   the disk
 */
export async function shakeHands(
  received: ByteStream,
  send: (bytes: Uint8Array) => void,
  { name, exportName, lastWords }: ExportRequest,
): Promise<NbdExport> {
  await greet(received, send, name);
  const ask = async (option: number, payload: Uint8Array) => {
    send(encodeOption(option, payload));
    return await optionAnswer(received, option, name);
  };
  const encodedName = new TextEncoder().encode(exportName);
  const structured = await ask(options.structuredReply, new Uint8Array(0));
  const isStructured = structured.refusal === undefined;
  const contextId = isStructured ? await askForAllocation(ask, encodedName, name) : undefined;
  const { replies, refusal } = await ask(options.go, goPayload(encodedName));
  if (refusal !== undefined)
    throw refusedExport(name, refusal.code, refusal.text === '' ? await lastWords() : refusal.text);
  return readExport(replies, isStructured, contextId, name);
}

async function greet(received: ByteStream, send: (bytes: Uint8Array) => void, name: string): Promise<void> {
  const greeting = new BinaryReader(await received.take(18), `${name}: NBD greeting`);
  if (greeting.bits64be('magic', 0) !== wire.serverMagic) throw noServer(name, 'its first bytes are others');
  const style = greeting.bits64be('style', 8);
  if (style === wire.oldStyleMagic) throw oldStyle(name);
  if (style !== wire.optionMagic) throw noServer(name, 'its style is unknown');
  const flags = greeting.u16be('flags', 16);
  if ((flags & handshakeFlags.fixedNewstyle) === 0) throw oldStyle(name);
  const answer = new Uint8Array(4);
  const known = handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes;
  new DataView(answer.buffer).setUint32(0, flags & known);
  send(answer);
}

function noServer(name: string, why: string): AppError {
  return new CorruptDataError(`${name}: what answers is no NBD server: ${why}`, {
    object: name,
    remedy: 'Check the command of the NBD program',
  });
}

function oldStyle(name: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `${name}: the NBD server speaks the old style alone`, {
    object: name,
    remedy: 'Use a program that speaks the fixed newstyle handshake, as all newer ones do',
  });
}

interface OptionReply {
  readonly type: number;
  readonly payload: Uint8Array;
}

interface OptionAnswer {
  readonly replies: readonly OptionReply[];
  readonly refusal: { readonly code: number; readonly text: string } | undefined;
}

async function optionAnswer(received: ByteStream, option: number, name: string): Promise<OptionAnswer> {
  const replies: OptionReply[] = [];
  for (let count = 0; count < maxReplies; count += 1) {
    const head = new BinaryReader(await received.take(20), `${name}: NBD reply to an option`);
    if (head.bits64be('magic', 0) !== wire.optionReplyMagic) throw head.error('no reply begins like this', 0);
    const answered = head.u32be('option', 8);
    if (answered !== option) throw head.error(`option ${answered} is answered, asked was ${option}`, 8);
    const type = head.u32be('type', 12);
    const payload = await received.take(head.u32be('length', 16, { max: maxPayloadBytes }));
    if (type >= refusalBit) {
      const text = new TextDecoder().decode(payload);
      return { replies, refusal: { code: type - refusalBit, text } };
    }
    if (type === optionReplies.ack) return { replies, refusal: undefined };
    replies.push({ type, payload });
  }
  throw new CorruptDataError(`${name}: the NBD server answers an option without end`, { object: name });
}

async function askForAllocation(
  ask: (option: number, payload: Uint8Array) => Promise<OptionAnswer>,
  exportName: Uint8Array,
  name: string,
): Promise<number | undefined> {
  const context = new TextEncoder().encode(allocationContext);
  const payload = new Uint8Array(12 + exportName.byteLength + context.byteLength);
  const view = new DataView(payload.buffer);
  view.setUint32(0, exportName.byteLength);
  payload.set(exportName, 4);
  view.setUint32(4 + exportName.byteLength, 1);
  view.setUint32(8 + exportName.byteLength, context.byteLength);
  payload.set(context, 12 + exportName.byteLength);
  const { replies, refusal } = await ask(options.setMetaContext, payload);
  if (refusal !== undefined) return undefined;
  for (const { type, payload: reply } of replies) {
    if (type !== optionReplies.metaContext) continue;
    const reader = new BinaryReader(reply, `${name}: NBD context`);
    const id = reader.u32be('id', 0);
    if (new TextDecoder().decode(reply.subarray(4)) === allocationContext) return id;
  }
  return undefined;
}

function goPayload(exportName: Uint8Array): Uint8Array {
  const payload = new Uint8Array(8 + exportName.byteLength);
  const view = new DataView(payload.buffer);
  view.setUint32(0, exportName.byteLength);
  payload.set(exportName, 4);
  view.setUint16(4 + exportName.byteLength, 1);
  view.setUint16(6 + exportName.byteLength, infoTypes.blockSize);
  return payload;
}

function readExport(
  replies: readonly OptionReply[],
  isStructured: boolean,
  allocationContextId: number | undefined,
  name: string,
): NbdExport {
  let sizeBytes: number | undefined;
  let blockBytes = 1;
  let maxRequestBytes = usualMaxRequestBytes;
  for (const { type, payload } of replies) {
    if (type !== optionReplies.info) continue;
    const info = new BinaryReader(payload, `${name}: NBD description of the disk`);
    const kind = info.u16be('type', 0);
    if (kind === infoTypes.export) sizeBytes = info.u64be('size', 2);
    if (kind !== infoTypes.blockSize) continue;
    blockBytes = info.u32be('smallest block', 2, { min: 1, max: 64 * KiB });
    if ((blockBytes & (blockBytes - 1)) !== 0) throw info.error('the smallest block is no power of two', 2);
    // Some servers name more than they take.
    maxRequestBytes = Math.min(info.u32be('largest request', 10, { min: blockBytes }), usualMaxRequestBytes);
  }
  if (sizeBytes === undefined)
    throw new CorruptDataError(`${name}: the NBD server does not tell the size of the disk`, {
      object: name,
    });
  maxRequestBytes -= maxRequestBytes % blockBytes;
  return { sizeBytes, blockBytes, maxRequestBytes, isStructured, allocationContextId };
}
