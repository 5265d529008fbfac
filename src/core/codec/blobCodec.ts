import { CorruptDataError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { blobIdOf } from './blobId.ts';
import { compressSync, decompressSync, type Compression } from './compression.ts';
import type { Sealer } from './sealer.ts';
import type { ExpectedBlob, HashedBytes, SealedBlob } from './sealingPool.ts';

/** What a sealing pool does with one blob, in whatever thread. Takes some milliseconds for each MiB. */
export class BlobCodec {
  readonly #sealer: Sealer;
  readonly #compression: Compression;
  readonly #random: Random;

  constructor(sealer: Sealer, compression: Compression, random: Random) {
    this.#sealer = sealer;
    this.#compression = compression;
    this.#random = random;
  }

  seal({ id, plain }: HashedBytes): SealedBlob {
    const frame = compressSync(plain, this.#compression);
    return {
      id,
      sealed: this.#sealer.seal(frame ?? plain, this.#random),
      plainLengthBytes: plain.length,
      compressed: frame !== undefined,
    };
  }

  /** @throws CorruptDataError */
  unseal(sealed: Uint8Array, expected: ExpectedBlob): Uint8Array<ArrayBuffer> {
    const what = `blob ${expected.id}`;
    const stored = this.#sealer.unseal(sealed, what);
    const plain = expected.compressed ? decompressSync(stored, expected.plainLengthBytes, what) : stored;
    if (plain.length !== expected.plainLengthBytes) {
      throw new CorruptDataError(`${what}: ${plain.length} bytes, expected ${expected.plainLengthBytes}`, {
        object: what,
      });
    }
    if (blobIdOf(plain) !== expected.id)
      throw new CorruptDataError(`${what}: its bytes have another SHA-256`, { object: what });
    return plain;
  }
}
