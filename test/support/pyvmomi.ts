import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { foreignProgram, type ForeignProgram } from './foreignProgram.ts';

export interface Pyvmomi {
  readonly program: ForeignProgram;
  /** What the lab passes for: a client refuses types and fields that came after it. */
  readonly release: string;
}

/** VMware's own client library, which reads answers strictly by its own tables, in two generations. */
export const pyvmomiGenerations: readonly Pyvmomi[] = [
  { program: 'pyvmomi-6.7', release: '6.7' },
  { program: 'pyvmomi', release: '9.0' },
];

/** Runs a script of `test/process` with it. Returns what the script prints, which is JSON. */
export function runPyvmomi(
  { program }: Pyvmomi,
  script: string,
  args: readonly string[],
  input = '',
): unknown {
  const path = join(import.meta.dirname, '..', 'process', script);
  const output = execFileSync(foreignProgram(program), [path, ...args], { encoding: 'utf8', input });
  return JSON.parse(output) as unknown;
}
