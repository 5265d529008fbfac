import { CorruptDataError } from './errors.ts';

export interface IntegerRange {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Reads fields of an on-disk structure, little-endian unless the name says otherwise. Every read names its field,
 * checks the bounds of the structure and, where given, the range of the value; anything wrong is a
 * CorruptDataError with the field's name and offset. The bytes are viewed, not copied.
 */
export class BinaryReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #structure: string;
  readonly #baseOffsetBytes: number;

  /**
   * @param structure        name used in errors, for instance "ext4 superblock"
   * @param baseOffsetBytes  where `bytes` lies in its source, added to offsets in errors
   */
  constructor(bytes: Uint8Array, structure: string, baseOffsetBytes = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#structure = structure;
    this.#baseOffsetBytes = baseOffsetBytes;
  }

  get sizeBytes(): number {
    return this.#bytes.byteLength;
  }

  u8(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 1);
    return this.#inRange(field, offset, this.#view.getUint8(offset), range);
  }

  u16le(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 2);
    return this.#inRange(field, offset, this.#view.getUint16(offset, true), range);
  }

  u16be(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 2);
    return this.#inRange(field, offset, this.#view.getUint16(offset, false), range);
  }

  u32le(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 4);
    return this.#inRange(field, offset, this.#view.getUint32(offset, true), range);
  }

  u32be(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 4);
    return this.#inRange(field, offset, this.#view.getUint32(offset, false), range);
  }

  i32le(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 4);
    return this.#inRange(field, offset, this.#view.getInt32(offset, true), range);
  }

  /** A 64-bit field as a number; beyond 2^53 − 1 it is an error, not a rounded value. */
  u64le(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 8);
    const value = this.#view.getBigUint64(offset, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.error(`${field} is ${value.toString()}, more than this program can address`, offset);
    }
    return this.#inRange(field, offset, Number(value), range);
  }

  i32be(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 4);
    return this.#inRange(field, offset, this.#view.getInt32(offset, false), range);
  }

  /** Like `u64le`. */
  u64be(field: string, offset: number, range?: IntegerRange): number {
    this.#bounds(field, offset, 8);
    const value = this.#view.getBigUint64(offset, false);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.error(`${field} is ${value.toString()}, more than this program can address`, offset);
    }
    return this.#inRange(field, offset, Number(value), range);
  }

  /** All 64 bits, for flags and for sentinel values such as "at the end". */
  bits64le(field: string, offset: number): bigint {
    this.#bounds(field, offset, 8);
    return this.#view.getBigUint64(offset, true);
  }

  bits64be(field: string, offset: number): bigint {
    this.#bounds(field, offset, 8);
    return this.#view.getBigUint64(offset, false);
  }

  /** A view of `lengthBytes` bytes; it shares memory with the source. */
  bytes(field: string, offset: number, lengthBytes: number): Uint8Array {
    this.#bounds(field, offset, lengthBytes);
    return this.#bytes.subarray(offset, offset + lengthBytes);
  }

  ascii(field: string, offset: number, lengthBytes: number): string {
    let text = '';
    for (const byte of this.bytes(field, offset, lengthBytes)) text += String.fromCharCode(byte);
    return text;
  }

  error(problem: string, offset = 0): CorruptDataError {
    const offsetBytes = this.#baseOffsetBytes + offset;
    return new CorruptDataError(`${this.#structure}: ${problem} (at byte ${offsetBytes})`, { offsetBytes });
  }

  #bounds(field: string, offset: number, lengthBytes: number): void {
    if (offset < 0 || lengthBytes < 0 || offset + lengthBytes > this.#bytes.byteLength) {
      throw this.error(
        `${field} needs ${lengthBytes} bytes, the structure has ${this.#bytes.byteLength}`,
        offset,
      );
    }
  }

  #inRange(field: string, offset: number, value: number, range: IntegerRange | undefined): number {
    const min = range?.min ?? -Infinity;
    const max = range?.max ?? Infinity;
    if (value < min || value > max)
      throw this.error(`${field} is ${value}, expected ${min} … ${max}`, offset);
    return value;
  }
}
