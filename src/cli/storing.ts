import { compressions } from '../core/codec/compression.ts';
import { packBytesOf, packMiBRange, type Storing, usualStoring } from '../core/repository/storing.ts';
import { MiB } from '../base/units.ts';
import type { CommandArguments, CommandOption } from './command.ts';
import type { RepositoryConfig } from './config/config.ts';

export const storingOptions = {
  compression: { value: 'HOW', help: 'off, fast, auto (default) or max' },
  'pack-size': {
    value: 'MIB',
    help: `size of packs, ${packMiBRange.min} to ${packMiBRange.max} (default ${usualStoring.packBytes / MiB}); larger ones suit object stores`,
  },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** What the command line says of it. @throws INVALID_INPUT naming the option */
export function chosenStoring(args: CommandArguments): Partial<Storing> {
  const compression = args.choice('compression', compressions);
  const packMiB = args.count('pack-size');
  return {
    ...(compression !== undefined && { compression }),
    ...(packMiB !== undefined && { packBytes: packBytesOf(packMiB, '--pack-size') }),
  };
}

/** What the configuration says of a repository, else the usual. */
export function configuredStoring({ compression, packMiB }: RepositoryConfig): Storing {
  return {
    compression: compression ?? usualStoring.compression,
    packBytes: packMiB === undefined ? usualStoring.packBytes : packMiB * MiB,
  };
}
