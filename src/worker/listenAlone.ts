import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';

import { AppError } from '../base/errors.ts';
import { fileError, systemErrorCode } from '../base/node/fileErrors.ts';
import { type Random, toHex } from '../base/random.ts';

export interface Listener extends AsyncDisposable {
  /** False once clients would no longer find it: somebody cleaned up the folder. */
  isFound(): Promise<boolean>;
}

/**
 * Listens at `address` unless another worker does: of several that try at once, one wins. On Windows the system sees to
 * that. Elsewhere a socket file outlives a killed process, and whoever removes one to listen there himself may remove
 * that of a faster one. So each listens under a name of its own, and the address is a link to it, which only one can
 * make; a link of a dead one is taken away by renaming, which shows afterwards whose it was.
 * @returns undefined if another worker answers at the address
 */
export async function listenAlone(
  address: string,
  random: Random,
  onConnection: (socket: Socket) => void,
): Promise<Listener | undefined> {
  const server = createServer(onConnection);
  if (process.platform === 'win32') {
    if (!(await listen(server, address))) return undefined;
    return {
      isFound: async () => await Promise.resolve(true),
      [Symbol.asyncDispose]: async () => await close(server),
    };
  }
  const own = join(dirname(address), `${toHex(random.bytes(6))}.sock`);
  await listen(server, own);
  if (!(await publish(address, own, random))) {
    await close(server);
    return undefined;
  }
  const isFound = async () => (await linkTarget(address)) === basename(own);
  return {
    isFound,
    [Symbol.asyncDispose]: async () => {
      if (await isFound()) await rm(address, { force: true });
      await close(server);
    },
  };
}

/** Makes the address lead to our socket. @returns false if it leads to a living one */
async function publish(address: string, own: string, random: Random): Promise<boolean> {
  for (;;) {
    try {
      await symlink(basename(own), address);
      return true;
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw fileError(address, error);
    }
    const other = await linkTarget(address);
    if (other === undefined) continue;
    if (await answers(join(dirname(address), other))) return false;
    await takeAway(address, other, random);
  }
}

/** Removes the link to a dead socket, and that socket, but never a link that has replaced it meanwhile. */
async function takeAway(address: string, dead: string, random: Random): Promise<void> {
  const aside = join(dirname(address), `${toHex(random.bytes(6))}.old`);
  try {
    await rename(address, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw fileError(address, error);
  }
  const target = await linkTarget(aside);
  // Somebody was faster and has a link of his own there by now: it is put back, unless a third one was faster still.
  if (target !== undefined && target !== dead) await symlink(target, address).catch(() => undefined);
  else await rm(join(dirname(address), dead), { force: true });
  await rm(aside, { force: true });
}

async function linkTarget(path: string): Promise<string | undefined> {
  return await readlink(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    if (systemErrorCode(error) !== 'EINVAL') throw fileError(path, error);
    throw new AppError('CONFLICT', `${path} is not a link to a worker's socket`, {
      object: path,
      remedy: 'Remove it',
    });
  });
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
