import { settleAll } from '../../base/async/settleAll.ts';
import { begin, readRange, type BlockSource } from './blockSource.ts';

/** Where the chunks of a row lie on columns of which one or two hold parity. */
export interface ParityLayout {
  readonly dataColumns: number;
  /** The column with a chunk of data. */
  dataColumn(row: number, position: number): number;
  /** Columns of a row that together are zero: all but those with another kind of parity. */
  isSummed(row: number, column: number): boolean;
}

/**
 * Columns with parity, read as one. What lay on a missing column is the sum of what lies on the others.
 * @param columns  at most one is undefined
 */
export function paritySource(
  columns: readonly (BlockSource | undefined)[],
  chunkBytes: number,
  rows: number,
  layout: ParityLayout,
  what: string,
): BlockSource {
  const { dataColumns } = layout;
  const sizeBytes = rows * dataColumns * chunkBytes;
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin(what, sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const reads: Promise<void>[] = [];
      for (let from = offsetBytes; from < endBytes;) {
        const chunk = Math.floor(from / chunkBytes);
        const until = Math.min(endBytes, (chunk + 1) * chunkBytes);
        const row = Math.floor(chunk / dataColumns);
        const column = layout.dataColumn(row, chunk % dataColumns);
        const inColumn = row * chunkBytes + (from - chunk * chunkBytes);
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        const present = columns[column];
        reads.push(present?.read(inColumn, piece, signal) ?? sum(row, column, inColumn, piece, signal));
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };

  async function sum(row: number, missing: number, inColumn: number, piece: Uint8Array, signal: AbortSignal) {
    piece.fill(0);
    for (const [index, column] of columns.entries()) {
      if (index === missing || column === undefined || !layout.isSummed(row, index)) continue;
      const other = await readRange(column, inColumn, piece.byteLength, signal);
      for (let at = 0; at < piece.byteLength; at += 1) piece[at] = (piece[at] ?? 0) ^ (other[at] ?? 0);
    }
  }
}
