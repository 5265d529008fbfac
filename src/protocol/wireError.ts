import { AppError, type ErrorCode, toAppError } from '../base/errors.ts';

/** An AppError on its way between processes; also how a failed job keeps its reason. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly object?: string;
  readonly remedy?: string;
  readonly retryable: boolean;
  /** Messages of the causes, the nearest first. */
  readonly causes: readonly string[];
}

/** Deeper than any honest chain; a chain may lead back into itself. */
const maxCauses = 8;

/** Whatever was thrown as plain data. Stacks stay behind: they mean nothing on the other side. */
export function toWireError(thrown: unknown): WireError {
  const { code, message, object, remedy, retryable, cause } = toAppError(thrown);
  const causes: string[] = [];
  for (let at = cause; at instanceof Error && causes.length < maxCauses; at = at.cause)
    causes.push(at.message);
  return {
    code,
    message,
    ...(object !== undefined && { object }),
    ...(remedy !== undefined && { remedy }),
    retryable,
    causes,
  };
}

/** The same error on the other side; its causes are plain errors with the messages they had. */
export function fromWireError({ code, message, object, remedy, retryable, causes }: WireError): AppError {
  const cause = causes.reduceRight<Error | undefined>(
    (inner, text) => new Error(text, inner === undefined ? undefined : { cause: inner }),
    undefined,
  );
  return new AppError(code, message, {
    ...(object !== undefined && { object }),
    ...(remedy !== undefined && { remedy }),
    retryable,
    cause,
  });
}

/** Whether data that came with a failure is a WireError; a peer that is none of ours may send anything. */
export function isWireError(data: unknown): data is WireError {
  if (typeof data !== 'object' || data === null) return false;
  const error = data as Partial<Record<keyof WireError, unknown>>;
  return (
    typeof error.code === 'string' &&
    typeof error.message === 'string' &&
    typeof error.retryable === 'boolean' &&
    Array.isArray(error.causes)
  );
}

/** The JSON-RPC code of every failure that carries a WireError. */
export const wireErrorCode = 1;
