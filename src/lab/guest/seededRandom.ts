/**
 * Numbers that look random and are the same for the same seed: xorshift32 with a multiplied output. For test content,
 * never for secrets.
 */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    // Spread nearby seeds apart; the state must not be zero.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  }

  /** From 0 to 2^32 − 1. */
  nextUint32(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return Math.imul(this.#state, 0x9e3779b1) >>> 0;
  }

  /** From 0 to `limit` − 1. */
  below(limit: number): number {
    return this.nextUint32() % limit;
  }

  fill(target: Uint8Array): void {
    for (let index = 0; index < target.length; index += 4) {
      const value = this.nextUint32();
      for (let byte = 0; byte < 4 && index + byte < target.length; byte += 1)
        target[index + byte] = (value >>> (8 * byte)) & 0xff;
    }
  }
}
