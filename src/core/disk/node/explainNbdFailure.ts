import { execFile } from 'node:child_process';
import { AppError } from '../../../base/errors.ts';
import type { NbdCommand } from '../nbd/nbdCommand.ts';
import { type NbdPluginAnswer, pluginOf, probeNbdkitPlugin } from './nbdPlugin.ts';
import { plainEnvironment } from './plainEnvironment.ts';

/** What is not installed says more than that a program has ended. */
export async function explainNbdFailure(
  command: NbdCommand,
  library: string | undefined,
  failure: AppError,
  signal: AbortSignal,
): Promise<AppError> {
  const plugin = pluginOf(command);
  if (plugin === undefined || !AppError.is(failure, 'UNREACHABLE', 'NOT_FOUND')) return failure;
  const problem = await missingForNbd(command, library, signal).catch(() => undefined);
  if (problem === undefined) return failure;
  const { what, remedy } = problem;
  return new AppError('NOT_FOUND', what, { object: `nbdkit ${plugin}`, remedy, cause: failure });
}

/** Something that is not installed, and a way out. */
export interface MissingForNbd {
  readonly what: string;
  readonly remedy: string;
}

const other = 'or choose another transport';

/** What can be told to be missing without starting the program; undefined if that is nothing. */
export async function missingForNbd(
  command: NbdCommand,
  library: string | undefined,
  signal: AbortSignal,
): Promise<MissingForNbd | undefined> {
  const plugin = pluginOf(command);
  if (plugin !== undefined) return problemOf(await probeNbdkitPlugin(plugin, library, signal), plugin);
  const [program = ''] = command;
  if (await isInstalled(program, signal)) return undefined;
  return { what: `the program ${program} is not installed`, remedy: `Install ${program}, ${other}` };
}

async function isInstalled(program: string, signal: AbortSignal): Promise<boolean> {
  const options = { signal, cwd: '/', env: plainEnvironment() };
  return await new Promise(resolve => {
    execFile('/bin/sh', ['-c', 'command -v -- "$1"', 'sh', program], options, error =>
      resolve(error === null),
    );
  });
}

function problemOf(answer: NbdPluginAnswer, plugin: string): MissingForNbd | undefined {
  switch (answer.kind) {
    case 'no-nbdkit':
      return { what: 'nbdkit is not installed', remedy: `Install the package nbdkit, ${other}` };
    case 'no-plugin':
      return {
        what: `the plugin ${plugin} of nbdkit is not installed`,
        remedy: `Install the package nbdkit-plugin-${plugin}, ${other}`,
      };
    case 'no-library':
      return {
        what: `the plugin ${plugin} of nbdkit does not find VMware's library${answer.said === '' ? '' : `: ${answer.said}`}`,
        remedy: `Say in which folder VMware's Virtual Disk Development Kit was unpacked, ${other}`,
      };
    case 'too-old':
      return {
        what: `nbdkit ${answer.version} is too old, ${answer.needed} is needed`,
        remedy: `Install a newer nbdkit, ${other}`,
      };
    case 'ready':
      return undefined;
    default:
      return answer satisfies never;
  }
}
