import { AppError } from '../base/errors.ts';
import {
  type ParallelLimits,
  parallelRange,
  usualParallelLimits,
} from '../core/jobs/backupVm/transferSlots.ts';
import type { CommandArguments, CommandOption } from './command.ts';
import type { BackupDefaults } from './config/config.ts';

export const parallelOptions = {
  'per-host': {
    value: 'N',
    help: `VMs and disks of a host at a time (default ${usualParallelLimits.perHost})`,
  },
  'per-datastore': {
    value: 'N',
    help: `the same of a datastore (default ${usualParallelLimits.perDatastore})`,
  },
  'per-vcenter': {
    value: 'N',
    help: `the same of the vCenter (default ${usualParallelLimits.perVCenter})`,
  },
} as const satisfies Readonly<Record<string, CommandOption>>;

/**
 * What the command line says, else the configuration file, else the usual.
 * @throws INVALID_INPUT naming the option
 */
export function chosenParallel(args: CommandArguments, { parallel }: BackupDefaults = {}): ParallelLimits {
  return {
    perHost: given(args, 'per-host') ?? parallel?.perHost ?? usualParallelLimits.perHost,
    perDatastore: given(args, 'per-datastore') ?? parallel?.perDatastore ?? usualParallelLimits.perDatastore,
    perVCenter: given(args, 'per-vcenter') ?? parallel?.perVCenter ?? usualParallelLimits.perVCenter,
  };
}

function given(args: CommandArguments, name: keyof typeof parallelOptions): number | undefined {
  const count = args.count(name);
  const { min, max } = parallelRange;
  if (count === undefined || (count >= min && count <= max)) return count;
  throw new AppError('INVALID_INPUT', `--${name} ${count} is not from ${min} to ${max}`, {
    object: `--${name}`,
  });
}
