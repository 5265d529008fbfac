import { CorruptDataError } from '../../../base/errors.ts';
import { BitReader, HuffmanTable } from './huffman.ts';

const symbolCount = 512;
const tableBytes = symbolCount / 2;

/**
 * Decompresses one chunk of XPRESS with Huffman codes.
 * @throws CORRUPT_DATA
 * @see [MS-XCA] 2.1 "LZ77+Huffman Compression Algorithm Details"
 */
export function decompressXpress(source: Uint8Array, sizeBytes: number): Uint8Array {
  if (source.byteLength < tableBytes) throw new CorruptDataError('a compressed chunk lacks its table');
  const lengths = new Uint8Array(symbolCount);
  for (let index = 0; index < tableBytes; index += 1) {
    lengths[index * 2] = (source[index] ?? 0) & 15;
    lengths[index * 2 + 1] = (source[index] ?? 0) >>> 4;
  }
  const table = new HuffmanTable(lengths);
  const bits = new BitReader(source, tableBytes);
  const target = new Uint8Array(sizeBytes);
  // The format reads ahead so far that bytes between the bits lie behind them.
  bits.need(16);
  for (let to = 0; to < sizeBytes;) {
    bits.need(16);
    const symbol = bits.symbol(table);
    bits.need(16);
    if (symbol < 256) {
      target[to] = symbol;
      to += 1;
      continue;
    }
    const length = matchLength(bits, symbol & 15);
    const distanceBits = (symbol >>> 4) & 15;
    const distance = bits.read(distanceBits) + 2 ** distanceBits;
    if (distance > to) throw new CorruptDataError('a compressed chunk repeats what is not there');
    for (const end = Math.min(sizeBytes, to + length); to < end; to += 1)
      target[to] = target[to - distance] ?? 0;
  }
  return target;
}

function matchLength(bits: BitReader, code: number): number {
  if (code < 15) return code + 3;
  const more = bits.byte();
  if (more < 255) return more + 15 + 3;
  const word = bits.byte() | (bits.byte() << 8);
  if (word !== 0) return word + 3;
  return (bits.byte() | (bits.byte() << 8)) + (bits.byte() | (bits.byte() << 8)) * 2 ** 16 + 3;
}
