import { AppError } from '../../../base/errors.ts';
import { KiB, MiB } from '../../../base/units.ts';
import type { NbdCommand } from './nbdCommand.ts';

/** How disks are read through NBD programs, as somebody has settled it. */
export interface NbdSettings {
  /** With values in braces, or the name of a known one. */
  readonly command: NbdCommand;
  /** Folder of VMware's library, where it is not where nbdkit looks for it. */
  readonly library?: string;
  /** At most so much in one request, within `nbdRequestKiBRange`. */
  readonly requestKiB?: number;
  /** So many requests at a time, within `nbdInFlightRange`. */
  readonly inFlight?: number;
}

export interface NbdReads {
  readonly requestBytes: number;
  readonly inFlight: number;
}

/** Large enough for a remote host, small enough for its memory: with more at once, hosts fail to allocate. */
export const usualNbdReads: NbdReads = { requestBytes: MiB, inFlight: 12 };

export const nbdRequestKiBRange = { min: 64, max: 16 * KiB } as const;
export const nbdInFlightRange = { min: 1, max: 32 } as const;

/** @throws INVALID_INPUT naming what is out of its range */
export function nbdReads({ requestKiB, inFlight }: NbdSettings): NbdReads {
  assertInRange('KiB in a request', requestKiB, nbdRequestKiBRange);
  assertInRange('requests at a time', inFlight, nbdInFlightRange);
  return {
    requestBytes: requestKiB === undefined ? usualNbdReads.requestBytes : requestKiB * KiB,
    inFlight: inFlight ?? usualNbdReads.inFlight,
  };
}

function assertInRange(
  what: string,
  value: number | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw new AppError('INVALID_INPUT', `an NBD program cannot be asked with ${value} ${what}`, {
    object: 'NBD settings',
    remedy: `Give a whole number from ${min} to ${max}`,
  });
}
