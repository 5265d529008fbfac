import { sealOverheadBytes } from '../../codec/sealer.ts';
import type { PackOfFile } from '../blobIndex.ts';
import { idWords, recordsOf, recordWords, setType } from '../blobRecord.ts';
import { parseIndex } from './indexFile.ts';

/**
 * What an index file says, as records, one pack at a time. Text as this product and restic write it is read as it lies, in
 * a fifth of the time that objects take and without stopping others for that of a whole file; whatever looks different in
 * the least is left to the JSON parser, which alone judges what is damaged.
 * @throws CorruptDataError when it comes to the damage
 */
export function* scanIndex(text: Uint8Array, what: string): Generator<PackOfFile, void, undefined> {
  const scanner = new Scanner(text);
  let packCount = 0;
  if (scanner.takes('{"packs":[')) {
    for (let pack = scanner.pack(); pack !== undefined; pack = scanner.pack()) {
      packCount += 1;
      yield pack;
      if (!scanner.takes(',')) break;
    }
    if (scanner.takes(']}') && scanner.isAtEnd) return;
  }
  for (const { packId, blobs } of parseIndex(text, what)) {
    if (packCount > 0) packCount -= 1;
    else yield { packId, records: recordsOf(blobs) };
  }
}

const idDigits = idWords * 8;
const u32 = 2 ** 32 - 1;

class Scanner {
  readonly #text: Buffer;
  #at = 0;
  /** Of the pack that is being read. */
  #records = new Uint32Array(64 * recordWords);

  constructor(text: Uint8Array) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Goes on behind `token` if that is what comes; ASCII. */
  takes(token: string): boolean {
    for (let index = 0; index < token.length; index += 1)
      if (this.#text[this.#at + index] !== token.charCodeAt(index)) return false;
    this.#at += token.length;
    return true;
  }

  pack(): PackOfFile | undefined {
    if (!this.takes('{"id":"')) return undefined;
    const idAt = this.#at;
    if (!this.#id(0)) return undefined;
    const packId = this.#text.toString('latin1', idAt, idAt + idDigits);
    if (!this.takes('","blobs":[')) return undefined;
    let length = 0;
    do {
      if (length === this.#records.length) this.#grow();
      if (!this.#blob(length)) return undefined;
      length += recordWords;
    } while (this.takes(','));
    return this.takes(']}') ? { packId, records: this.#records.slice(0, length) } : undefined;
  }

  #blob(at: number): boolean {
    if (!this.takes('{"id":"') || !this.#id(at) || !this.takes('","type":"')) return false;
    const isTree = this.takes('tree');
    if (!isTree && !this.takes('data')) return false;
    setType(this.#records, at, isTree ? 'tree' : 'data');
    if (!this.takes('","offset":') || !this.#number(at + idWords + 1)) return false;
    if (!this.takes(',"length":') || !this.#number(at + idWords + 2)) return false;
    if ((this.#records[at + idWords + 2] ?? 0) < sealOverheadBytes) return false;
    this.#records[at + idWords + 3] = 0;
    if (this.takes(',"uncompressed_length":') && !this.#number(at + idWords + 3)) return false;
    return this.takes('}');
  }

  #id(at: number): boolean {
    if (this.#at + idDigits > this.#text.length) return false;
    for (let index = 0; index < idWords; index += 1) {
      let value = 0;
      for (let shift = 0; shift < 32; shift += 8) {
        const high = digitValues[this.#text[this.#at] ?? 0] ?? noDigit;
        const low = digitValues[this.#text[this.#at + 1] ?? 0] ?? noDigit;
        if (high === noDigit || low === noDigit) return false;
        value |= ((high << 4) | low) << shift;
        this.#at += 2;
      }
      this.#records[at + index] = value;
    }
    return true;
  }

  /** A number as JSON writes it, of 32 bits. */
  #number(at: number): boolean {
    const start = this.#at;
    let value = 0;
    for (;;) {
      const digit = (this.#text[this.#at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (value > u32) return false;
      this.#at += 1;
    }
    const digits = this.#at - start;
    if (digits === 0 || (digits > 1 && this.#text[start] === 0x30)) return false;
    this.#records[at] = value;
    return true;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#records.length * 2);
    grown.set(this.#records);
    this.#records = grown;
  }
}

const noDigit = 255;
/** Of lower-case hexadecimal digits by their code. */
const digitValues = new Uint8Array(256).fill(noDigit);
for (let value = 0; value < 16; value += 1) digitValues[value.toString(16).charCodeAt(0)] = value;
