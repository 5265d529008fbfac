import { AppError, type ErrorCode, CorruptDataError } from '../../../base/errors.ts';
import { appendOnly, connectionError, statusError } from './remoteErrors.ts';

export type S3Call = 'put' | 'get' | 'list' | 'remove';

export interface S3Context {
  readonly call: S3Call;
  /** The key, or the folder or bucket that was listed. */
  readonly what: string;
  readonly host: string;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly remedy: string;
  readonly retryable?: boolean;
}

const wrongKey: Meaning = {
  code: 'AUTHENTICATION',
  problem: 'refuses the access key',
  remedy: 'Check key id and secret key',
};
const oldToken: Meaning = {
  code: 'AUTHENTICATION',
  problem: 'refuses the session token, it has expired or belongs to another key',
  remedy: 'Get a new session token together with its key',
};
const wrongRegion: Meaning = {
  code: 'INVALID_INPUT',
  problem: 'has the bucket in another region',
  remedy: 'Say the region of the bucket',
};
const full: Meaning = {
  code: 'STORAGE_FULL',
  problem: 'takes no more',
  remedy: 'Free space or raise the quota, and try again',
};

/** What the errors of S3 mean to the caller, by the names that S3 and its imitators give them. */
const meanings: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: wrongKey,
  SignatureDoesNotMatch: wrongKey,
  InvalidToken: oldToken,
  ExpiredToken: oldToken,
  TokenRefreshRequired: oldToken,
  RequestTimeTooSkewed: {
    code: 'AUTHENTICATION',
    problem: 'refuses the request because its clock and the clock of this machine differ by many minutes',
    remedy: 'Set the clock of this machine, best by NTP, and look at the one of the server',
  },
  NoSuchBucket: {
    code: 'NOT_FOUND',
    problem: 'has no such bucket',
    remedy: 'Create the bucket, or check its name',
  },
  AuthorizationHeaderMalformed: wrongRegion,
  PermanentRedirect: wrongRegion,
  PreconditionFailed: { code: 'CONFLICT', problem: 'has it already', remedy: 'Choose another place' },
  // Somebody else is writing the same name at this moment.
  ConditionalRequestConflict: {
    code: 'UNREACHABLE',
    problem: 'is busy with it',
    remedy: 'Try again',
    retryable: true,
  },
  QuotaExceeded: full,
  EntityTooLarge: full,
  XMinioStorageFull: full,
};

/** The typed error for what a call of the library threw. The library's own is not kept: it holds the request. */
export function s3Error(thrown: unknown, { call, what, host }: S3Context, signal: AbortSignal): AppError {
  if (thrown instanceof AppError) return thrown;
  const status = statusOf(thrown);
  // Without an answer there is no status; a stream that breaks has none either.
  if (status === undefined || signal.aborted) return connectionError(host, thrown, signal);
  const meaning = thrown instanceof Error ? meanings[thrown.name] : undefined;
  if (meaning !== undefined) {
    return new AppError(meaning.code, `${host} ${meaning.problem} (${what})`, {
      object: what,
      remedy: meaning.remedy,
      ...(meaning.retryable !== undefined && { retryable: meaning.retryable }),
    });
  }
  switch (status) {
    case 404:
      return new AppError('NOT_FOUND', `${what} does not exist on ${host}`, { object: what });
    case 412:
      return new AppError('CONFLICT', `${what} exists already on ${host}`, { object: what });
    case 416:
      return new CorruptDataError(`${what} on ${host} ends earlier than expected`, { object: what });
    case 401:
    case 403:
      return call === 'remove' ? appendOnly(what, host) : denied(call, what, host);
    default:
      return statusError(host, status, `${call} of ${what}`);
  }
}

function denied(call: S3Call, what: string, host: string): AppError {
  return new AppError('PERMISSION', `${host} does not allow this account to ${call} ${what}`, {
    object: what,
    remedy: 'Allow the account to list the bucket, and to get and put its objects',
  });
}

function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('$metadata' in thrown)) return undefined;
  return (thrown.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
}
