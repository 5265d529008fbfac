import { settleAll } from '../../base/async/settleAll.ts';
import { begin, readRange, type BlockSource } from './blockSource.ts';
import { multiples, powerOfTwo, quotient } from './galoisField.ts';

/** Where the chunks of a row lie on columns of which one or two hold parity. */
export interface ParityLayout {
  readonly dataColumns: number;
  /** The column with a chunk of data. */
  dataColumn(row: number, position: number): number;
  /** The column with the sum of a row's data. */
  sumColumn(row: number): number;
  /** Where there are two kinds of parity. */
  weightedSum?(row: number): WeightedSum;
}

/** The second parity of a row: the sum of its data, each times another power of two. */
export interface WeightedSum {
  readonly column: number;
  /** Columns with data: that times 1, times 2, times 4, and so on. */
  readonly byWeight: readonly number[];
}

/**
 * Columns with parity, read as one. What lay on missing columns is computed from what lies on the others.
 * @param columns  at most as many are undefined as there are kinds of parity
 * @see "The mathematics of RAID-6" by H. Peter Anvin
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
        reads.push(present?.read(inColumn, piece, signal) ?? compute(row, column, inColumn, piece, signal));
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(reads);
    },
  };

  async function compute(
    row: number,
    missing: number,
    inColumn: number,
    piece: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const weighted = layout.weightedSum?.(row);
    const alsoMissing = columns.findIndex((column, index) => column === undefined && index !== missing);
    const isSumEnough = alsoMissing < 0 || weighted === undefined || alsoMissing === weighted.column;
    const sum = new Uint8Array(piece.byteLength);
    const weightedSum = new Uint8Array(piece.byteLength);
    for (const [index, column] of columns.entries()) {
      if (column === undefined || (isSumEnough && index === weighted?.column)) continue;
      const bytes = await readRange(column, inColumn, piece.byteLength, signal);
      if (index !== weighted?.column) add(sum, bytes);
      if (isSumEnough || index === layout.sumColumn(row)) continue;
      const weight = index === weighted.column ? 1 : powerOfTwo(weighted.byWeight.indexOf(index));
      add(weightedSum, bytes, multiples(weight));
    }
    if (isSumEnough) {
      piece.set(sum);
      return;
    }
    // What is missing is the solution of one or two equations.
    const own = powerOfTwo(weighted.byWeight.indexOf(missing));
    const isSumMissing = alsoMissing === layout.sumColumn(row);
    const other = isSumMissing ? 0 : powerOfTwo(weighted.byWeight.indexOf(alsoMissing));
    piece.fill(0);
    add(piece, weightedSum, multiples(quotient(1, own ^ other)));
    add(piece, sum, multiples(quotient(other, own ^ other)));
  }
}

function add(to: Uint8Array, bytes: Uint8Array, products: Uint8Array = identity): void {
  for (let at = 0; at < to.byteLength; at += 1) to[at] = (to[at] ?? 0) ^ (products[bytes[at] ?? 0] ?? 0);
}

const identity = multiples(1);
