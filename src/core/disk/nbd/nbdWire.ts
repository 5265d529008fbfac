/** Numbers of the NBD protocol, https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md. */
export const wire = {
  serverMagic: 0x4e42444d41474943n,
  optionMagic: 0x49484156454f5054n,
  optionReplyMagic: 0x3e889045565a9n,
  oldStyleMagic: 0x00420281861253n,
  requestMagic: 0x25609513,
  simpleReplyMagic: 0x67446698,
  structuredReplyMagic: 0x668e33ef,
} as const;

/** Both sides: of the handshake. */
export const handshakeFlags = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const options = { go: 7, structuredReply: 8, setMetaContext: 10 } as const;

export const optionReplies = { ack: 1, info: 3, metaContext: 4 } as const;

/** A reply to an option with this bit is a refusal. */
export const refusalBit = 0x8000_0000;

export const infoTypes = { export: 0, blockSize: 3 } as const;

export const commands = { read: 0, disconnect: 2, blockStatus: 7 } as const;

export const chunkTypes = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5 } as const;

/** A chunk of a type with this bit is an error. */
export const errorChunkBit = 0x8000;

export const chunkDoneFlag = 1;

/** What a server tells of areas: which of them hold nothing, and which read as zeros. */
export const allocationContext = 'base:allocation';
export const allocationFlags = { hole: 1, zero: 2 } as const;

/** Of requests whose server names no limit; every one takes as much. */
export const usualMaxRequestBytes = 32 * 1024 * 1024;

export function encodeOption(option: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, wire.optionMagic);
  view.setUint32(8, option);
  view.setUint32(12, payload.byteLength);
  bytes.set(payload, 16);
  return bytes;
}

export interface NbdRequest {
  readonly command: number;
  readonly cookie: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export function encodeRequest({ command, cookie, offsetBytes, lengthBytes }: NbdRequest): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, wire.requestMagic);
  view.setUint16(6, command);
  view.setBigUint64(8, BigInt(cookie));
  view.setBigUint64(16, BigInt(offsetBytes));
  view.setUint32(24, lengthBytes);
  return bytes;
}
