import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname, tmpdir, userInfo } from 'node:os';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { systemErrorCode } from '../../../base/node/fileErrors.ts';

/**
 * Proof of life by the operating system: an owner listens on a local socket, which the kernel closes when the process
 * ends, however it ends. A process id would prove nothing: it may long belong to somebody else.
 */
export interface OwnerLock extends AsyncDisposable {
  /** Where the owner listens; part of its record. */
  readonly address: string;
}

/** Longest socket path that every supported system takes (macOS: 104 with the final zero). */
const longestSocketPath = 100;

/** Starts to listen; does not keep the process alive. */
export async function holdOwnerLock(folder: string, ownerId: string): Promise<OwnerLock> {
  const address = await socketAddress(folder, ownerId);
  const server = createServer(socket => socket.destroy());
  await listen(server, address);
  server.unref();
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>(resolve => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

/** False only if the system itself says that nobody listens there; any doubt counts as alive. */
export async function isOwnerAlive(address: string): Promise<boolean> {
  const refusal = await new Promise<string | undefined>(resolve => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', error => {
      resolve(systemErrorCode(error) ?? 'unknown');
    });
  });
  return refusal !== 'ECONNREFUSED' && refusal !== 'ENOENT';
}

/** Removes what a dead owner's socket leaves in the file system. */
export async function removeOwnerSocket(address: string): Promise<void> {
  if (process.platform !== 'win32') await rm(address, { force: true });
}

/**
 * Identifies the machine whose kernel can answer for an owner. A folder shared between machines holds owners of both,
 * and a socket file says nothing about a process elsewhere.
 */
export async function machineId(): Promise<string> {
  const installed = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return createHash('sha256').update(`${installed.trim()} ${hostname()}`).digest('hex').slice(0, 32);
}

async function socketAddress(folder: string, ownerId: string): Promise<string> {
  if (process.platform === 'win32') return `\\\\.\\pipe\\quiesce-owner-${ownerId}`;
  const beside = join(folder, `${ownerId}.sock`);
  if (Buffer.byteLength(beside) <= longestSocketPath) return beside;
  const shorter = join(tmpdir(), `quiesce-${userInfo().uid}`);
  await mkdir(shorter, { recursive: true, mode: 0o700 });
  return join(shorter, `${ownerId}.sock`);
}

async function listen(server: Server, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
