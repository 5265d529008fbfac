import type { ErrorCode } from '../base/errors.ts';

/** Exit codes are part of the command line's contract: docs/CLI.md lists them, scripts rely on them. */
export const exitCodes = {
  CANCELLED: 130,
  UNREACHABLE: 7,
  AUTHENTICATION: 3,
  UNTRUSTED_SERVER: 14,
  PERMISSION: 4,
  NOT_FOUND: 5,
  CONFLICT: 6,
  INVALID_INPUT: 2,
  QUIESCE_FAILED: 8,
  CORRUPT_DATA: 9,
  UNSUPPORTED_FORMAT: 10,
  STORAGE_FULL: 11,
  WORKER_LOST: 12,
  INTERNAL: 1,
} as const satisfies Readonly<Record<ErrorCode, number>>;

/** `quiesce guard` did its work, but something that was left behind could not be removed yet. */
export const leftoversRemain = 13;

/** A VM does not meet its goal now, and nobody has accepted that. */
export const goalsMissed = 15;

/** The restore point is made, but it is known to be less consistent than what was asked for. */
export const levelNotReached = 16;

/** The restore point is made, and what was asked for is not proven, though nothing speaks against it. */
export const levelUnproven = 17;
