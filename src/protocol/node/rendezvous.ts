import { createHash, createHmac } from 'node:crypto';
import { lstat, mkdir, open, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { AppError, CorruptDataError } from '../../base/errors.ts';
import { placeNew, temporaryName } from '../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../base/node/fileErrors.ts';
import { type Random, toHex } from '../../base/random.ts';

/** Where the worker of this user on this machine is found, and what both sides must know. */
export interface Rendezvous {
  readonly folder: string;
  /** On Windows, where the worker listens; elsewhere its socket is in the folder (`workerLinks.ts`). */
  readonly pipe: string | undefined;
  /** Shared secret of the handshake. Never sent, never logged. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

/** Longest socket path that every supported system takes (macOS: 104 with the final zero). */
const longestSocketPath = 100;

/** Of the sockets in the folder: twelve random digits and `.sock`, longer than any name of a link. */
const socketNameLength = 17;

const secretBytes = 32;

/**
 * The folder both sides use unless they are told another: short, for socket paths are, and the same for every program
 * of this user, whatever is set in its environment.
 */
export function usualRendezvousFolder(): string {
  if (process.platform === 'win32') {
    const local = process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
    return join(local, 'quiesce', 'worker');
  }
  const owner = createHash('sha256').update(`${userInfo().uid} ${homedir()}`).digest('hex').slice(0, 12);
  return join(tmpdir(), `quiesce-${owner}`);
}

/**
 * Makes folder and secret if they are missing; of several programs that do so at once, all get the same secret.
 * @throws PERMISSION if folder or secret belong to somebody else or are open to others; INVALID_INPUT for a folder
 *   whose name is too long for a socket
 */
export async function openRendezvous(folder: string, random: Random): Promise<Rendezvous> {
  const longestFolder = longestSocketPath - '/'.length - socketNameLength;
  if (process.platform !== 'win32' && Buffer.byteLength(folder) > longestFolder) {
    throw new AppError('INVALID_INPUT', `the path ${folder} is too long for a folder of sockets`, {
      object: folder,
      remedy: `Choose a folder whose path has at most ${longestFolder} bytes`,
    });
  }
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  await assertPrivate(folder, 'folder');
  const secret = await readOrMakeSecret(join(folder, 'secret'), random);
  return { folder, secret, pipe: process.platform === 'win32' ? pipeName(secret) : undefined };
}

/** Others must not be able to put a worker of theirs in the place of ours, nor read the secret. */
async function assertPrivate(path: string, kind: 'folder' | 'file'): Promise<void> {
  const found = await lstat(path);
  const isRightKind = kind === 'folder' ? found.isDirectory() : found.isFile();
  // On Windows the user's profile is closed to others by its access list, and modes mean nothing.
  const isOurs = process.platform === 'win32' || found.uid === process.getuid?.();
  const isClosed = process.platform === 'win32' || (found.mode & 0o077) === 0;
  if (isRightKind && isOurs && isClosed) return;
  const problem = !isRightKind
    ? `is not a ${kind}`
    : !isOurs
      ? 'belongs to another user'
      : `is open to other users (mode ${(found.mode & 0o777).toString(8)})`;
  throw new AppError('PERMISSION', `${path}, where the background worker is found, ${problem}`, {
    object: path,
    remedy: isRightKind && isOurs ? 'Find out who opened it, then remove it' : 'Have it removed by its owner',
  });
}

async function readOrMakeSecret(path: string, random: Random): Promise<Uint8Array<ArrayBuffer>> {
  const existing = await readSecret(path);
  if (existing !== undefined) return existing;
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx', 0o600);
    await file.writeFile(toHex(random.bytes(secretBytes)));
    await file.sync();
    await file.close();
    await placeNew(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    // Another program was faster, and its secret is everybody's.
    if (!AppError.is(error, 'CONFLICT')) throw fileError(path, error);
  }
  const made = await readSecret(path);
  if (made !== undefined) return made;
  throw new AppError('CONFLICT', `${path} was removed while it was made`, { object: path, retryable: true });
}

async function readSecret(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileError(path, error);
  });
  if (text === undefined) return undefined;
  await assertPrivate(path, 'file');
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new CorruptDataError(`${path} holds no secret`, { object: path, remedy: 'Remove the file' });
  }
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** As random as the secret, from which nobody who sees the name can learn it. */
function pipeName(secret: Uint8Array): string {
  const name = createHmac('sha256', secret).update('quiesce pipe').digest('hex').slice(0, 32);
  return `\\\\.\\pipe\\quiesce-${name}`;
}
