import { AppError, CancelledError } from '../../../base/errors.ts';
import { systemErrorCode } from '../../../base/node/fileErrors.ts';

/** How OpenSSL names what is wrong with a certificate. */
const untrusted = /^(?:(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|UNABLE_TO_|CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

/**
 * What a broken connection means. Only code and message of the original are kept: it may hold the request, and that
 * the credentials.
 */
export function connectionError(host: string, thrown: unknown, signal: AbortSignal): AppError {
  if (thrown instanceof AppError) return thrown;
  if (signal.aborted) return new CancelledError();
  const code = systemErrorCode(thrown) ?? '';
  if (untrusted.test(code)) {
    return new AppError('UNTRUSTED_SERVER', `the certificate of ${host} cannot be trusted: ${code}`, {
      object: host,
      remedy: 'Give the certificate of the authority that issued it',
    });
  }
  return new NoAnswerError(host, reasonOf(thrown, code));
}

/** Nobody answered, or not to the end. */
export class NoAnswerError extends AppError {
  constructor(host: string, reason: string) {
    super('UNREACHABLE', `${host} cannot be reached: ${reason}`, {
      object: host,
      remedy: 'Check the address, the network and that the server runs',
    });
    this.name = 'NoAnswerError';
  }
}

/** @param status  an HTTP status that is no success and has no meaning of its own to the caller */
export function statusError(host: string, status: number, what: string): AppError {
  if ([413, 507].includes(status)) {
    return new AppError('STORAGE_FULL', `${host} takes no more: ${what} is answered with status ${status}`, {
      object: host,
      remedy: 'Free space or raise the quota, and try again',
    });
  }
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) {
    return new AppError('UNREACHABLE', `${host} is not able to do ${what} now: status ${status}`, {
      object: host,
      remedy: 'Look at the load and the log of the server',
    });
  }
  return new AppError('UNSUPPORTED_FORMAT', `${host} does not understand ${what}: status ${status}`, {
    object: host,
    remedy: 'Check that the address is that of such a server',
  });
}

/** A server that stores, but removes nothing. */
export function appendOnly(what: string, host: string): AppError {
  return new AppError(
    'PERMISSION',
    `${host} does not let ${what} be removed: the store is append-only for this account`,
    {
      object: what,
      remedy: 'Back up with this account; forget and prune with one that may delete',
    },
  );
}

function reasonOf(thrown: unknown, code: string): string {
  // Several addresses of one name fail as one error without a message.
  const error: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  if (!(error instanceof Error)) return 'no reason given';
  if (error.message === 'aborted') return 'the connection broke off';
  return error.message === '' ? code || error.name : error.message;
}
