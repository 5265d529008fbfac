import type { Random } from '../../base/random.ts';
import { ChunkSet } from './chunkSet.ts';

/** As many chunks of what is said to be unchanged are read all the same, however small the disk is. */
const leastChunks = 64;
/** One in so many. */
const chunksPerSample = 1000;

/**
 * Which of the chunks that are said to be unchanged are read and compared with what is stored: max(64, 0.1 %), all if
 * there are fewer. One is drawn from each of as many equal shares, so that no region of the disk is left out.
 */
export function auditSample(changed: ChunkSet, random: Random): ChunkSet {
  const sample = new ChunkSet(changed);
  const unchanged = changed.diskChunks - changed.size;
  const wanted = Math.min(unchanged, Math.max(leastChunks, Math.ceil(unchanged / chunksPerSample)));
  const gaps = changed.gaps();
  let gap = { first: 0, end: 0 };
  let passed = 0;
  for (let share = 0; share < wanted; share += 1) {
    const from = Math.floor((share * unchanged) / wanted);
    const until = Math.floor(((share + 1) * unchanged) / wanted);
    const rank = from + below(until - from, random);
    while (rank - passed >= gap.end - gap.first) {
      passed += gap.end - gap.first;
      const next = gaps.next();
      if (next.done === true) return sample;
      gap = next.value;
    }
    sample.add(gap.first + rank - passed);
  }
  return sample;
}

/** From 0 to `limit` - 1. */
function below(limit: number, random: Random): number {
  const view = new DataView(random.bytes(4).buffer);
  return Math.floor((view.getUint32(0) / 2 ** 32) * limit);
}
