import { createCipheriv, createDecipheriv, createHash, type Cipher, type Decipher } from 'node:crypto';
import { AppError } from '../../../base/errors.ts';

/** The encryption of a disk, sector by sector. */
export interface SectorCipher {
  readonly sectorBytes: number;
  /**
   * Decrypts whole sectors in place.
   * @param firstSector  number of the first one, in units of 512 bytes, whatever the size of a sector
   */
  decrypt(firstSector: number, bytes: Uint8Array): void;
}

const blockBytes = 16;
const blockWords = blockBytes / 4;
/** In these units sectors are numbered, also where they are larger. */
const numberedBytes = 512;

/**
 * The cipher as Linux names it: `aes-xts-plain64`, `aes-cbc-essiv:sha256`. All modes are made of single AES blocks, many
 * at a time: the cryptography of editors has no XTS, and one call per sector would cost more than the cipher.
 * @throws UNSUPPORTED_FORMAT naming a cipher that is not known, also for keys of a length it does not have
 * @see IEEE 1619-2007; cryptsetup, "LUKS2 On-Disk Format Specification", 3.2; Linux, drivers/md/dm-crypt.c
 */
export function sectorCipher(name: string, key: Uint8Array, sectorBytes: number): SectorCipher {
  const [, mode = '', iv = ''] = /^aes-(xts|cbc)-(plain|plain64|essiv:sha256)$/.exec(name) ?? [];
  const keyBits = (mode === 'xts' ? key.byteLength / 2 : key.byteLength) * 8;
  const isKnown = mode === 'xts' ? [128, 256].includes(keyBits) && iv !== 'essiv:sha256' : mode === 'cbc';
  if (!isKnown || ![128, 192, 256].includes(keyBits)) throw unknown(name, key);
  if (mode === 'cbc') {
    const ivKey = iv === 'essiv:sha256' ? createHash('sha256').update(key).digest() : undefined;
    return new CbcCipher(key, ivKey, iv === 'plain', sectorBytes);
  }
  return new XtsCipher(key, iv === 'plain', sectorBytes);
}

class XtsCipher implements SectorCipher {
  readonly sectorBytes: number;
  readonly #blocks: Decipher;
  readonly #tweaks: Cipher;
  readonly #hasShortNumbers: boolean;

  constructor(key: Uint8Array, hasShortNumbers: boolean, sectorBytes: number) {
    const half = key.byteLength / 2;
    this.#blocks = blockDecipher(key.subarray(0, half));
    this.#tweaks = blockCipher(key.subarray(half));
    this.#hasShortNumbers = hasShortNumbers;
    this.sectorBytes = sectorBytes;
  }

  decrypt(firstSector: number, bytes: Uint8Array): void {
    const { sectorBytes } = this;
    const numbers = numberBlocks(firstSector, bytes.byteLength, sectorBytes, this.#hasShortNumbers);
    const tweaks = multiplied(aligned(this.#tweaks.update(numbers)), sectorBytes);
    const words = aligned(new Uint8Array(bytes));
    for (let word = 0; word < words.length; word += 1) words[word] = (words[word] ?? 0) ^ (tweaks[word] ?? 0);
    const plain = aligned(this.#blocks.update(bytesOf(words)));
    for (let word = 0; word < plain.length; word += 1) plain[word] = (plain[word] ?? 0) ^ (tweaks[word] ?? 0);
    bytes.set(bytesOf(plain));
  }
}

class CbcCipher implements SectorCipher {
  readonly sectorBytes: number;
  readonly #blocks: Decipher;
  readonly #vectors: Cipher | undefined;
  readonly #hasShortNumbers: boolean;

  /** @param vectorKey  what encrypts the numbers of the sectors; they are used as they are without it */
  constructor(
    key: Uint8Array,
    vectorKey: Uint8Array | undefined,
    hasShortNumbers: boolean,
    sectorBytes: number,
  ) {
    this.#blocks = blockDecipher(key);
    this.#vectors = vectorKey === undefined ? undefined : blockCipher(vectorKey);
    this.#hasShortNumbers = hasShortNumbers;
    this.sectorBytes = sectorBytes;
  }

  decrypt(firstSector: number, bytes: Uint8Array): void {
    const { sectorBytes } = this;
    const numbers = numberBlocks(firstSector, bytes.byteLength, sectorBytes, this.#hasShortNumbers);
    const vectors = this.#vectors === undefined ? numbers : this.#vectors.update(numbers);
    // Every block is joined with the encrypted one before it, the first of a sector with the sector's vector.
    const before = new Uint8Array(bytes.byteLength);
    before.set(bytes.subarray(0, bytes.byteLength - blockBytes), blockBytes);
    for (let at = 0, sector = 0; at < bytes.byteLength; at += sectorBytes, sector += 1) {
      before.set(vectors.subarray(sector * blockBytes, (sector + 1) * blockBytes), at);
    }
    const masks = aligned(before);
    const plain = aligned(this.#blocks.update(bytes));
    for (let word = 0; word < plain.length; word += 1) plain[word] = (plain[word] ?? 0) ^ (masks[word] ?? 0);
    bytes.set(bytesOf(plain));
  }
}

/** For each sector a block with its number, little-endian. */
function numberBlocks(firstSector: number, lengthBytes: number, sectorBytes: number, isShort: boolean) {
  const count = lengthBytes / sectorBytes;
  const step = sectorBytes / numberedBytes;
  const numbers = new Uint8Array(count * blockBytes);
  const view = new DataView(numbers.buffer);
  for (let sector = 0; sector < count; sector += 1) {
    const number = firstSector + sector * step;
    view.setUint32(sector * blockBytes, number % 2 ** 32, true);
    if (!isShort) view.setUint32(sector * blockBytes + 4, Math.floor(number / 2 ** 32), true);
  }
  return numbers;
}

/** The tweak of every block: that of its sector, multiplied by α once for each block before it. */
function multiplied(sectorTweaks: Uint32Array, sectorBytes: number): Uint32Array {
  const sectorWords = sectorBytes / 4;
  const tweaks = new Uint32Array((sectorTweaks.length / blockWords) * sectorWords);
  for (let sector = 0, at = 0; sector < sectorTweaks.length; sector += blockWords) {
    let [w0, w1, w2, w3] = [
      sectorTweaks[sector] ?? 0,
      sectorTweaks[sector + 1] ?? 0,
      sectorTweaks[sector + 2] ?? 0,
      sectorTweaks[sector + 3] ?? 0,
    ];
    for (const end = at + sectorWords; at < end; at += blockWords) {
      tweaks[at] = w0;
      tweaks[at + 1] = w1;
      tweaks[at + 2] = w2;
      tweaks[at + 3] = w3;
      const carry = -(w3 >>> 31) & 0x87;
      w3 = (w3 << 1) | (w2 >>> 31);
      w2 = (w2 << 1) | (w1 >>> 31);
      w1 = (w1 << 1) | (w0 >>> 31);
      w0 = (w0 << 1) ^ carry;
    }
  }
  return tweaks;
}

function blockCipher(key: Uint8Array): Cipher {
  return createCipheriv(`aes-${key.byteLength * 8}-ecb`, key, null).setAutoPadding(false);
}

function blockDecipher(key: Uint8Array): Decipher {
  return createDecipheriv(`aes-${key.byteLength * 8}-ecb`, key, null).setAutoPadding(false);
}

/** The bytes as words; a copy where memory does not allow that. */
function aligned(bytes: Uint8Array): Uint32Array {
  const own = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(own.buffer, own.byteOffset, own.byteLength / 4);
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function unknown(name: string, { byteLength }: Uint8Array): AppError {
  const known = /^[\w:.-]{1,64}$/.test(name) ? name : 'an unnamed cipher';
  return new AppError(
    'UNSUPPORTED_FORMAT',
    `what is encrypted with ${known} and a key of ${byteLength * 8} bits cannot be read here`,
    { object: known, remedy: 'Restore the whole disk and read the files in a guest' },
  );
}
