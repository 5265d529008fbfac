import { AppError } from '../../base/errors.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { VimFaultError } from '../vsphere/faults.ts';

/** What was attempted in a guest, for errors. */
export interface GuestAttempt {
  readonly vmName: string;
  readonly user: string;
  /** For instance "write /etc/fstab": follows "may not". */
  readonly what: string;
}

interface GuestMeaning {
  readonly code: ErrorCode;
  readonly say: (attempt: GuestAttempt) => string;
  readonly remedy?: string;
  readonly retryable?: boolean;
}

/** The first entry a fault's type is or derives from holds. */
const meanings: readonly (readonly [faultType: string, meaning: GuestMeaning])[] = [
  [
    'InvalidGuestLogin',
    {
      code: 'AUTHENTICATION',
      say: ({ vmName, user }) => `the guest of ${vmName} does not accept the user ${user} with this password`,
      remedy: 'Check the user name and the password of the account in the guest',
    },
  ],
  [
    'GuestPermissionDenied',
    {
      code: 'PERMISSION',
      say: ({ vmName, user, what }) => `${vmName}: ${user} may not ${what}`,
      remedy: 'Use an account of the guest that may',
    },
  ],
  [
    'InvalidPowerState',
    { code: 'CONFLICT', say: ({ vmName }) => `${vmName} is not powered on`, remedy: 'Power the VM on' },
  ],
  [
    'TooManyGuestLogons',
    {
      code: 'CONFLICT',
      say: ({ vmName }) => `too many are logged in to the guest of ${vmName}`,
      retryable: true,
    },
  ],
  [
    'GuestComponentsOutOfDate',
    {
      code: 'UNSUPPORTED_FORMAT',
      say: ({ vmName, what }) => `${vmName}: its VMware Tools are too old to ${what}`,
      remedy: 'Update VMware Tools in the guest',
    },
  ],
  [
    'OperationDisabledByGuest',
    {
      code: 'PERMISSION',
      say: ({ vmName, what }) => `${vmName}: VMware Tools are configured not to ${what}`,
      remedy: 'Allow guest operations in the tools.conf of the guest',
    },
  ],
  [
    'OperationNotSupportedByGuest',
    { code: 'UNSUPPORTED_FORMAT', say: ({ vmName, what }) => `${vmName}: this guest cannot ${what}` },
  ],
  [
    'GuestOperationsUnavailable',
    {
      code: 'UNREACHABLE',
      say: ({ vmName }) => `${vmName}: VMware Tools do not answer in the guest`,
      remedy: 'Start VMware Tools in the guest, then try again',
    },
  ],
  [
    'ToolsUnavailable',
    {
      code: 'UNREACHABLE',
      say: ({ vmName }) => `${vmName}: VMware Tools do not answer in the guest`,
      remedy: 'Start VMware Tools in the guest, then try again',
    },
  ],
  [
    'FileNotFound',
    { code: 'NOT_FOUND', say: ({ vmName, what }) => `${vmName}: there is nothing to ${what}` },
  ],
  [
    'FileAlreadyExists',
    { code: 'CONFLICT', say: ({ vmName, what }) => `${vmName}: cannot ${what}, there is one already` },
  ],
  [
    'CannotAccessFile',
    { code: 'PERMISSION', say: ({ vmName, user, what }) => `${vmName}: ${user} cannot ${what}` },
  ],
  [
    'FileFault',
    { code: 'CONFLICT', say: ({ vmName, what }) => `${vmName}: cannot ${what}, it is not of the right kind` },
  ],
];

/** A refusal by the guest in words that name VM and account; anything else as it is. Never holds the password. */
export function guestError(error: unknown, attempt: GuestAttempt): unknown {
  if (!(error instanceof VimFaultError)) return error;
  const meaning = meanings.find(([type]) => VimFaultError.isFault(error, type))?.[1];
  if (meaning === undefined) return error;
  return new AppError(meaning.code, meaning.say(attempt), {
    object: attempt.vmName,
    cause: error,
    ...(meaning.remedy !== undefined && { remedy: meaning.remedy }),
    ...(meaning.retryable !== undefined && { retryable: meaning.retryable }),
  });
}
