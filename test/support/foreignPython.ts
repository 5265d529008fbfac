import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A Python with pyVmomi in an environment of its own, made once. */
export function foreignPython(): string {
  const environment = join(import.meta.dirname, '../..', '.cache', 'pyvmomi');
  const python = join(environment, 'bin', 'python3');
  const isReady = existsSync(python) && spawnSync(python, ['-c', 'import pyVmomi']).status === 0;
  if (!isReady) {
    execFileSync('python3', ['-m', 'venv', environment]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'pyvmomi==9.1.1.0'];
    execFileSync(python, install);
  }
  return python;
}
