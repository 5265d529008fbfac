import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export type ForeignProgram =
  | 'vcsim'
  | 'vcsim-0.24'
  | 'govc'
  | 'pyvmomi'
  | 'pyvmomi-6.7'
  | 'versitygw'
  | 'rest-server'
  | 'prometheus-client'
  | 'vddk';

/** The path of a program of others, which is made if it is not there yet. */
export function foreignProgram(name: ForeignProgram): string {
  const script = join(import.meta.dirname, '../../scripts/foreignPrograms.mjs');
  return execFileSync(process.execPath, [script, name], { encoding: 'utf8' }).trim();
}
