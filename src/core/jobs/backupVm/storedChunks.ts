import type { SpentMemory } from '../../block/spentMemory.ts';
import type { Chunk } from '../../chunking/chunk.ts';
import type { Repository, SavedBlob } from '../../repository/repository.ts';

/** Chunks on their way through hashing and sealing at a time. */
export const chunksInFlight = 8;

/** Stores chunks; one of zeros is hashed and stored once per length, however many there are. */
export class StoredChunks {
  readonly #repository: Repository;
  readonly #memory: SpentMemory;
  readonly #zerosByLength = new Map<number, Promise<SavedBlob>>();

  /** @param memory  gets back what chunks lay in */
  constructor(repository: Repository, memory: SpentMemory) {
    this.#repository = repository;
    this.#memory = memory;
  }

  async save({ bytes, lengthBytes }: Chunk, signal: AbortSignal): Promise<SavedBlob> {
    if (bytes !== undefined) {
      const saved = await this.#repository.saveBlob('data', bytes, signal);
      this.#memory.give(saved.spent);
      return saved;
    }
    const earlier = this.#zerosByLength.get(lengthBytes);
    if (earlier !== undefined) return { ...(await earlier), storedBytes: 0 };
    const saved = this.#repository.saveBlob('data', new Uint8Array(lengthBytes), signal);
    this.#zerosByLength.set(lengthBytes, saved);
    return await saved;
  }
}
