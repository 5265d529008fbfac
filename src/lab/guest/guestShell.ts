import { parsePowerShell, type WindowsObject } from './powerShell.ts';
import type { GuestWriter } from './guestNature.ts';

/** What the programs of a guest see of it. */
export interface ShellView {
  readonly isAdministrator: boolean;
  /** `/proc/self/mounts`. */
  readonly mounts: string;
  readonly writers: readonly GuestWriter[];
  /** What a query of Windows gives; undefined for one that fails. */
  readonly query: (command: string) => readonly WindowsObject[] | undefined;
}

/** A program that has ended, and the file it wrote. */
export interface ProgramEnd {
  readonly exitCode: number;
  readonly outputPath: string;
  readonly output: string;
}

/**
 * The few programs that guests of the lab have. Undefined for one that is not there.
 * @param family  of the guest
 */
export function runProgram(
  family: string,
  program: string,
  commandLine: string,
  view: ShellView,
): ProgramEnd | undefined {
  if (family === 'linuxGuest' && program === '/bin/cat') return cat(commandLine, view);
  if (family === 'windowsGuest' && program.toLowerCase() === 'c:\\windows\\system32\\cmd.exe')
    return commandPrompt(commandLine, view);
  return undefined;
}

function cat(commandLine: string, { mounts }: ShellView): ProgramEnd | undefined {
  const [, source, outputPath] = /^(\S+) > '([^']+)'$/.exec(commandLine) ?? [];
  if (outputPath === undefined) return undefined;
  return source === '/proc/self/mounts'
    ? { exitCode: 0, outputPath, output: mounts }
    : { exitCode: 1, outputPath, output: '' };
}

function commandPrompt(commandLine: string, view: ShellView): ProgramEnd | undefined {
  const [, command, outputPath] = /^\/c (.+) > "([^"]+)"$/.exec(commandLine) ?? [];
  if (command === undefined || outputPath === undefined) return undefined;
  if (command === 'vssadmin list writers') {
    return view.isAdministrator
      ? { exitCode: 0, outputPath, output: writerList(view.writers) }
      : {
          exitCode: 2,
          outputPath,
          output: `${banner}\r\n\r\nError:  You don't have the correct permissions.\r\n`,
        };
  }
  const script = /^powershell\.exe -NoProfile -NonInteractive -Command "([^"]+)"$/.exec(command)?.[1];
  return script === undefined
    ? { exitCode: 1, outputPath, output: '' }
    : { exitCode: 0, outputPath, output: parsePowerShell(script, view.query) };
}

const banner = [
  'vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool',
  '(C) Copyright 2001-2013 Microsoft Corp.',
].join('\r\n');

const stateWords: Readonly<Record<number, string>> = { 1: 'Stable', 8: 'Failed' };

function writerList(writers: readonly GuestWriter[]): string {
  const blocks = writers.map(({ id, name, state = 1 }) =>
    [
      `Writer name: '${name}'`,
      `   Writer Id: {${id}}`,
      `   Writer Instance Id: {${id}}`,
      `   State: [${state}] ${stateWords[state] ?? ''}`,
      `   Last error: ${state === 1 ? 'No error' : 'Non-retryable error'}`,
    ].join('\r\n'),
  );
  return [banner, ...blocks, ''].join('\r\n\r\n');
}
