/** More than this is in nobody's hands only when a job ends. */
const maxKept = 16;

/**
 * Memory that is used for one block after the other. Memory that was never touched is what the system makes one wait for, and
 * what is left behind has to be collected; at a gigabyte a second both cost more than hashing.
 */
export class SpentMemory {
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];

  /** Memory of that length, whatever is in it. */
  take(lengthBytes: number): Uint8Array<ArrayBuffer> {
    const position = this.#kept.findIndex(({ byteLength }) => byteLength === lengthBytes);
    return this.#kept.splice(position, position === -1 ? 0 : 1)[0] ?? new Uint8Array(lengthBytes);
  }

  /** Nobody else uses it any more. A part of a buffer is left to whoever has the rest. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== bytes.byteLength) return;
    if (this.#kept.length < maxKept && bytes.byteLength > 0) this.#kept.push(new Uint8Array(buffer));
  }
}
