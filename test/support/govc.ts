import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import type { RunningLab } from './runningLab.ts';

/** The last release that the module proxy can install: later ones are modules inside a module. */
const version = 'v0.46.3';

/** Runs lines of a POSIX shell in which `govc` is logged in to the lab as its administrator. Returns what they print. */
export function govc({ ready }: RunningLab, script: string): string {
  return execFileSync('sh', ['-e', '-c', script], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${govcFolder()}${delimiter}${process.env['PATH'] ?? ''}`,
      GOVC_URL: ready.url,
      GOVC_USERNAME: ready.user,
      GOVC_PASSWORD: readFileSync(ready.passwordFile, 'utf8').trim(),
      // The lab made its certificate a moment ago.
      GOVC_INSECURE: '1',
      GOVC_PERSIST_SESSION: 'false',
    },
  });
}

/** Built once. */
function govcFolder(): string {
  const folder = join(import.meta.dirname, '../..', '.cache', 'govc');
  if (!existsSync(join(folder, process.platform === 'win32' ? 'govc.exe' : 'govc')))
    execFileSync('go', ['install', `github.com/vmware/govmomi/govc@${version}`], {
      env: { ...process.env, GOBIN: folder },
      stdio: 'pipe',
    });
  return folder;
}
