import { CorruptDataError } from '../../../base/errors.ts';
import { BitReader, HuffmanTable } from './huffman.ts';

const positionSlots = 30;
const mainSymbols = 256 + positionSlots * 8;
const lengthSymbols = 249;
const defaultBlockBytes = 32_768;
const blockType = { verbatim: 1, aligned: 2, stored: 3 } as const;
/** Calls of x86 code were changed to absolute targets, as if every file had this size. */
const callFileBytes = 12_000_000;

/** Extra bits and base of a distance, by slot. */
const slots = Array.from({ length: positionSlots }).reduce<{ bits: number; base: number }[]>(
  (known, _, slot) => {
    const last = known.at(-1);
    const bits = slot < 4 ? 0 : (slot >>> 1) - 1;
    return [...known, { bits, base: last === undefined ? 0 : last.base + 2 ** last.bits }];
  },
  [],
);

/**
 * Decompresses one chunk of LZX as Windows images and compressed system files hold it: a window of 32 KiB, chunks that
 * stand alone.
 * @throws CORRUPT_DATA
 * @see [MS-PATCH] "LZX DELTA Compression and Decompression", with the differences that wimlib documents
 */
export function decompressLzx(source: Uint8Array, sizeBytes: number): Uint8Array {
  const decoder = new LzxChunk(source, sizeBytes);
  return decoder.decode();
}

class LzxChunk {
  readonly #bits: BitReader;
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  readonly #mainLengths = new Uint8Array(mainSymbols);
  readonly #lengthLengths = new Uint8Array(lengthSymbols);
  #to = 0;
  #recent: [number, number, number] = [1, 1, 1];

  constructor(source: Uint8Array, sizeBytes: number) {
    this.#bits = new BitReader(source, 0);
    this.#source = source;
    this.#target = new Uint8Array(sizeBytes);
  }

  decode(): Uint8Array {
    while (this.#to < this.#target.byteLength) {
      const type = this.#bits.read(3);
      const blockBytes = this.#bits.read(1) === 1 ? defaultBlockBytes : this.#bits.read(16);
      if (blockBytes === 0) throw new CorruptDataError('a compressed chunk has an empty block');
      const end = Math.min(this.#target.byteLength, this.#to + blockBytes);
      if (type === blockType.stored) this.#copyStored(end, blockBytes);
      else if (type === blockType.verbatim || type === blockType.aligned) this.#decodeBlock(end, type);
      else throw new CorruptDataError(`a compressed chunk has a block of type ${type}`);
    }
    restoreCalls(this.#target);
    return this.#target;
  }

  #copyStored(end: number, blockBytes: number): void {
    this.#bits.alignToWord();
    const word = () => this.#bits.byte() | (this.#bits.byte() << 8);
    const distance = () => word() + word() * 2 ** 16;
    this.#recent = [distance(), distance(), distance()];
    const from = this.#bits.position;
    if (from + blockBytes > this.#source.byteLength)
      throw new CorruptDataError('a compressed chunk ends too early');
    for (; this.#to < end; this.#to += 1) this.#target[this.#to] = this.#bits.byte();
    if (blockBytes % 2 === 1) this.#bits.byte();
  }

  #decodeBlock(end: number, type: number): void {
    const bits = this.#bits;
    let aligned: HuffmanTable | undefined;
    if (type === blockType.aligned)
      aligned = new HuffmanTable(Uint8Array.from({ length: 8 }, () => bits.read(3)));
    this.#readLengths(this.#mainLengths, 0, 256);
    this.#readLengths(this.#mainLengths, 256, mainSymbols);
    this.#readLengths(this.#lengthLengths, 0, lengthSymbols);
    const main = new HuffmanTable(this.#mainLengths);
    const lengths = new HuffmanTable(this.#lengthLengths);
    while (this.#to < end) {
      if (bits.isBehindEnd) throw new CorruptDataError('a compressed chunk ends too early');
      const symbol = bits.symbol(main);
      if (symbol < 256) {
        this.#target[this.#to] = symbol;
        this.#to += 1;
        continue;
      }
      const lengthCode = (symbol - 256) & 7;
      const length = (lengthCode === 7 ? 7 + bits.symbol(lengths) : lengthCode) + 2;
      this.#repeat(this.#distance((symbol - 256) >>> 3, aligned), length);
    }
  }

  /** The first three slots name one of the last three distances, which moves to the front. */
  #distance(slot: number, aligned: HuffmanTable | undefined): number {
    const [first, second, third] = this.#recent;
    if (slot === 0) return first;
    if (slot === 1) {
      this.#recent = [second, first, third];
      return second;
    }
    if (slot === 2) {
      this.#recent = [third, second, first];
      return third;
    }
    const { bits, base } = slots[slot] ?? { bits: 0, base: 0 };
    const isAligned = aligned !== undefined && bits >= 3;
    const extra = isAligned
      ? this.#bits.read(bits - 3) * 8 + this.#bits.symbol(aligned)
      : this.#bits.read(bits);
    const distance = base + extra - 2;
    this.#recent = [distance, first, second];
    return distance;
  }

  #repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.#to)
      throw new CorruptDataError('a compressed chunk repeats what is not there');
    const end = Math.min(this.#target.byteLength, this.#to + length);
    for (; this.#to < end; this.#to += 1) this.#target[this.#to] = this.#target[this.#to - distance] ?? 0;
  }

  /** Lengths of codes are themselves coded, as differences from those of the block before. */
  #readLengths(lengths: Uint8Array, from: number, until: number): void {
    const bits = this.#bits;
    const codes = new HuffmanTable(Uint8Array.from({ length: 20 }, () => bits.read(4)));
    const difference = (at: number, code: number) => ((lengths[at] ?? 0) - code + 17) % 17;
    for (let at = from; at < until;) {
      const code = bits.symbol(codes);
      if (code < 17) {
        lengths[at] = difference(at, code);
        at += 1;
        continue;
      }
      const count = code === 17 ? bits.read(4) + 4 : code === 18 ? bits.read(5) + 20 : bits.read(1) + 4;
      const value = code === 19 ? difference(at, bits.symbol(codes)) : 0;
      const end = Math.min(until, at + count);
      lengths.fill(value, at, end);
      at = end;
    }
  }
}

function restoreCalls(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength - 10; at += 1) {
    if (bytes[at] !== 0xe8) continue;
    const target = view.getInt32(at + 1, true);
    if (target >= 0 && target < callFileBytes) view.setInt32(at + 1, target - at, true);
    else if (target < 0 && target >= -at) view.setInt32(at + 1, target + callFileBytes, true);
    at += 4;
  }
}
