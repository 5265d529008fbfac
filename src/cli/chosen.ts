import type { Repository } from '../core/repository/repository.ts';
import type { VCenterConnection } from '../core/vsphere/node/connectVCenter.ts';
import type { CommandArguments } from './command.ts';
import { chooseEntry } from './config/config.ts';
import { transferLimits } from './commands/options.ts';
import { readConfig } from './config/configFile.ts';
import type { CommandContext, OpenOptions } from './context.ts';

/** The repository `--repo` names, or the only one. */
export async function openChosenRepository(
  context: CommandContext,
  args: CommandArguments,
  options: OpenOptions = {},
): Promise<Repository> {
  const { repositories } = await readConfig(context.places.configFile);
  const { name, entry } = chooseEntry(repositories, args.option('repo'), 'repository');
  return await context.openRepository(name, entry, { limits: transferLimits(args), ...options });
}

/** The vCenter `--vcenter` names, or the only one. */
export async function openChosenVCenter(
  context: CommandContext,
  args: CommandArguments,
): Promise<VCenterConnection> {
  const { vcenters } = await readConfig(context.places.configFile);
  const { name, entry } = chooseEntry(vcenters, args.option('vcenter'), 'vCenter');
  return await context.openSession(name, entry);
}
