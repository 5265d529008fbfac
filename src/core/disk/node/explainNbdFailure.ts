import { AppError } from '../../../base/errors.ts';
import type { NbdCommand } from '../nbd/nbdCommand.ts';
import { type NbdPluginAnswer, pluginOf, probeNbdkitPlugin } from './nbdPlugin.ts';

/** What is not installed says more than that a program has ended. */
export async function explainNbdFailure(
  command: NbdCommand,
  library: string | undefined,
  failure: AppError,
  signal: AbortSignal,
): Promise<AppError> {
  const plugin = pluginOf(command);
  if (plugin === undefined || !AppError.is(failure, 'UNREACHABLE', 'NOT_FOUND')) return failure;
  const answer = await probeNbdkitPlugin(plugin, library, signal).catch(() => undefined);
  const problem = answer === undefined ? undefined : problemOf(answer, plugin);
  if (problem === undefined) return failure;
  const { what, remedy } = problem;
  return new AppError('NOT_FOUND', what, { object: `nbdkit ${plugin}`, remedy, cause: failure });
}

/** Undefined if everything that can be told is there. */
export function problemOf(
  answer: NbdPluginAnswer,
  plugin: string,
): { readonly what: string; readonly remedy: string } | undefined {
  const other = 'or choose another transport';
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
