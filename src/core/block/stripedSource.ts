import { settleAll } from '../../base/async/settleAll.ts';
import { begin, type BlockSource } from './blockSource.ts';

/**
 * Sources of equal size, cut into stripes that follow each other in turn: the first stripe of each, then the second.
 * @param stripeBytes  of which every column is a multiple
 */
export function stripedSource(
  columns: readonly BlockSource[],
  stripeBytes: number,
  what: string,
): BlockSource {
  const sizeBytes = columns.reduce((total, column) => total + column.sizeBytes, 0);
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(what, sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const reads: Promise<void>[] = [];
      for (let from = offsetBytes; from < endBytes;) {
        const stripe = Math.floor(from / stripeBytes);
        const until = Math.min(endBytes, (stripe + 1) * stripeBytes);
        const column = columns[stripe % columns.length];
        const inColumn = Math.floor(stripe / columns.length) * stripeBytes + (from - stripe * stripeBytes);
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        if (column !== undefined) reads.push(column.read(inColumn, piece, signal));
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };
}
