import { AppError, CancelledError } from '../../base/errors.ts';

/**
 * Reads exact lengths from a stream that arrives in pieces of any size. Holds no more than one piece and what was
 * asked for. Belongs to one reader: calls must not overlap.
 */
export class ByteStream {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #name: string;
  readonly #signal: AbortSignal;
  #piece: Uint8Array = new Uint8Array(0);
  #positionBytes = 0;
  #ended = false;

  /** @param name  what arrives, for errors */
  constructor(source: AsyncIterable<Uint8Array>, name: string, signal: AbortSignal) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#name = name;
    this.#signal = signal;
  }

  /** How many bytes were taken and skipped so far. */
  get positionBytes(): number {
    return this.#positionBytes;
  }

  /** Whether the source has ended, or was closed. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /**
   * The next `lengthBytes` bytes. They may share memory with the piece in which they arrived, never with each other.
   * @throws UNREACHABLE, retryable, if the stream ends first: bytes that never came are a broken transfer and another
   *         try may bring them, unlike wrong bytes
   */
  async take(lengthBytes: number): Promise<Uint8Array> {
    if (this.#piece.byteLength === 0 && lengthBytes > 0) await this.#fill();
    if (this.#piece.byteLength >= lengthBytes) return this.#consume(lengthBytes);
    const taken = new Uint8Array(lengthBytes);
    await this.takeInto(taken);
    return taken;
  }

  /** The same into memory of the caller, which is left alone once the signal is aborted. */
  async takeInto(target: Uint8Array): Promise<void> {
    for (let filledBytes = 0; filledBytes < target.byteLength;) {
      if (this.#piece.byteLength === 0) await this.#fill();
      const part = this.#consume(Math.min(this.#piece.byteLength, target.byteLength - filledBytes));
      target.set(part, filledBytes);
      filledBytes += part.byteLength;
    }
  }

  /** Passes over `lengthBytes` bytes without keeping them. */
  async skip(lengthBytes: number): Promise<void> {
    for (let left = lengthBytes; left > 0;) {
      if (this.#piece.byteLength === 0) await this.#fill();
      left -= this.#consume(Math.min(this.#piece.byteLength, left)).byteLength;
    }
  }

  /** Whatever has arrived and was not taken, waiting for more if there is nothing; undefined at the end. */
  async takeAny(): Promise<Uint8Array | undefined> {
    if (this.#piece.byteLength === 0 && !(await this.#pull())) return undefined;
    return this.#consume(this.#piece.byteLength);
  }

  /** Closes the source, unless it has ended by itself. May be called again. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator.return?.();
  }

  #consume(lengthBytes: number): Uint8Array {
    const bytes = this.#piece.subarray(0, lengthBytes);
    this.#piece = this.#piece.subarray(lengthBytes);
    this.#positionBytes += lengthBytes;
    return bytes;
  }

  async #fill(): Promise<void> {
    if (await this.#pull()) return;
    throw new AppError(
      'UNREACHABLE',
      `${this.#name}: the stream ended after ${this.#positionBytes} bytes, before its end mark`,
      { object: this.#name, remedy: 'Read the disk again' },
    );
  }

  /** Waits for a piece that is not empty; false at the end. */
  async #pull(): Promise<boolean> {
    while (!this.#ended) {
      this.#assertWanted();
      const next = await this.#iterator.next();
      this.#assertWanted();
      if (next.done === true) this.#ended = true;
      else if (next.value.byteLength > 0) {
        this.#piece = next.value;
        return true;
      }
    }
    return false;
  }

  #assertWanted(): void {
    if (this.#signal.aborted) throw new CancelledError();
  }
}
