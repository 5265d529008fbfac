#!/usr/bin/env -S node --max-semi-space-size=8
// The runtime's option is the worker's, too: with its usual room for young values a process takes 100 MB more for nothing.
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../base/clock.ts';
import { AppError, CancelledError, toAppError } from '../base/errors.ts';
import { systemRandom, toHex } from '../base/random.ts';
import { localMachine } from '../core/disk/node/localMachine.ts';
import { FileGoalStore } from '../core/goals/node/fileGoalStore.ts';
import { FileTransferLog } from '../core/goals/node/fileTransferLog.ts';
import { type Command, commandHelp, parseArguments } from './command.ts';
import { commands } from './commands/commands.ts';
import { findPlaces } from './config/places.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exitCodes.ts';
import { createLogger } from './log.ts';
import { createOutput, describeError, errorValue, type Output } from './output.ts';
import { createOpeners } from './openers.ts';
import { openProgressLine } from './progressLine.ts';
import { askOnTerminal, askSecretOnTerminal, confirmOnTerminal } from './terminal.ts';
import { program } from './version.ts';

const words = process.argv.slice(2);
const output = createOutput(words.includes('--json'));
const interruption = listenForInterruption(output);
const exitCode = await main(words, output, interruption.signal);
interruption.endAtOnce(exitCode);
await Promise.all([written(process.stdout), written(process.stderr)]);
// Left to itself, Node takes the listeners off before it is gone, and a signal then ends a success as a kill.
process.exit(exitCode);

/** The composition root: everything that exists once per process is made here and handed on. */
async function main(words: readonly string[], output: Output, signal: AbortSignal): Promise<number> {
  requireZstd();
  const command = findCommand(words);
  if (command === undefined) {
    output.note(overview());
    return words.length === 0 || words.includes('--help') ? 0 : exitCodes.INVALID_INPUT;
  }
  try {
    const args = parseArguments(command, words.slice(command.name.split(' ').length));
    if (args.flag('help')) {
      process.stdout.write(`${commandHelp(command)}\n`);
      return 0;
    }
    const places = findPlaces({ config: args.option('config'), state: args.option('state') }, process.env);
    const shared = {
      clock: systemClock,
      random: systemRandom,
      logger: createLogger(args.flag('verbose'), systemClock),
      signal,
    };
    const context: CommandContext = {
      ...shared,
      machine: localMachine({ clock: systemClock, environment: process.env }),
      places,
      output,
      program,
      job: `cli-${toHex(systemRandom.bytes(6))}`,
      username: userInfo().username,
      goals: new FileGoalStore(join(places.stateFolder, 'goals'), systemRandom),
      transfers: new FileTransferLog(join(places.stateFolder, 'transfers'), systemRandom, shared.logger),
      ...createOpeners(places, shared),
      withProgress: async work => {
        using line = openProgressLine(systemClock, process.stderr, output.json);
        return await work(line.listener);
      },
      hasTerminal: process.stdin.isTTY,
      confirm: confirmOnTerminal,
      ask: async question => await askOnTerminal(question, signal),
      askSecret: async question => await askSecretOnTerminal(question, signal),
    };
    return (await command.run(context, args)) ?? 0;
  } catch (thrown) {
    return report(thrown, signal, output);
  }
}

function findCommand(words: readonly string[]): Command | undefined {
  return commands
    .filter(command => command.name.split(' ').every((word, position) => words[position] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
}

function report(thrown: unknown, signal: AbortSignal, output: Output): number {
  const error = signal.aborted && !AppError.is(thrown) ? new CancelledError() : toAppError(thrown);
  if (output.json) output.result(errorValue(error), () => '');
  else output.note(describeError(error));
  return exitCodes[error.code];
}

interface Interruption {
  readonly signal: AbortSignal;
  /** The work is over: from now on a signal ends the program with the work's own exit code, whatever still lingers. */
  endAtOnce(exitCode: number): void;
}

/** The first signal asks for a clean end; the second one ends at once and leaves the clean-up to `quiesce guard`. */
function listenForInterruption(output: Output): Interruption {
  const controller = new AbortController();
  let onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.CANCELLED);
    output.note('\nCancelling, and giving back what was taken … (once more to leave at once)');
    controller.abort(new CancelledError());
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => onSignal());
  return {
    signal: controller.signal,
    endAtOnce: exitCode => {
      onSignal = () => process.exit(exitCode);
    },
  };
}

/** Resolves when what was said so far is out; also when nobody listens any more. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>(resolve => stream.write('', () => resolve()));
}

/** Compression of the repository format is part of Node only since this version. */
function requireZstd(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 15)) return;
  process.stderr.write(`quiesce needs Node 22.15 or newer, this is ${process.version}.\n`);
  process.exit(exitCodes.UNSUPPORTED_FORMAT);
}

function overview(): string {
  const width = Math.max(...commands.map(command => command.name.length));
  return [
    `${program} backs up and recovers VMware virtual machines.`,
    '',
    ...commands.map(command => `  quiesce ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    '"quiesce COMMAND --help" tells more.',
  ].join('\n');
}
