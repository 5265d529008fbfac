import type { NbdChannel } from '../../src/core/disk/nbd/nbdClient.ts';
import { wire } from '../../src/core/disk/nbd/nbdWire.ts';

/** The other end of a channel: its first answer comes by itself, every further one when something was sent. */
export class ScriptedNbdServer implements NbdChannel {
  readonly sent: Uint8Array[] = [];
  isClosed = false;
  readonly #answers: readonly Uint8Array[];
  #wake: () => void = () => undefined;

  constructor(answers: readonly Uint8Array[]) {
    this.#answers = answers;
  }

  get received(): AsyncIterable<Uint8Array> {
    return this.#received();
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
    this.#wake();
  }

  close(): void {
    this.isClosed = true;
    this.#wake();
  }

  /** Hangs up once everything was said. */
  async *#received(): AsyncGenerator<Uint8Array> {
    for (const [index, answer] of this.#answers.entries()) {
      while (this.sent.length < index && !this.isClosed)
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
      if (this.isClosed) return;
      if (answer.byteLength > 0) yield answer;
    }
  }
}

/** What a server of structured replies says until a disk can be read. */
export function handshakeAnswers(sizeBytes: number): readonly Uint8Array[] {
  return [
    fields([8, wire.serverMagic], [8, wire.optionMagic], [2, 3]),
    new Uint8Array(0),
    optionReply(8, 1),
    joined(optionReply(10, 4, fields([4, 7]), text('base:allocation')), optionReply(10, 1)),
    joined(
      optionReply(7, 3, fields([2, 0], [8, sizeBytes], [2, 1])),
      optionReply(7, 3, fields([2, 3], [4, 1], [4, 4096], [4, 1 << 20])),
      optionReply(7, 1),
    ),
  ];
}

export function optionReply(option: number, type: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const bytes = joined(...payload);
  return joined(fields([8, wire.optionReplyMagic], [4, option], [4, type], [4, bytes.byteLength]), bytes);
}

export function chunk(
  cookie: number,
  type: number,
  flags: number,
  ...payload: readonly Uint8Array[]
): Uint8Array {
  const bytes = joined(...payload);
  const head = fields(
    [4, wire.structuredReplyMagic],
    [2, flags],
    [2, type],
    [8, cookie],
    [4, bytes.byteLength],
  );
  return joined(head, bytes);
}

export function simpleReply(cookie: number, errno: number): Uint8Array {
  return fields([4, wire.simpleReplyMagic], [4, errno], [8, cookie]);
}

/** Big-endian numbers of so many bytes. */
export function fields(...values: readonly (readonly [2 | 4 | 8, number | bigint])[]): Uint8Array {
  return joined(
    ...values.map(([size, value]) => {
      const bytes = new Uint8Array(size);
      const view = new DataView(bytes.buffer);
      if (size === 2) view.setUint16(0, Number(value));
      else if (size === 4) view.setUint32(0, Number(value));
      else view.setBigUint64(0, BigInt(value));
      return bytes;
    }),
  );
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
