import { AppError, type ErrorCode } from '../../../base/errors.ts';

/** What the numbers of the protocol's errors mean to the caller. */
const meanings: Readonly<Record<number, { readonly code: ErrorCode; readonly text: string }>> = {
  1: { code: 'PERMISSION', text: 'it is not permitted' },
  5: { code: 'UNREACHABLE', text: 'the disk could not be read' },
  12: { code: 'UNREACHABLE', text: 'there is no memory left for it' },
  22: { code: 'UNSUPPORTED_FORMAT', text: 'the request is not understood' },
  28: { code: 'STORAGE_FULL', text: 'there is no space left' },
  75: { code: 'UNSUPPORTED_FORMAT', text: 'the request is too large' },
  95: { code: 'UNSUPPORTED_FORMAT', text: 'the request is not supported' },
  108: { code: 'UNREACHABLE', text: 'the server is shutting down' },
};

const ioError = { code: 'UNREACHABLE', text: 'the disk could not be read' } as const;

/** A request that a server has refused; what it says itself is for people alone. */
export function refusedRequest(name: string, what: string, errno: number, said: string): AppError {
  const { code, text } = meanings[errno] ?? ioError;
  return new AppError(code, `${name}: ${what}: ${said === '' ? text : said} (NBD error ${errno})`, {
    object: name,
    remedy: 'Look into the log for what the NBD program said, or choose another transport',
  });
}

const optionRefusals: Readonly<Record<number, string>> = {
  1: 'it does not know that option',
  2: 'its policy forbids it',
  3: 'the option is malformed',
  4: 'its platform cannot do that',
  5: 'it asks for TLS',
  6: 'it does not have that disk',
  7: 'it is shutting down',
  8: 'it insists on a block size',
  9: 'the option is too large',
};

/** Why a program cannot open a disk, servers do not tell; they say that they do not have it, and write down why. */
const unknownExport = 6;

/** A server that does not give the disk out; what it has said itself tells more than its number. */
export function refusedExport(name: string, refusal: number, said: string): AppError {
  const reason = said === '' ? (optionRefusals[refusal] ?? `refusal ${refusal}`) : said;
  return new AppError(
    refusal === unknownExport ? 'UNREACHABLE' : 'UNSUPPORTED_FORMAT',
    `${name}: the NBD server refuses: ${reason}`,
    { object: name, remedy: 'Look into the log for what the NBD program said, or choose another transport' },
  );
}
