import type { Clock } from '../../base/clock.ts';
import { toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { TransferKind, TransferLog } from './transferLog.ts';

export interface MeasureDeps {
  readonly transfers: TransferLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Remembers how fast a restore was once it has succeeded; that it could not be remembered fails nothing. */
export async function measureTransfer<T>(
  { transfers, clock, logger }: MeasureDeps,
  kind: TransferKind,
  bytes: number,
  restore: () => Promise<T>,
): Promise<T> {
  const startedMs = clock.monotonicMs();
  const result = await restore();
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  await transfers.add({ kind, bytes, durationMs, at: clock.now() }).catch((error: unknown) => {
    logger.warn(`how long a restore took is not remembered: ${toAppError(error).message}`);
  });
  return result;
}
