import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { GuestSession } from '../../guestops/guestSession.ts';
import type { GuestFileRecord } from '../../journal/leaseJournal.ts';

/** A host that was left in the middle of a transfer may write what it still holds a moment later. */
const settleMs = 500;

/**
 * Takes back what a restore has begun and not finished: puts the file that was moved aside back in its place if nothing
 * else is there, and removes the temporary file. Does nothing where nothing is left.
 */
export async function giveBackGuestFile(
  guest: GuestSession,
  { path, target, aside }: GuestFileRecord,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (target !== undefined && aside !== undefined) {
    const found = await guest.statAll([target, aside], signal);
    if (!found.has(target) && found.has(aside)) await guest.rename(aside, target, signal);
  }
  await removeIfThere(guest, path, signal);
  await clock.sleep(settleMs, signal);
  await removeIfThere(guest, path, signal);
}

async function removeIfThere(guest: GuestSession, path: string, signal: AbortSignal): Promise<void> {
  try {
    await guest.remove(path, signal);
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND')) throw error;
  }
}
