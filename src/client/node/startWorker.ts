import { spawn } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fileError } from '../../base/node/fileErrors.ts';
import { MiB } from '../../base/units.ts';
import { installWorker } from './installWorker.ts';

export interface WorkerProgram {
  /** Folder of the bundles as they were installed: `worker.mjs` and what it loads, `sealWorker.mjs`, `argon2Thread.mjs` and `s3Sdk.mjs`. */
  readonly bundleFolder: string;
  /** Where copies of the bundles and the worker's log are kept, over updates of the product. */
  readonly storageFolder: string;
  /** Node, or an editor's program that becomes Node by ELECTRON_RUN_AS_NODE. */
  readonly nodePath: string;
  /** After how long without clients and jobs the worker ends; its own default otherwise. */
  readonly idleTimeoutMs?: number;
}

export interface StartedWorker {
  readonly logFile: string;
  /** Undefined while it runs; -1 if it could not be started or a signal ended it. */
  readonly exitCode: number | undefined;
}

const maxLogBytes = MiB;

/**
 * Values of a large inventory are made by the thousand and dropped soon. With the runtime's usual room for young ones
 * the process grows by 100 MB, and each of its collections takes longer; it is not faster for it.
 */
const runtimeOptions = ['--max-semi-space-size=8'];

/**
 * Starts a worker that outlives this process. Its code is a copy, because an update of the product removes the folder
 * it came from. What it says goes to a file, which begins anew when it is long.
 */
export async function startWorker(program: WorkerProgram, rendezvousFolder: string): Promise<StartedWorker> {
  const installed = await installWorker(program.bundleFolder, program.storageFolder);
  const logFile = join(program.storageFolder, 'worker.log');
  const log = await open(logFile, (await isLong(logFile)) ? 'w' : 'a', 0o600).catch((error: unknown) => {
    throw fileError(logFile, error);
  });
  try {
    const child = spawn(
      program.nodePath,
      [...runtimeOptions, installed, ...argumentsOf(program, rendezvousFolder)],
      {
        detached: true,
        windowsHide: true,
        cwd: program.storageFolder,
        env: environment(),
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    const started: { logFile: string; exitCode: number | undefined } = { logFile, exitCode: undefined };
    child.once('error', () => {
      started.exitCode = -1;
    });
    child.once('exit', code => {
      started.exitCode = code ?? -1;
    });
    child.unref();
    return started;
  } finally {
    await log.close();
  }
}

function argumentsOf({ idleTimeoutMs }: WorkerProgram, rendezvousFolder: string): string[] {
  return [
    '--rendezvous',
    rendezvousFolder,
    ...(idleTimeoutMs === undefined ? [] : ['--idle-timeout-ms', String(idleTimeoutMs)]),
  ];
}

/** Options for this process, such as a debugger's port, are not meant for the worker. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '', ELECTRON_RUN_AS_NODE: '1' };
}

async function isLong(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.size > maxLogBytes;
}
