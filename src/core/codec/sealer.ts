import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import sodium from 'libsodium-wrappers-sumo';
import { CorruptDataError } from '../../base/errors.ts';
import { freeMemory } from '../../base/freeMemory.ts';
import type { Random } from '../../base/random.ts';
import type { MasterKey } from './masterKey.ts';
import { ownedBytes } from './ownedBytes.ts';

const ivBytes = 16;
const macBytes = 16;

/** What sealing adds to the length of its input. */
export const sealOverheadBytes = ivBytes + macBytes;

/**
 * The cipher makes memory for whatever it gives. That of a chunk is new to the processor each time, and collected when there is
 * a hundred times as much of it; that of a piece is the same again and again, if it is given back at once.
 */
const pieceBytes = 64 * 1024;

/** Prepares a key for use; waits for the Poly1305 code to be compiled. */
export async function openSealer(key: MasterKey): Promise<Sealer> {
  await sodium.ready;
  return new Sealer(key);
}

/**
 * Encrypts and authenticates: initialization vector (16 bytes) ‖ AES-256-CTR ciphertext ‖ Poly1305-AES of the
 * ciphertext (16 bytes). The vector also keys the authenticator, so one used twice would give away both.
 * @see "The Poly1305-AES message-authentication code", D. J. Bernstein 2005; restic design document, "Keys, Encryption
 *   and MAC"
 */
export class Sealer {
  readonly #key: MasterKey;
  readonly #maskedR: Uint8Array;

  /** Only for `openSealer`. */
  constructor(key: MasterKey) {
    this.#key = key;
    this.#maskedR = maskR(key.macR);
  }

  /** The sealed bytes, a new array. @param random must be cryptographically strong */
  seal(plain: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
    const roomy = new Uint8Array(plain.length + sealOverheadBytes);
    roomy.set(plain, ivBytes);
    return this.sealRoomy(roomy, random);
  }

  /**
   * The same for bytes that have 16 bytes of room on either side, whatever is in them: nothing has to be copied then.
   * The room is encrypted along, its first half with the counter before the vector, and replaced in the result.
   */
  sealRoomy(roomy: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
    const iv = random.bytes(ivBytes);
    const cipher = createCipheriv('aes-256-ctr', this.#key.encrypt, counterBefore(iv));
    const sealed = ownedBytes(cipher.update(roomy));
    sealed.set(iv);
    sealed.set(this.#mac(iv, sealed.subarray(ivBytes, -macBytes)), sealed.length - macBytes);
    return sealed;
  }

  /**
   * The plain bytes, a new array.
   * @param what  names the bytes in the error
   * @throws what `unsealTo` throws
   */
  unseal(sealed: Uint8Array, what: string): Uint8Array<ArrayBuffer> {
    const plain = new Uint8Array(Math.max(0, sealed.length - sealOverheadBytes));
    this.unsealTo(sealed, plain, what);
    return plain;
  }

  /**
   * Decrypts to the start of `target`, which has room. The MAC is compared in constant time, before anything is decrypted.
   * @param what  names the bytes in the error
   * @throws CorruptDataError if they are too short, or not what this key has sealed
   */
  unsealTo(sealed: Uint8Array, target: Uint8Array, what: string): void {
    if (sealed.length < sealOverheadBytes) {
      throw new CorruptDataError(`${what}: ${sealed.length} bytes are too few to be sealed data`, {
        object: what,
      });
    }
    const iv = sealed.subarray(0, ivBytes);
    const ciphertext = sealed.subarray(ivBytes, -macBytes);
    if (!timingSafeEqual(this.#mac(iv, ciphertext), sealed.subarray(-macBytes))) {
      throw new CorruptDataError(`${what}: its authentication code does not match its bytes`, {
        object: what,
      });
    }
    const decipher = createDecipheriv('aes-256-ctr', this.#key.encrypt, iv);
    for (let at = 0; at < ciphertext.length; at += pieceBytes) {
      const piece = decipher.update(ciphertext.subarray(at, at + pieceBytes));
      target.set(piece, at);
      freeMemory(piece);
    }
  }

  #mac(iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const encryptedIv = createCipheriv('aes-128-ecb', this.#key.macK, null).setAutoPadding(false).update(iv);
    return sodium.crypto_onetimeauth(ciphertext, Buffer.concat([this.#maskedR, encryptedIv]));
  }
}

/** The counter of the block before: one less, as a number of 16 bytes, big end first. */
function counterBefore(iv: Uint8Array): Uint8Array {
  const counter = Uint8Array.from(iv);
  for (let at = ivBytes - 1; at >= 0; at -= 1) {
    const byte = counter[at] ?? 0;
    counter[at] = (byte + 255) % 256;
    if (byte > 0) break;
  }
  return counter;
}

/** Clears the bits that Poly1305 wants clear: the top four of bytes 3, 7, 11, 15, the low two of 4, 8, 12. */
function maskR(r: Uint8Array): Uint8Array {
  return r.map((byte, index) => {
    if (index % 4 === 3) return byte & 0x0f;
    return index > 0 && index % 4 === 0 ? byte & 0xfc : byte;
  });
}
