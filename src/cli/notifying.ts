import { join } from 'node:path';

import { type AppError, toAppError } from '../base/errors.ts';
import type { MemberResult } from '../core/jobs/backupVm/backupGroup.ts';
import { checkedChannels } from '../core/jobs/notify/channels.ts';
import { Notifier } from '../core/jobs/notify/node/notifier.ts';
import type { CommandArguments, CommandOption } from './command.ts';
import { chooseEntry, type Config } from './config/config.ts';
import type { CommandContext } from './context.ts';
import { describeError } from './output.ts';
import { credentialSource } from './passwordPlaces.ts';

export const notifyOption = {
  notify: { help: 'tell of missed goals as "notify" in the configuration file says' },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** @throws INVALID_INPUT for channels that cannot be used */
export async function openNotifier(context: CommandContext, { notify = {} }: Config): Promise<Notifier> {
  const { webhook, command, metricsFile } = notify;
  const url =
    webhook === undefined
      ? undefined
      : await credentialSource(webhook, 'the webhook').password(context.signal);
  const channels = checkedChannels({
    ...(url !== undefined && { webhookUrl: url.reveal() }),
    ...(command !== undefined && { command }),
    ...(metricsFile !== undefined && { metricsFile }),
  });
  const folder = join(context.places.stateFolder, 'notify');
  return new Notifier(channels, { ...context, folder });
}

/** Also of what failed before the first VM was looked at: nobody sits before a server that is away at night. */
export async function tellingOfFailure<Result>(
  context: CommandContext,
  notifier: Notifier,
  args: CommandArguments,
  vmNames: readonly string[],
  config: Config,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    for (const vmName of vmNames) {
      const vm = { vcenter: chosenAddress(config, args), vmName };
      noteProblems(context, await notifier.backupFailed(vm, toAppError(error)));
    }
    throw error;
  }
}

/** Of the server that a command means, without asking it. Empty if that is not known either. */
function chosenAddress({ vcenters }: Config, args: CommandArguments): string {
  const wanted = args.option('vcenter');
  try {
    return new URL(chooseEntry(vcenters, wanted, 'vCenter').entry.url).host;
  } catch {
    return wanted ?? '';
  }
}

/** @param vcenter  its address */
export async function tellOf(
  context: CommandContext,
  notifier: Notifier,
  vcenter: string,
  members: readonly MemberResult[],
): Promise<void> {
  for (const member of members) {
    const told =
      'error' in member
        ? notifier.backupFailed({ vcenter, vmName: member.vmName }, member.error)
        : notifier.backupEnded(member.result);
    noteProblems(context, await told);
  }
}

export function noteProblems({ output }: CommandContext, problems: readonly AppError[]): void {
  for (const problem of problems) output.note(describeError(problem));
}
