import { settleAll } from '../../base/async/settleAll.ts';
import { begin, type BlockSource } from './blockSource.ts';

/** Sources one behind the other, as one: a disk that is stored in parts. A read that spans parts reads them at once. */
export function concatSource(parts: readonly BlockSource[], what: string): BlockSource {
  const starts: number[] = [];
  let sizeBytes = 0;
  for (const part of parts) {
    starts.push(sizeBytes);
    sizeBytes += part.sizeBytes;
  }
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(what, sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const reads: Promise<void>[] = [];
      for (const [index, part] of parts.entries()) {
        const partStart = starts[index] ?? 0;
        const from = Math.max(offsetBytes, partStart);
        const until = Math.min(endBytes, partStart + part.sizeBytes);
        if (from >= until) continue;
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        reads.push(part.read(from - partStart, piece, signal));
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };
}
