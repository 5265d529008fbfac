import { AppError, CorruptDataError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { MiB } from '../../base/units.ts';
import { blobIdOf } from './blobId.ts';
import { compressSync, decompressSync, zstdLevels, type Compression } from './compression.ts';
import { sealOverheadBytes, type Sealer } from './sealer.ts';
import type { BlobProblem, EnclosedBlob, ExpectedBlob, HashedBytes, SealedBlob } from './sealingPool.ts';
import { zstdCompressContext, zstdDecompressContext, type ZstdContext } from './zstdContext.ts';

/** More than the largest chunk. What is said to be longer gets no memory before it has shown how long it is. */
const maxTrustedBytes = 16 * MiB;

/** What sealing puts before and behind the bytes. */
const roomBytes = sealOverheadBytes / 2;

/** What a sealing pool does with one blob, in whatever thread. Takes some milliseconds for each MiB. */
export class BlobCodec {
  readonly #sealer: Sealer;
  readonly #compression: Compression;
  readonly #random: Random;
  #compressor: ZstdContext | undefined;
  #decompressor: ZstdContext | undefined;
  /** Used by one blob after the other: memory that was never touched before is what the system makes one wait for. */
  #scratch = new Uint8Array(0);
  #plain = new Uint8Array(0);

  constructor(sealer: Sealer, compression: Compression, random: Random) {
    this.#sealer = sealer;
    this.#compression = compression;
    this.#random = random;
    this.#compressor = compression === 'off' ? undefined : zstdCompressContext(zstdLevels[compression]);
    this.#decompressor = zstdDecompressContext();
  }

  seal({ id, plain }: HashedBytes): SealedBlob {
    const frameBytes = this.#compressToScratch(plain);
    const compressed = frameBytes !== undefined && frameBytes < plain.length;
    if (!compressed) this.#roomFor(plain.length).set(plain, roomBytes);
    const roomy = this.#scratch.subarray(0, (compressed ? frameBytes : plain.length) + sealOverheadBytes);
    const sealed = this.#sealer.sealRoomy(roomy, this.#random);
    return { id, sealed, plainLengthBytes: plain.length, compressed };
  }

  /** The plain bytes, a new array. @throws CorruptDataError */
  unseal(sealed: Uint8Array, expected: ExpectedBlob): Uint8Array<ArrayBuffer> {
    const { id, plainLengthBytes, compressed } = expected;
    const what = `blob ${id}`;
    if (!compressed) return checked(this.#sealer.unseal(sealed, what), expected, what);
    if (plainLengthBytes <= maxTrustedBytes) {
      const plain = new Uint8Array(plainLengthBytes);
      this.unsealTo(sealed, expected, plain);
      return plain;
    }
    const frame = this.#sealer.unseal(sealed, what);
    return checked(decompressSync(frame, plainLengthBytes, what), expected, what);
  }

  /** The same into memory of the caller, of the blob's length. @throws CorruptDataError; what is in `target` then is of no use */
  unsealTo(sealed: Uint8Array, expected: ExpectedBlob, target: Uint8Array): void {
    const what = `blob ${expected.id}`;
    const storedBytes = sealed.length - sealOverheadBytes;
    if (!expected.compressed && storedBytes === target.length) {
      this.#sealer.unsealTo(sealed, target, what);
      checked(target, expected, what);
      return;
    }
    const stored = this.#roomFor(storedBytes).subarray(0, Math.max(0, storedBytes));
    this.#sealer.unsealTo(sealed, stored, what);
    if (expected.compressed && this.#decompressTo(stored, target, expected)) return;
    const plain = expected.compressed ? decompressSync(stored, expected.plainLengthBytes, what) : stored;
    target.set(checked(plain, expected, what));
  }

  /** Out of a piece of a pack. @see unsealTo @returns what there is to say against the blob */
  unsealEnclosed(piece: Uint8Array, blob: EnclosedBlob, target: Uint8Array): BlobProblem | undefined {
    return problemOf(blob, () => this.unsealTo(enclosed(piece, blob), blob, target));
  }

  /** What there is to say against the blobs of a pack. */
  problemsIn(pack: Uint8Array, blobs: readonly EnclosedBlob[]): BlobProblem[] {
    const problems: BlobProblem[] = [];
    for (const blob of blobs) {
      const problem = this.#problemWith(pack, blob);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  #problemWith(pack: Uint8Array, blob: EnclosedBlob): BlobProblem | undefined {
    const { plainLengthBytes } = blob;
    if (plainLengthBytes > maxTrustedBytes)
      return problemOf(blob, () => this.unseal(enclosed(pack, blob), blob));
    if (this.#plain.length < plainLengthBytes) this.#plain = new Uint8Array(plainLengthBytes);
    return this.unsealEnclosed(pack, blob, this.#plain.subarray(0, plainLengthBytes));
  }

  /** Lets the context judge nothing: what it does not do is tried again without it. */
  #decompressTo(frame: Uint8Array, target: Uint8Array, { id }: ExpectedBlob): boolean {
    const lengthBytes = this.#decompressor?.frame(frame, target);
    if (lengthBytes === target.length && blobIdOf(target) === id) return true;
    this.#decompressor = zstdDecompressContext();
    return false;
  }

  /** @returns the length of the frame; undefined if nothing is to be compressed */
  #compressToScratch(plain: Uint8Array): number | undefined {
    if (this.#compression === 'off') return undefined;
    const level = zstdLevels[this.#compression];
    const scratch = this.#roomFor(maxFrameBytes(plain.length));
    const frameBytes = this.#compressor?.frame(plain, scratch.subarray(roomBytes, -roomBytes));
    if (frameBytes !== undefined) return frameBytes;
    this.#compressor = zstdCompressContext(level);
    const frame = compressSync(plain, level);
    scratch.set(frame, roomBytes);
    return frame.length;
  }

  #roomFor(lengthBytes: number): Uint8Array {
    const neededBytes = lengthBytes + sealOverheadBytes;
    if (this.#scratch.length < neededBytes) this.#scratch = new Uint8Array(neededBytes);
    return this.#scratch;
  }
}

function enclosed(piece: Uint8Array, { startBytes, sealedBytes }: EnclosedBlob): Uint8Array {
  return piece.subarray(startBytes, startBytes + sealedBytes);
}

function problemOf({ id }: ExpectedBlob, unseal: () => unknown): BlobProblem | undefined {
  try {
    unseal();
    return undefined;
  } catch (error) {
    if (AppError.is(error, 'CORRUPT_DATA')) return { id, message: error.message };
    throw error;
  }
}

/** What zstd may need for bytes that do not shrink, and some more. */
function maxFrameBytes(plainBytes: number): number {
  return plainBytes + Math.ceil(plainBytes / 128) + 1024;
}

function checked<T extends Uint8Array>(plain: T, { id, plainLengthBytes }: ExpectedBlob, what: string): T {
  if (plain.length !== plainLengthBytes) {
    throw new CorruptDataError(`${what}: ${plain.length} bytes, expected ${plainLengthBytes}`, {
      object: what,
    });
  }
  if (blobIdOf(plain) !== id)
    throw new CorruptDataError(`${what}: its bytes have another SHA-256`, { object: what });
  return plain;
}
