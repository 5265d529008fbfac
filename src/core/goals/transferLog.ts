import type { Transfer } from '../consistency/recovery/timeEstimate.ts';

/** What a restore measured. */
export interface MeasuredTransfer extends Transfer {
  readonly kind: TransferKind;
  readonly at: Date;
}

/** What was restored: a disk to a file, or a VM to a server. They share no road. */
export const transferKinds = ['disk', 'vm'] as const;
export type TransferKind = (typeof transferKinds)[number];

/** Remembers how fast restores were: what time estimates rest on. */
export interface TransferLog {
  /** The newest ones of a kind, oldest first. */
  read(kind: TransferKind, signal: AbortSignal): Promise<readonly MeasuredTransfer[]>;
  add(transfer: MeasuredTransfer): Promise<void>;
}
