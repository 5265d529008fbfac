import { connect, type Socket } from 'node:net';
import {
  createMessageConnection,
  type MessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';

import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { systemErrorCode } from '../../base/node/fileErrors.ts';
import type { Random } from '../../base/random.ts';
import { openRendezvous, type Rendezvous } from '../../protocol/node/rendezvous.ts';
import { newestWorkerLink, workerLinkPath } from '../../protocol/node/workerLinks.ts';
import { greetWorker } from '../greetWorker.ts';
import { WorkerClient } from '../workerClient.ts';
import { startWorker, type WorkerProgram } from './startWorker.ts';

export interface ConnectOptions extends WorkerProgram {
  /** Where worker and clients meet, `usualRendezvousFolder()` outside tests. */
  readonly rendezvousFolder: string;
  /** Version of this product. */
  readonly productVersion: string;
}

export interface ConnectDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** A worker starts in less than a second; a machine that has just booted may need a few. */
const startTimeoutMs = 10_000;

const pollIntervalMs = 25;

/**
 * Connects to the worker of this user; starts one if none runs, or if the one that ran was older and has given way.
 * @throws WORKER_LOST, with the place of its log, if none answers within ten seconds; what `openRendezvous` and
 *   `greetWorker` throw
 */
export async function connectWorker(
  options: ConnectOptions,
  { clock, random }: ConnectDeps,
  signal: AbortSignal,
): Promise<WorkerClient> {
  const rendezvous = await openRendezvous(options.rendezvousFolder, random);
  const giveUpAtMs = clock.monotonicMs() + startTimeoutMs;
  let started: Awaited<ReturnType<typeof startWorker>> | undefined;
  for (;;) {
    const client = await tryConnect(rendezvous, options.productVersion, random, signal);
    if (client !== undefined) return client;
    if (started?.exitCode !== undefined && started.exitCode !== 0)
      throw startFailed(started.logFile, started.exitCode);
    // One that ended with 0 found another one alive, which may have ended since.
    if (started === undefined || started.exitCode === 0)
      started = await startWorker(options, rendezvous.folder);
    if (clock.monotonicMs() > giveUpAtMs) throw startFailed(started.logFile, undefined);
    await clock.sleep(pollIntervalMs, signal);
  }
}

/** Undefined if nobody is there, or whoever was has just given way. */
async function tryConnect(
  { folder, pipe, secret }: Rendezvous,
  productVersion: string,
  random: Random,
  signal: AbortSignal,
): Promise<WorkerClient | undefined> {
  const address = pipe ?? (await newestLink(folder));
  if (address === undefined) return undefined;
  const socket = await openSocket(address);
  if (socket === undefined) return undefined;
  const connection = listenOn(socket);
  try {
    const { outcome, worker } = await greetWorker(connection, { secret, productVersion, random }, signal);
    if (outcome === 'welcome') return new WorkerClient(connection, worker);
  } catch (error) {
    connection.dispose();
    // It ended between our connecting and its answer.
    if (AppError.is(error, 'WORKER_LOST')) return undefined;
    throw error;
  }
  connection.dispose();
  return undefined;
}

/** Pending requests of a closed connection are only rejected when it is disposed of. */
function listenOn(socket: Socket): MessageConnection {
  const connection = createMessageConnection(
    new SocketMessageReader(socket),
    new SocketMessageWriter(socket),
  );
  connection.onClose(() => {
    connection.dispose();
  });
  connection.onError(() => {
    connection.dispose();
  });
  connection.onDispose(() => {
    socket.destroy();
  });
  connection.listen();
  return connection;
}

async function newestLink(folder: string): Promise<string | undefined> {
  const number = await newestWorkerLink(folder);
  return number === undefined ? undefined : workerLinkPath(folder, number);
}

async function openSocket(address: string): Promise<Socket | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', error => {
      const systemCode = systemErrorCode(error);
      if (systemCode === 'ENOENT' || systemCode === 'ECONNREFUSED') resolve(undefined);
      else
        reject(
          new AppError('WORKER_LOST', `${address} cannot be reached`, { object: address, cause: error }),
        );
    });
  });
}

function startFailed(logFile: string, exitCode: number | undefined): AppError {
  const how = exitCode === undefined ? 'does not answer' : `ended with ${exitCode}`;
  return new AppError('WORKER_LOST', `the background worker was started and ${how}`, {
    object: 'background worker',
    remedy: `Look into ${logFile}`,
    retryable: false,
  });
}
