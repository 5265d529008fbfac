import { createHash } from 'node:crypto';

import type { Clock } from '../../../base/clock.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import {
  defaultStallTimeoutMs,
  download,
  httpTransfer,
  type HttpTransfer,
  upload,
} from '../../vsphere/node/httpTransfer.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import { mountOf } from '../guestMounts.ts';
import type { GuestSession } from '../guestSession.ts';

export interface GuestTransferDeps {
  readonly clock: Clock;
  readonly endpoint: TransferEndpoint;
  /** After how long without a byte a transfer is given up; 5 minutes. */
  readonly stallTimeoutMs?: number;
}

/** What is written to a guest. */
export interface GuestUpload {
  readonly sizeBytes: number;
  /** Exactly that many; closed whatever happens. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Permission bits from the first byte on: what is half there must not be for everybody's eyes. */
  readonly mode: number;
}

/**
 * Writes a file that must not exist. On failure a part of it may be left.
 * @throws STORAGE_FULL if the guest has no room for it; UNREACHABLE, retryable, if the connection breaks or stalls;
 *         whatever the source throws
 */
export async function uploadToGuest(
  guest: GuestSession,
  path: string,
  { sizeBytes, bytes, mode }: GuestUpload,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<void> {
  const grant = await guest.grantUpload(path, sizeBytes, { mode }, signal);
  const transfer = httpTransfer(grant, `${guest.vm.name} ${path}`, deps.endpoint);
  const contentType = 'application/octet-stream';
  const body = { method: 'PUT', contentType, lengthBytes: sizeBytes, bytes } as const;
  try {
    await upload(transfer, body, watchOf(deps), signal);
  } catch (error) {
    if (isForgotten(error, transfer)) throw forgotten(transfer, error);
    if (!AppError.is(error, 'UNREACHABLE')) throw error;
    throw (await fullError(guest, path, sizeBytes, error, signal)) ?? error;
  }
}

/**
 * The bytes of a file.
 * @throws NOT_FOUND; UNREACHABLE, retryable; CORRUPT_DATA if it ends early; from here on and while it is read
 */
export async function* downloadFromGuest(
  guest: GuestSession,
  path: string,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const grant = await guest.grantDownload(path, signal);
  const name = `${guest.vm.name} ${path}`;
  const transfer = httpTransfer(grant, name, deps.endpoint);
  let receivedBytes = 0;
  try {
    for await (const piece of download(transfer, watchOf(deps), signal)) {
      receivedBytes += piece.length;
      yield piece;
    }
  } catch (error) {
    throw isForgotten(error, transfer) ? forgotten(transfer, error) : error;
  }
  if (receivedBytes !== grant.sizeBytes) {
    throw new CorruptDataError(`${name}: ${receivedBytes} bytes came of ${grant.sizeBytes}`, {
      object: name,
    });
  }
}

/** SHA-256 of a guest's file, in hexadecimal: what a person compares by `sha256sum`. */
export async function hashInGuest(
  guest: GuestSession,
  path: string,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of downloadFromGuest(guest, path, deps, signal)) hash.update(piece);
  return hash.digest('hex');
}

/** A small text of the guest. @throws what `downloadFromGuest` throws; CORRUPT_DATA if it is larger */
export async function readGuestText(
  guest: GuestSession,
  path: string,
  maxBytes: number,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of downloadFromGuest(guest, path, deps, signal)) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes)
      throw new CorruptDataError(`${path} is longer than ${maxBytes} bytes`, { object: path });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Hosts know a transfer for ten minutes before it begins, and no longer once the VM runs elsewhere. */
function isForgotten(error: unknown, { url }: HttpTransfer): boolean {
  // Where bytes come from may lack something, too, and says so itself.
  return AppError.is(error, 'NOT_FOUND') && error.object === url.host;
}

function forgotten({ name }: HttpTransfer, cause: unknown): AppError {
  return new AppError('UNREACHABLE', `${name}: the host no longer knows the transfer`, {
    object: name,
    retryable: true,
    remedy: 'Try again: its time had run out, or the VM went to another host',
    cause,
  });
}

/** A host says no more than that a transfer failed; how much room there is tells why. */
async function fullError(
  guest: GuestSession,
  path: string,
  sizeBytes: number,
  cause: unknown,
  signal: AbortSignal,
): Promise<AppError | undefined> {
  const mount = mountOf(await guest.mounts(signal).catch(() => []), path);
  if (mount?.freeBytes === undefined || mount.freeBytes >= sizeBytes) return undefined;
  const { name } = guest.vm;
  const free = formatBytes(mount.freeBytes);
  return new AppError(
    'STORAGE_FULL',
    `${name}: ${mount.path} has ${free} left, ${path} takes ${formatBytes(sizeBytes)}`,
    {
      object: name,
      remedy: 'Free space in the guest and try again',
      cause,
    },
  );
}

function watchOf({ clock, stallTimeoutMs = defaultStallTimeoutMs }: GuestTransferDeps) {
  return { clock, stallTimeoutMs };
}
