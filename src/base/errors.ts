/** What a caller may do about an error; one code per remedy, never per place. */
export type ErrorCode =
  | 'CANCELLED'
  | 'UNREACHABLE'
  | 'AUTHENTICATION'
  | 'UNTRUSTED_SERVER'
  | 'PERMISSION'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'INVALID_INPUT'
  | 'QUIESCE_FAILED'
  | 'CORRUPT_DATA'
  | 'UNSUPPORTED_FORMAT'
  | 'STORAGE_FULL'
  | 'WORKER_LOST'
  | 'INTERNAL';

/** Codes for which the same call may succeed later without anyone changing anything. */
const retryableCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['UNREACHABLE', 'WORKER_LOST']);

export interface ErrorDetails {
  /** The thing it happened to, as the user knows it: a VM's name, a file, a server. */
  readonly object?: string;
  /** What the user can do, as an imperative sentence without final stop. */
  readonly remedy?: string;
  readonly cause?: unknown;
  /** Overrides what the code implies. */
  readonly retryable?: boolean;
}

/**
 * Every error this product throws on purpose. The message says what happened and to which object, without a
 * final stop and without secrets; programs decide by `code` alone, nobody parses the message.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly object: string | undefined;
  readonly remedy: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.object = details.object;
    this.remedy = details.remedy;
    this.retryable = details.retryable ?? retryableCodes.has(code);
  }

  static is(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
    return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
  }
}

/** Bytes that are not what their format, length or hash promises. */
export class CorruptDataError extends AppError {
  /** Where in the source the first wrong byte or field lies, if known. */
  readonly offsetBytes: number | undefined;

  constructor(message: string, details: ErrorDetails & { readonly offsetBytes?: number } = {}) {
    super('CORRUPT_DATA', message, details);
    this.name = 'CorruptDataError';
    this.offsetBytes = details.offsetBytes;
  }
}

/** A cancelled operation. Abort reasons of other kinds are turned into this one at the edges. */
export class CancelledError extends AppError {
  constructor(message = 'the operation was cancelled', details: ErrorDetails = {}) {
    super('CANCELLED', message, details);
    this.name = 'CancelledError';
  }
}

/** The error itself, or an INTERNAL one around whatever was thrown. DOM abort errors become CANCELLED. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new CancelledError(undefined, { cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError('INTERNAL', message, { cause: thrown });
}
