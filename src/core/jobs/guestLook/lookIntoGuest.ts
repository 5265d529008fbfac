import { AppError, toAppError } from '../../../base/errors.ts';
import { baseOf } from '../../consistency/base.ts';
import type { SeenInGuest } from '../../consistency/guest/seenInGuest.ts';
import type { GuestSession } from '../../guestops/guestSession.ts';
import type { AssessmentFacts } from '../../inventory/assessmentFacts.ts';
import type { Attempt } from './attempt.ts';
import { lookIntoLinux } from './linuxLook.ts';
import type { GuestLookDeps } from './outputOf.ts';
import { lookIntoWindows } from './windowsLook.ts';

/** What a look has found, and what it could not look at. */
export interface GuestFindings extends SeenInGuest {
  /** By the clock of this computer. */
  readonly seenAt: Date;
  /** Why something is not known, each with its object. */
  readonly problems: readonly AppError[];
}

/**
 * Looks inside a running guest for what decides how consistent its backup can be. Nothing is installed and nothing is
 * changed; programs are started only where the guest's own files do not tell, and only those the rules ask for.
 * @throws UNSUPPORTED_FORMAT for a guest that is neither Linux nor Windows
 */
export async function lookIntoGuest(
  guest: GuestSession,
  facts: AssessmentFacts,
  deps: GuestLookDeps,
  signal: AbortSignal,
): Promise<GuestFindings> {
  const problems: AppError[] = [];
  const attempt: Attempt = async (what, look) => {
    try {
      return await look();
    } catch (error) {
      signal.throwIfAborted();
      const cause = toAppError(error);
      problems.push(new AppError(cause.code, `${what}: ${cause.message}`, { object: guest.vm.name, cause }));
      return undefined;
    }
  };
  const base = baseOf(facts);
  const seenAt = deps.clock.now();
  switch (base.guest.family) {
    case 'linux':
      return { ...(await lookIntoLinux(guest, attempt, deps, signal)), seenAt, problems };
    case 'windows':
      return { ...(await lookIntoWindows(guest, base, attempt, deps, signal)), seenAt, problems };
    case 'other':
    case undefined:
      throw new AppError('UNSUPPORTED_FORMAT', `${guest.vm.name}: only Linux and Windows are looked into`, {
        object: guest.vm.name,
      });
  }
}
