import { CorruptDataError } from '../../../base/errors.ts';

/** Nothing but literals can stand before the first instruction above this. */
const firstLiteralBase = 17;
/** What follows a run of literals of its own differs from what follows the few that end a match. */
const afterRun = 4;

/**
 * Decompresses one block of LZO1X into at most `maxBytes`.
 * @returns the bytes, fewer than `maxBytes` if the block ends before
 * @throws CORRUPT_DATA
 * @see Linux, Documentation/staging/lzo.rst
 */
export function decompressLzo1x(source: Uint8Array, maxBytes: number): Uint8Array {
  const block = new LzoBlock(source, maxBytes);
  let state = block.firstLiterals();
  for (;;) {
    const token = block.byte();
    if (token < 16 && state === 0) {
      block.literals(3 + block.length(token, 15));
      state = afterRun;
      continue;
    }
    let length: number;
    let distance: number;
    let tail = token;
    if (token < 16) {
      length = state === afterRun ? 3 : 2;
      distance = (state === afterRun ? 0x801 : 1) + (token >>> 2) + (block.byte() << 2);
    } else if (token >= 64) {
      length = 1 + (token >>> 5);
      distance = 1 + ((token >>> 2) & 7) + (block.byte() << 3);
    } else {
      const isNear = token >= 32;
      length = 2 + (isNear ? block.length(token & 31, 31) : block.length(token & 7, 7));
      tail = block.word();
      distance = (isNear ? 1 : 0x4000 + ((token & 8) << 11)) + (tail >>> 2);
      if (!isNear && distance === 0x4000) return block.result();
    }
    block.match(distance, length);
    state = tail & 3;
    block.literals(state);
  }
}

class LzoBlock {
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  #from = 0;
  #to = 0;

  constructor(source: Uint8Array, maxBytes: number) {
    this.#source = source;
    this.#target = new Uint8Array(maxBytes);
  }

  /** The literals a block may begin with; returns the state after them. */
  firstLiterals(): number {
    const token = this.#source[0] ?? 0;
    if (token <= firstLiteralBase) return 0;
    this.#from = 1;
    const count = token - firstLiteralBase;
    this.literals(count);
    return Math.min(count, afterRun);
  }

  byte(): number {
    const value = this.#source[this.#from];
    if (value === undefined) throw new CorruptDataError('a block of LZO ends within an instruction');
    this.#from += 1;
    return value;
  }

  word(): number {
    const low = this.byte();
    return low | (this.byte() << 8);
  }

  /** A length that did not fit its bits goes on in bytes: zeros count 255 each, the first other one ends it. */
  length(bits: number, base: number): number {
    if (bits !== 0) return bits;
    let length = base;
    for (;;) {
      const more = this.byte();
      if (more !== 0) return length + more;
      length += 255;
    }
  }

  literals(count: number): void {
    this.#reserve(count);
    if (this.#from + count > this.#source.byteLength) {
      throw new CorruptDataError('a block of LZO ends within its literals');
    }
    this.#target.set(this.#source.subarray(this.#from, this.#from + count), this.#to);
    this.#from += count;
    this.#to += count;
  }

  match(distance: number, length: number): void {
    this.#reserve(length);
    if (distance > this.#to) throw new CorruptDataError('a block of LZO repeats what is not there');
    for (let end = this.#to + length; this.#to < end; this.#to += 1) {
      this.#target[this.#to] = this.#target[this.#to - distance] ?? 0;
    }
  }

  result(): Uint8Array {
    return this.#target.subarray(0, this.#to);
  }

  #reserve(count: number): void {
    if (this.#to + count > this.#target.byteLength) {
      throw new CorruptDataError(`a block of LZO holds more than its ${this.#target.byteLength} bytes`);
    }
  }
}
