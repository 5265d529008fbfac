import { AppError } from '../../base/errors.ts';
import type { CommandArguments, CommandOption } from '../command.ts';
import type { PasswordPlace } from '../config/config.ts';
import type { GuestCredentials } from '../../core/guestops/guestSession.ts';
import { credentialSource } from '../passwordPlaces.ts';

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

/** Where a new password of a repository is. */
export const newPasswordOptions = {
  'new-password-file': { value: 'FILE', help: 'the new password is the first line of this file' },
  'new-password-command': {
    value: 'COMMAND',
    help: 'the new password is the first line this command prints',
  },
  'new-password-env': { value: 'VARIABLE', help: 'the new password is in this environment variable' },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** The account of a guest: its name, and where its password is. */
export const guestAccountOptions = {
  'guest-user': { value: 'NAME', help: 'account of the guest' },
  'guest-password-file': { value: 'FILE', help: 'its password is the first line of this file' },
  'guest-password-command': { value: 'COMMAND', help: 'its password is the first line this command prints' },
  'guest-password-env': { value: 'VARIABLE', help: 'its password is in this environment variable' },
} as const satisfies Readonly<Record<string, CommandOption>>;

/**
 * @param prefix  in front of the options' names: `guest-` for those of a guest's account, `new-` for those of a new password
 * @throws INVALID_INPUT unless exactly one of the password options is given
 */
export function passwordPlace(args: CommandArguments, prefix: '' | 'guest-' | 'new-' = ''): PasswordPlace {
  const file = args.option(`${prefix}password-file`);
  const command = args.option(`${prefix}password-command`);
  const environment = args.option(`${prefix}password-env`);
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
      .map(name => `--${prefix}${name}`)
      .join(', ')}`,
  });
}

/** @throws INVALID_INPUT if the account or the place of its password is missing */
export function guestCredentials(args: CommandArguments): GuestCredentials {
  const user = args.required('guest-user');
  return { user, source: credentialSource(passwordPlace(args, 'guest-'), `the guest's account ${user}`) };
}
