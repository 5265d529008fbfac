import { AppError, CancelledError } from '../../../base/errors.ts';

/**
 * What an error of a socket means to the caller. Errors of the product pass; aborts become CANCELLED, time-outs and
 * everything else UNREACHABLE. Only code and message of the original are kept: it may hold the request.
 */
export function unreachable(host: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof Error))
    return new AppError('UNREACHABLE', `${host} cannot be reached`, { object: host });
  if (error.name === 'AbortError') return new CancelledError();
  if (error.name === 'TimeoutError') {
    return new AppError('UNREACHABLE', `${host} did not answer in time`, {
      object: host,
      remedy: 'Check the load of the server and the network',
    });
  }
  return new AppError('UNREACHABLE', `${host} cannot be reached: ${reasonOf(error)}`, {
    object: host,
    remedy: 'Check the address, the network and that the server runs',
  });
}

function reasonOf(error: Error): string {
  // Several addresses of one name fail as one error without a message.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  const code = (error as NodeJS.ErrnoException).code;
  // The whole message of Node's HTTP client when a connection ends in the middle of an answer.
  if (error.message === 'aborted') return 'the connection broke off';
  return error.message === '' ? (code ?? error.name) : error.message;
}
