import { AppError, toAppError, type ErrorCode } from '../../../base/errors.ts';

/** What a file system's refusal means to whoever uses a store. */
const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  EEXIST: 'CONFLICT',
  ENOSPC: 'STORAGE_FULL',
  EDQUOT: 'STORAGE_FULL',
  EACCES: 'PERMISSION',
  EPERM: 'PERMISSION',
  EROFS: 'PERMISSION',
  // What a network file system says while its server is away.
  EIO: 'UNREACHABLE',
  ESTALE: 'UNREACHABLE',
  ETIMEDOUT: 'UNREACHABLE',
  EHOSTDOWN: 'UNREACHABLE',
  EHOSTUNREACH: 'UNREACHABLE',
  ENOTCONN: 'UNREACHABLE',
  ECONNRESET: 'UNREACHABLE',
  ENODEV: 'UNREACHABLE',
};

const remedies: Readonly<Partial<Record<ErrorCode, string>>> = {
  STORAGE_FULL: 'Free space in the repository’s file system or raise the quota',
  PERMISSION: 'Give this user the right to read and write the repository’s folder',
  UNREACHABLE: 'Check the disk or the network share that holds the repository',
};

/** The typed form of what a call of the file system has thrown. @param what  the object it happened to */
export function toStoreError(thrown: unknown, what: string): AppError {
  const errno = errnoOf(thrown);
  const code = errno === undefined ? undefined : codes[errno];
  if (code === undefined) return toAppError(thrown);
  const remedy = remedies[code];
  return new AppError(code, `${what}: ${(thrown as Error).message}`, {
    object: what,
    cause: thrown,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

export function errnoOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
