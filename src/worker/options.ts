import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { AppError } from '../base/errors.ts';
import { usualUserFolders } from '../base/node/userFolders.ts';
import { usualRendezvousFolder } from '../protocol/node/rendezvous.ts';

export interface WorkerOptions {
  readonly rendezvousFolder: string;
  /** The same as the command line's, so that each cleans up after the other. */
  readonly stateFolder: string;
  /** Without clients and jobs for that long, the worker ends. */
  readonly idleTimeoutMs: number;
}

/** Long enough for a window to reload or an editor to restart. */
const usualIdleTimeoutMs = 10 * 60_000;

/** Nothing secret is ever among the arguments: every user can read them. */
export function parseWorkerOptions(args: readonly string[], environment: NodeJS.ProcessEnv): WorkerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { rendezvous: { type: 'string' }, 'idle-timeout-ms': { type: 'string' } },
  });
  const idle = values['idle-timeout-ms'];
  if (idle !== undefined && !/^\d{1,9}$/.test(idle)) {
    throw new AppError('INVALID_INPUT', `--idle-timeout-ms ${idle} is not a whole number`, {
      object: '--idle-timeout-ms',
    });
  }
  return {
    rendezvousFolder: values.rendezvous ?? usualRendezvousFolder(),
    stateFolder: environment['QUIESCE_STATE'] ?? join(usualUserFolders(environment).state, 'quiesce'),
    idleTimeoutMs: idle === undefined ? usualIdleTimeoutMs : Number(idle),
  };
}
