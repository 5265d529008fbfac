/** Something that was transferred before. */
export interface Transfer {
  readonly bytes: number;
  readonly durationMs: number;
}

/** Never a guess: without measurements it is unknown. */
export type TimeEstimate =
  | { readonly kind: 'unknown'; readonly why: string }
  | {
      readonly kind: 'estimated';
      readonly durationMs: number;
      readonly bytesPerSecond: number;
      /** How many transfers it rests on, and how much they moved. */
      readonly basis: { readonly transferCount: number; readonly bytes: number };
    };

/** Shorter ones measure how long connecting takes. */
const minTransferMs = 1000;

/** The newest ones tell most; the caller gives them last. */
const maxTransfers = 10;

export function estimateTime(bytes: number | undefined, transfers: readonly Transfer[]): TimeEstimate {
  if (bytes === undefined) return { kind: 'unknown', why: 'how much is to be written is not known' };
  const measured = transfers
    .filter(transfer => transfer.durationMs >= minTransferMs && transfer.bytes > 0)
    .slice(-maxTransfers);
  if (measured.length === 0) return { kind: 'unknown', why: 'nothing of the kind was measured yet' };
  const total = measured.reduce(
    (sum, transfer) => ({
      bytes: sum.bytes + transfer.bytes,
      durationMs: sum.durationMs + transfer.durationMs,
    }),
    { bytes: 0, durationMs: 0 },
  );
  const bytesPerMs = total.bytes / total.durationMs;
  return {
    kind: 'estimated',
    durationMs: Math.ceil(bytes / bytesPerMs),
    bytesPerSecond: Math.round(bytesPerMs * 1000),
    basis: { transferCount: measured.length, bytes: total.bytes },
  };
}
