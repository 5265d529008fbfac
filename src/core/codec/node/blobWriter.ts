import { Semaphore } from '../../../base/async/semaphore.ts';
import { settleAll } from '../../../base/async/settleAll.ts';
import { pageAligned, writeShared } from '../../../base/node/sharedFiles.ts';
import type { BlobCodec } from '../blobCodec.ts';
import type { BlobProblem, PlacedBlob } from '../sealingPool.ts';
import type { SealTask } from './sealMessages.ts';

/** Blobs being written while the next one is unsealed. */
const writesInFlight = 3;

/** Unseals blobs into files. Their bytes lie in memory that is used again and again, where pages begin. */
export class BlobWriter {
  readonly #codec: BlobCodec;
  readonly #places = new Semaphore(writesInFlight);
  readonly #memories: Uint8Array[] = [];
  /** Whoever asked waits for the answer. */
  readonly #never = new AbortController().signal;

  constructor(codec: BlobCodec) {
    this.#codec = codec;
  }

  async write({ piece, blobs, file }: SealTask & { kind: 'unsealTo' }): Promise<readonly BlobProblem[]> {
    const problems: BlobProblem[] = [];
    const one = async (blob: PlacedBlob) => {
      const memory = this.#memory(blob.plainLengthBytes);
      const plain = memory.subarray(0, blob.plainLengthBytes);
      const problem = this.#codec.unsealEnclosed(piece, blob, plain);
      if (problem !== undefined) problems.push(problem);
      else for (const offsetBytes of blob.offsetsBytes) await writeShared(file, plain, offsetBytes);
      this.#memories.push(memory);
    };
    await settleAll(
      blobs.map(async blob => await this.#places.use(this.#never, async () => await one(blob))),
    );
    return problems;
  }

  #memory(lengthBytes: number): Uint8Array {
    const memory = this.#memories.pop();
    return memory !== undefined && memory.byteLength >= lengthBytes ? memory : pageAligned(lengthBytes);
  }
}
