import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { type Random, toHex } from '../../../base/random.ts';
import type { GuestSession } from '../../guestops/guestSession.ts';
import { type GuestTransferDeps, readGuestText } from '../../guestops/node/guestTransfer.ts';
import type { GuestFileRecord, LeaseJournal } from '../../journal/leaseJournal.ts';
import { giveBackGuestFile } from '../restoreToGuest/guestTemporaryFile.ts';

export interface GuestLookDeps extends GuestTransferDeps {
  readonly journal: LeaseJournal;
  readonly random: Random;
  readonly logger: Logger;
}

/** A program that looks and changes nothing. */
export interface LookingProgram {
  readonly path: string;
  /** With its output written to the file. */
  readonly argumentsTo: (outputPath: string) => string;
  /** Where everybody of the guest may write, with the separator at its end. */
  readonly temporaryFolder: string;
  /** For people: `vssadmin list writers`. */
  readonly what: string;
}

const maxOutputBytes = 1_000_000;
const timeoutMs = 60_000;
const intervalMs = 500;
const giveBackTimeoutMs = 60_000;

/**
 * What a program of the guest prints. Its output goes through a temporary file, which is in the journal before it exists
 * and gone at the end.
 * @throws UNREACHABLE if it does not end within a minute, upon which it is ended; CONFLICT if it says that it failed
 */
export async function outputOf(
  guest: GuestSession,
  program: LookingProgram,
  deps: GuestLookDeps,
  signal: AbortSignal,
): Promise<string> {
  const { vm, user, vcenterId } = guest;
  const path = `${program.temporaryFolder}.quiesce-${toHex(deps.random.bytes(8))}.tmp`;
  const entry = await deps.journal.record<GuestFileRecord>({
    ...{ kind: 'guest-temporary-file', vcenterId, vm: vm.ref.value, vmName: vm.name, user, path },
  });
  try {
    const pid = await guest.startProgram(program.path, program.argumentsTo(path), signal);
    await untilEnded(guest, pid, program, deps.clock, signal);
    return await readGuestText(guest, path, maxOutputBytes, deps, signal);
  } finally {
    // The failure is what the caller must see; what cannot be given back stays in the journal.
    try {
      await giveBackGuestFile(guest, entry.record, deps.clock, AbortSignal.timeout(giveBackTimeoutMs));
      await entry.settle();
    } catch (error) {
      deps.logger.error('a temporary file may be left in the guest; it stays in the journal', {
        ...{ vm: vm.name, path, problem: String(error) },
      });
    }
  }
}

async function untilEnded(
  guest: GuestSession,
  pid: number,
  { what }: LookingProgram,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const object = guest.vm.name;
  const untilMs = clock.monotonicMs() + timeoutMs;
  try {
    for (;;) {
      const [process] = await guest.processes([pid], signal);
      if (process === undefined || (process.hasEnded && process.exitCode === 0)) return;
      if (process.hasEnded)
        throw new AppError('CONFLICT', `${object}: ${what} ended with ${process.exitCode ?? 'an error'}`, {
          object,
        });
      if (clock.monotonicMs() >= untilMs)
        throw new AppError('UNREACHABLE', `${object}: ${what} did not end within a minute`, { object });
      await clock.sleep(intervalMs, signal);
    }
  } catch (error) {
    if (signal.aborted || AppError.is(error, 'UNREACHABLE'))
      await guest.endProgram(pid, AbortSignal.timeout(giveBackTimeoutMs)).catch(() => undefined);
    throw error;
  }
}
