import { AppError, type ErrorCode, toAppError } from '../errors.ts';

const serverAway = {
  code: 'UNREACHABLE',
  problem: 'lies on a file server that does not answer',
  remedy: 'Check the network share and its server',
} as const;

/** What the operating system's refusals mean to a user; every other one stays INTERNAL with its own message. */
const meanings: Readonly<
  Record<string, { readonly code: ErrorCode; readonly problem: string; readonly remedy: string }>
> = {
  ENOENT: { code: 'NOT_FOUND', problem: 'does not exist', remedy: 'Check the path' },
  ENOTDIR: {
    code: 'NOT_FOUND',
    problem: 'lies below something that is not a folder',
    remedy: 'Check the path',
  },
  EEXIST: { code: 'CONFLICT', problem: 'exists already', remedy: 'Choose another name or remove it first' },
  EISDIR: { code: 'CONFLICT', problem: 'is a folder', remedy: 'Choose another name' },
  EACCES: { code: 'PERMISSION', problem: 'may not be accessed', remedy: 'Give this user access to it' },
  EPERM: { code: 'PERMISSION', problem: 'may not be changed', remedy: 'Give this user access to it' },
  EROFS: { code: 'PERMISSION', problem: 'lies on a read-only file system', remedy: 'Choose another place' },
  ENOSPC: {
    code: 'STORAGE_FULL',
    problem: 'cannot be written, the disk is full',
    remedy: 'Free space and try again',
  },
  EDQUOT: {
    code: 'STORAGE_FULL',
    problem: 'cannot be written, the quota is used up',
    remedy: 'Free space and try again',
  },
  EFBIG: {
    code: 'STORAGE_FULL',
    problem: 'would exceed the largest file allowed here',
    remedy: 'Choose another place',
  },
  EIO: {
    code: 'UNREACHABLE',
    problem: 'cannot be read or written, the device reports an error',
    remedy: 'Check the disk, or the network share and its server',
  },
  ENODEV: { code: 'UNREACHABLE', problem: 'lies on a device that is gone', remedy: 'Connect the device' },
  ESTALE: { code: 'UNREACHABLE', problem: 'was lost by its file server', remedy: 'Mount the share again' },
  ETIMEDOUT: serverAway,
  EHOSTDOWN: serverAway,
  EHOSTUNREACH: serverAway,
  ENOTCONN: serverAway,
  ECONNRESET: serverAway,
};

/** The typed error for a failed file operation on `path`; errors that are typed already pass through. */
export function fileError(path: string, thrown: unknown): AppError {
  const systemCode = systemErrorCode(thrown);
  const meaning = systemCode === undefined ? undefined : meanings[systemCode];
  if (meaning === undefined) return toAppError(thrown);
  return new AppError(meaning.code, `${path} ${meaning.problem}`, {
    object: path,
    remedy: meaning.remedy,
    cause: thrown,
  });
}

/** The `code` of an error of the operating system, such as `ENOENT`. */
export function systemErrorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}
