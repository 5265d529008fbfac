import { settleAll } from '../../base/async/settleAll.ts';
import { assertRange, begin, type BlockSource } from './blockSource.ts';

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
      const reads: Promise<void>[] = [];
      for (const { part, from, until, partStart } of touched(offsetBytes, target.byteLength)) {
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        reads.push(part.read(from - partStart, piece, signal));
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
    fingerprint: async (offsetBytes, lengthBytes, signal) => {
      assertRange(what, sizeBytes, offsetBytes, lengthBytes);
      const found: string[] = [];
      for (const { part, from, until, partStart } of touched(offsetBytes, lengthBytes)) {
        const fingerprint = await part.fingerprint?.(from - partStart, until - from, signal);
        if (fingerprint === undefined) return undefined;
        found.push(`${until - from}:${fingerprint}`);
      }
      return found.join(' ');
    },
  };

  function* touched(offsetBytes: number, lengthBytes: number) {
    for (const [index, part] of parts.entries()) {
      const partStart = starts[index] ?? 0;
      const from = Math.max(offsetBytes, partStart);
      const until = Math.min(offsetBytes + lengthBytes, partStart + part.sizeBytes);
      if (from < until) yield { part, from, until, partStart };
    }
  }
}
