import type { BlobId } from '../codec/blobId.ts';

const lineBytes = 4096;

interface Line {
  readonly bytes: Uint8Array;
  /** Of the chunk it is a copy of. */
  readonly chunkBytes: number;
}

/** Lines of 4 KiB that were read last, wherever in a repository they lie. */
export class LineCache {
  readonly #maxLines: number;
  /** By chunk and line; least recently used first. */
  readonly #lines = new Map<string, Line>();

  constructor(maxBytes: number) {
    this.#maxLines = Math.floor(maxBytes / lineBytes);
  }

  /** @returns the length of the chunk; undefined if some of the range is not here, and then `target` holds nothing of use */
  read(id: BlobId, offsetBytes: number, target: Uint8Array): number | undefined {
    const endBytes = offsetBytes + target.byteLength;
    let chunkBytes: number | undefined;
    for (let from = offsetBytes; from < endBytes;) {
      const number = Math.floor(from / lineBytes);
      const key = keyOf(id, number);
      const line = this.#lines.get(key);
      if (line === undefined) return undefined;
      this.#keep(key, line);
      const startBytes = number * lineBytes;
      const until = Math.min(endBytes, startBytes + lineBytes);
      target.set(line.bytes.subarray(from - startBytes, until - startBytes), from - offsetBytes);
      ({ chunkBytes } = line);
      from = until;
    }
    return chunkBytes;
  }

  /** Keeps copies of all lines that a range of a chunk touches. */
  keep(id: BlobId, chunk: Uint8Array, offsetBytes: number, lengthBytes: number): void {
    const endBytes = Math.min(offsetBytes + lengthBytes, chunk.byteLength);
    for (let number = Math.floor(offsetBytes / lineBytes); number * lineBytes < endBytes; number += 1) {
      const bytes = chunk.slice(number * lineBytes, (number + 1) * lineBytes);
      this.#keep(keyOf(id, number), { bytes, chunkBytes: chunk.byteLength });
    }
  }

  #keep(key: string, line: Line): void {
    this.#lines.delete(key);
    this.#lines.set(key, line);
    if (this.#lines.size <= this.#maxLines) return;
    const [oldest] = this.#lines.keys();
    if (oldest !== undefined) this.#lines.delete(oldest);
  }
}

function keyOf(id: BlobId, number: number): string {
  return `${id} ${number}`;
}
