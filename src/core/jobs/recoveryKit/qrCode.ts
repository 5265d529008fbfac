import { defined } from '../../../base/assert.ts';
import { AppError } from '../../../base/errors.ts';

// A QR code of one kind only: version 3, error correction Q, alphanumeric, mask 0. It holds up to 47 letters, which is a
// recovery password; a library for all kinds would be larger than all else that makes the kit.
// See ISO/IEC 18004:2015.

const sideModules = 29;
const maxLetters = 47;
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
/** Two blocks of these sizes, in bytes. */
const blockCount = 2;
const dataBytes = 17;
const correctionBytes = 18;
const alignmentCenter = 22;
/** Error correction Q (11) and mask 0 (000), with their own correction and the mask the standard lays over them. */
const formatBits = formatOf(0b11_000);

/**
 * Rows of dark (true) and light modules, without the quiet zone of four around it.
 * @throws INVALID_INPUT for text that such a code cannot hold
 */
export function qrModules(text: string): readonly (readonly boolean[])[] {
  const grid = new Grid();
  grid.drawPatterns();
  grid.drawData(codewords(text));
  return grid.rows();
}

class Grid {
  readonly #dark = Array.from({ length: sideModules }, () => new Array<boolean>(sideModules).fill(false));
  /** Modules that are no data. */
  readonly #fixed = Array.from({ length: sideModules }, () => new Array<boolean>(sideModules).fill(false));

  rows(): readonly (readonly boolean[])[] {
    return this.#dark;
  }

  drawPatterns(): void {
    for (const [row, column] of [
      [0, 0],
      [0, sideModules - 7],
      [sideModules - 7, 0],
    ] as const)
      this.#finder(row, column);
    for (let at = 8; at < sideModules - 8; at += 1) {
      this.#fix(6, at, at % 2 === 0);
      this.#fix(at, 6, at % 2 === 0);
    }
    for (let dy = -2; dy <= 2; dy += 1)
      for (let dx = -2; dx <= 2; dx += 1)
        this.#fix(alignmentCenter + dy, alignmentCenter + dx, Math.max(Math.abs(dy), Math.abs(dx)) !== 1);
    this.#format();
  }

  /** Upward and downward in columns two modules wide, from the right, past the vertical timing pattern. */
  drawData(bytes: Uint8Array): void {
    let bit = 0;
    for (let right = sideModules - 1; right > 0; right -= 2) {
      if (right === 6) right -= 1;
      const isUpward = ((right + 1) & 2) === 0;
      for (let step = 0; step < sideModules; step += 1) {
        const row = isUpward ? sideModules - 1 - step : step;
        for (const column of [right, right - 1]) {
          if (this.#fixed[row]?.[column] === true) continue;
          const isSet = ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
          bit += 1;
          this.#set(row, column, isSet !== ((row + column) % 2 === 0));
        }
      }
    }
  }

  #finder(top: number, left: number): void {
    for (let dy = -1; dy <= 7; dy += 1) {
      for (let dx = -1; dx <= 7; dx += 1) {
        const distance = Math.max(Math.abs(dy - 3), Math.abs(dx - 3));
        this.#fix(top + dy, left + dx, distance !== 2 && distance !== 4);
      }
    }
  }

  /** Twice: around the upper left finder, and divided between the other two. */
  #format(): void {
    for (let index = 0; index < 15; index += 1) {
      const isDark = ((formatBits >> index) & 1) === 1;
      const near = index < 6 ? index : index < 8 ? index + 1 : undefined;
      if (near !== undefined) this.#fix(near, 8, isDark);
      else this.#fix(8, index === 8 ? 7 : 14 - index, isDark);
      if (index < 8) this.#fix(8, sideModules - 1 - index, isDark);
      else this.#fix(sideModules - 15 + index, 8, isDark);
    }
    this.#fix(sideModules - 8, 8, true);
  }

  #fix(row: number, column: number, isDark: boolean): void {
    if (row < 0 || column < 0 || row >= sideModules || column >= sideModules) return;
    this.#set(row, column, isDark);
    defined(this.#fixed[row], 'row')[column] = true;
  }

  #set(row: number, column: number, isDark: boolean): void {
    defined(this.#dark[row], 'row')[column] = isDark;
  }
}

/** Data and correction of both blocks, a byte of each in turn. */
function codewords(text: string): Uint8Array {
  const data = encodedText(text);
  const blocks = Array.from({ length: blockCount }, (_, block) =>
    data.subarray(block * dataBytes, (block + 1) * dataBytes),
  );
  const corrections = blocks.map(correctionOf);
  const inTurn = (parts: readonly Uint8Array[], length: number): number[] =>
    Array.from({ length }, (_, index) => parts.map(part => part[index] ?? 0)).flat();
  return Uint8Array.from([...inTurn(blocks, dataBytes), ...inTurn(corrections, correctionBytes)]);
}

/** Mode 0010, number of letters in 9 bits, pairs of letters in 11 bits and a last single one in 6, filled up. */
function encodedText(text: string): Uint8Array {
  const values = Array.from(text, letter => alphabet.indexOf(letter));
  if (values.length > maxLetters || values.includes(-1))
    throw new AppError('INVALID_INPUT', 'the text does not fit into the QR code of a recovery kit');
  let bits = `0010${binary(values.length, 9)}`;
  for (let index = 0; index < values.length; index += 2) {
    const [first = 0, second] = values.slice(index, index + 2);
    bits += second === undefined ? binary(first, 6) : binary(first * 45 + second, 11);
  }
  bits = `${bits}0000`.slice(0, blockCount * dataBytes * 8);
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  const bytes = (bits.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2));
  for (let filler = 0xec; bytes.length < blockCount * dataBytes; filler ^= 0xec ^ 0x11) bytes.push(filler);
  return Uint8Array.from(bytes);
}

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, '0');
}

/** Reed-Solomon over GF(256) with the polynomial 0x11d: the remainder of the data divided by the generator. */
function correctionOf(data: Uint8Array): Uint8Array {
  let generator = Uint8Array.of(1);
  let root = 1;
  for (let degree = 0; degree < correctionBytes; degree += 1) {
    const next = new Uint8Array(generator.length + 1);
    generator.forEach((coefficient, index) => {
      next[index] = (next[index] ?? 0) ^ coefficient;
      next[index + 1] = (next[index + 1] ?? 0) ^ multiplied(coefficient, root);
    });
    generator = next;
    root = multiplied(root, 2);
  }
  const remainder = new Uint8Array(data.length + correctionBytes);
  remainder.set(data);
  for (let at = 0; at < data.length; at += 1) {
    const factor = remainder[at] ?? 0;
    generator.forEach((coefficient, index) => {
      remainder[at + index] = (remainder[at + index] ?? 0) ^ multiplied(coefficient, factor);
    });
  }
  return remainder.subarray(data.length);
}

function multiplied(one: number, other: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((other >> bit) & 1) * one;
  }
  return product;
}

/** Five bits, ten of their BCH code with the generator 0x537, and the mask 0x5412 over all. */
function formatOf(bits: number): number {
  let remainder = bits;
  for (let step = 0; step < 10; step += 1) remainder = (remainder << 1) ^ ((remainder >> 9) * 0x537);
  return ((bits << 10) | remainder) ^ 0x5412;
}
