import { execFileSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

import { foreignProgram } from './foreignProgram.ts';

export interface GovcServer {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** Runs lines of a POSIX shell in which `govc` is logged in to the server. Returns what they print. */
export function govc({ url, user, password }: GovcServer, script: string): string {
  return execFileSync('sh', ['-e', '-c', script], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${dirname(foreignProgram('govc'))}${delimiter}${process.env['PATH'] ?? ''}`,
      ...{ GOVC_URL: url, GOVC_USERNAME: user, GOVC_PASSWORD: password },
      // The server made its certificate a moment ago.
      ...{ GOVC_INSECURE: '1', GOVC_PERSIST_SESSION: 'false' },
    },
  });
}
