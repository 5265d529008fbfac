import { createHash } from 'node:crypto';

import type { Transferred } from '../model/lease.ts';

/** Hashes what passes. */
export class Digests {
  readonly #sha1 = createHash('sha1');
  readonly #sha256 = createHash('sha256');
  #sizeBytes = 0;
  #finished: Transferred | undefined;

  async *tap(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      this.#sha1.update(piece);
      this.#sha256.update(piece);
      this.#sizeBytes += piece.length;
      yield piece;
    }
  }

  /** Once everything has passed. */
  finish(): Transferred {
    this.#finished ??= {
      sizeBytes: this.#sizeBytes,
      sha1: this.#sha1.digest('hex'),
      sha256: this.#sha256.digest('hex'),
    };
    return this.#finished;
  }
}
