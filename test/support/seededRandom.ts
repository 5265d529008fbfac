import type { Random } from '../../src/base/random.ts';

/** Random as a pure function of the seed (xorshift32), so that a failing test can be run again. Not strong. */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return {
    bytes: length => {
      const target = new Uint8Array(length);
      for (let index = 0; index < length; index += 1) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        target[index] = state >>> 11;
      }
      return target;
    },
  };
}
