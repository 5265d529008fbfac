import { CorruptDataError } from '../../../base/errors.ts';

/** Codes of canonical Huffman trees with at most 15 bits: by the next 15 bits of input, symbol and length. */
export class HuffmanTable {
  readonly #entries: Uint16Array;

  /** @throws CORRUPT_DATA if the lengths leave no room for all codes */
  constructor(lengths: Uint8Array) {
    const counts = new Uint32Array(16);
    for (const length of lengths) if (length > 0) counts[length] = (counts[length] ?? 0) + 1;
    const next = new Uint32Array(16);
    let code = 0;
    for (let length = 1; length < 16; length += 1) {
      code = (code + (counts[length - 1] ?? 0)) * 2;
      next[length] = code;
    }
    this.#entries = new Uint16Array(2 ** 15);
    for (const [symbol, length] of lengths.entries()) {
      if (length === 0) continue;
      const own = next[length] ?? 0;
      next[length] = own + 1;
      const shift = 15 - length;
      if ((own + 1) << shift > 2 ** 15) throw new CorruptDataError('a compressed chunk has too many codes');
      this.#entries.fill((symbol << 4) | length, own << shift, (own + 1) << shift);
    }
  }

  /** Symbol and length of the code that 15 bits begin with, as `symbol * 16 + length`. */
  entry(bits: number): number {
    const entry = this.#entries[bits] ?? 0;
    if (entry === 0) throw new CorruptDataError('a compressed chunk holds a code that does not exist');
    return entry;
  }
}

/** Bits in words of 16, the highest first; zeros behind the end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #next: number;
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array, startOffset: number) {
    this.#bytes = bytes;
    this.#next = startOffset;
  }

  /** Where the next byte lies that is not yet among the bits. */
  get position(): number {
    return this.#next;
  }

  get isBehindEnd(): boolean {
    return this.#next > this.#bytes.byteLength + 4;
  }

  /** Makes sure that so many bits are there, at most 16. */
  need(count: number): void {
    while (this.#count < count) {
      const word = (this.#bytes[this.#next] ?? 0) | ((this.#bytes[this.#next + 1] ?? 0) << 8);
      this.#next += 2;
      this.#bits |= word << (16 - this.#count);
      this.#count += 16;
    }
  }

  read(count: number): number {
    if (count === 0) return 0;
    if (count > 16) return this.read(count - 16) * 2 ** 16 + this.read(16);
    this.need(count);
    const value = this.#bits >>> (32 - count);
    this.#skip(count);
    return value;
  }

  symbol(table: HuffmanTable): number {
    this.need(15);
    const entry = table.entry(this.#bits >>> 17);
    this.#skip(entry & 15);
    return entry >>> 4;
  }

  /** Bytes between the bits, which do not wait for a word to be used up. */
  byte(): number {
    const value = this.#bytes[this.#next] ?? 0;
    this.#next += 1;
    return value;
  }

  /** Drops what is left of the word that was begun; a whole one if none was. */
  alignToWord(): void {
    this.#next -= 2 * Math.floor(this.#count / 16);
    if (this.#count % 16 === 0) this.#next += 2;
    this.#bits = 0;
    this.#count = 0;
  }

  #skip(count: number): void {
    this.#bits = count === 32 ? 0 : this.#bits << count;
    this.#count -= count;
  }
}
