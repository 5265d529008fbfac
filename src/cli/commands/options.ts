import { AppError } from '../../base/errors.ts';
import type { CommandArguments, CommandOption } from '../command.ts';
import type { PasswordPlace } from '../config/config.ts';

/** Options that several commands share, each with one meaning. */
export const vcenterOption = {
  vcenter: { value: 'NAME', help: 'which vCenter, if several are configured' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const repositoryOption = {
  repo: { value: 'NAME', help: 'which repository, if several are configured' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const planOption = {
  plan: { help: 'only show what would be done' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const passwordOptions = {
  'password-file': { value: 'FILE', help: 'the password is the first line of this file' },
  'password-command': { value: 'COMMAND', help: 'the password is the first line this command prints' },
  'password-env': { value: 'VARIABLE', help: 'the password is in this environment variable' },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** @throws INVALID_INPUT unless exactly one of the password options is given */
export function passwordPlace(args: CommandArguments): PasswordPlace {
  const file = args.option('password-file');
  const command = args.option('password-command');
  const environment = args.option('password-env');
  const places: PasswordPlace[] = [
    ...(file === undefined ? [] : [{ file }]),
    ...(command === undefined ? [] : [{ command }]),
    ...(environment === undefined ? [] : [{ environment }]),
  ];
  const [place, another] = places;
  if (place !== undefined && another === undefined) return place;
  throw new AppError('INVALID_INPUT', 'it must be said once where the password is', {
    object: 'password',
    remedy: `Give one of ${Object.keys(passwordOptions)
      .map(name => `--${name}`)
      .join(', ')}`,
  });
}
