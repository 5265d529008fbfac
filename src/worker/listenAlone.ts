import { readlink, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';

import { fileError, systemErrorCode } from '../base/node/fileErrors.ts';
import { type Random, toHex } from '../base/random.ts';
import type { Rendezvous } from '../protocol/node/rendezvous.ts';
import { newestWorkerLink, workerLinkPath, workerLinks } from '../protocol/node/workerLinks.ts';

export interface Listener extends AsyncDisposable {
  /** False once clients would no longer find it: somebody cleaned up the folder. */
  isFound(): Promise<boolean>;
}

/**
 * Listens for the clients that meet in this folder, unless another worker does: of several that try at once, one wins.
 * On Windows the system sees to that. Elsewhere a socket file outlives a killed process, and whoever removes one to
 * listen there himself may remove that of a faster one. So each listens under a name of its own and publishes it by the
 * link that comes after the dead one's, which only one can make.
 * @returns undefined if another worker answers there
 */
export async function listenAlone(
  { folder, pipe }: Pick<Rendezvous, 'folder' | 'pipe'>,
  random: Random,
  onConnection: (socket: Socket) => void,
): Promise<Listener | undefined> {
  const server = createServer(onConnection);
  if (pipe !== undefined) {
    if (!(await listen(server, pipe))) return undefined;
    return {
      isFound: async () => await Promise.resolve(true),
      [Symbol.asyncDispose]: async () => await close(server),
    };
  }
  const socket = `${toHex(random.bytes(6))}.sock`;
  await listen(server, join(folder, socket));
  const number = await publish(folder, socket);
  if (number === undefined) {
    await close(server);
    return undefined;
  }
  return {
    isFound: async () => (await newestWorkerLink(folder)) === number,
    // The link stays: it marks its number as taken.
    [Symbol.asyncDispose]: async () => await close(server),
  };
}

/** Makes the newest link lead to our socket. @returns its number; undefined if it leads to a living one */
async function publish(folder: string, socket: string): Promise<number | undefined> {
  for (;;) {
    const newest = await newestWorkerLink(folder);
    if (newest !== undefined && (await answers(workerLinkPath(folder, newest)))) return undefined;
    const own = (newest ?? 0) + 1;
    try {
      await symlink(socket, workerLinkPath(folder, own));
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') continue;
      throw fileError(workerLinkPath(folder, own), error);
    }
    if ((await newestWorkerLink(folder)) === own) {
      await removeOlder(folder, own);
      return own;
    }
    // The number was free only because whoever has a higher one had cleaned up.
    await rm(workerLinkPath(folder, own), { force: true });
  }
}

/** What dead ones left. The socket of one that has just ended by itself is gone already. */
async function removeOlder(folder: string, own: number): Promise<void> {
  for (const number of await workerLinks(folder)) {
    if (number >= own) continue;
    const path = workerLinkPath(folder, number);
    const socket = await readlink(path).catch(() => undefined);
    if (socket !== undefined) await rm(join(folder, basename(socket)), { force: true });
    await rm(path, { force: true });
  }
}

/** False only if the system itself says that nobody listens there; any doubt counts as alive. */
async function answers(socketPath: string): Promise<boolean> {
  const refusal = await new Promise<string | undefined>(resolve => {
    const socket = connect(socketPath);
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

/** @returns false if somebody listens there already */
async function listen(server: Server, address: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    server.once('error', error => {
      if (systemErrorCode(error) === 'EADDRINUSE') resolve(false);
      else reject(fileError(address, error));
    });
    server.listen(address, () => {
      server.removeAllListeners('error');
      resolve(true);
    });
  });
}

/** Takes no new connections; those there are go on. */
async function close(server: Server): Promise<void> {
  server.close();
  await Promise.resolve();
}
