import { AppError } from '../../base/errors.ts';
import type { CommandArguments, CommandOption } from '../command.ts';
import type { PasswordPlace } from '../config/config.ts';
import { GiB, KiB, MiB } from '../../base/units.ts';
import type { GuestCredentials } from '../../core/guestops/guestSession.ts';
import type { TransferLimits } from '../../core/repository/limitedObjectStore.ts';
import { credentialSource } from '../passwordPlaces.ts';

/** Options that several commands share, each with one meaning. */
export const vcenterOption = {
  vcenter: { value: 'NAME', help: 'which vCenter, if several are configured' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const repositoryOption = {
  repo: { value: 'NAME', help: 'which repository, if several are configured' },
  'limit-upload': { value: 'BYTES', help: 'store no more than that a second; 500K, 20M, 1G' },
  'limit-download': { value: 'BYTES', help: 'read no more than that a second' },
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

/** The account of the server that stores a repository. */
export const accountOptions = {
  'account-file': {
    value: 'FILE',
    help: 'account of an S3 or REST server, KEY-ID:SECRET-KEY[:TOKEN] or USER:PASSWORD in the first line',
  },
  'account-command': { value: 'COMMAND', help: 'the same in the first line this command prints' },
  'account-env': { value: 'VARIABLE', help: 'the same in this environment variable' },
} as const satisfies Readonly<Record<string, CommandOption>>;

/**
 * @param prefix  in front of the options' names: `guest-` for those of a guest's account, `new-` for those of a new password
 * @throws INVALID_INPUT unless exactly one of the password options is given
 */
export function passwordPlace(args: CommandArguments, prefix: '' | 'guest-' | 'new-' = ''): PasswordPlace {
  const places = placesIn(args, `${prefix}password`);
  const [place, another] = places;
  if (place !== undefined && another === undefined) return place;
  throw new AppError('INVALID_INPUT', 'it must be said once where the password is', {
    object: 'password',
    remedy: `Give one of ${Object.keys(passwordOptions)
      .map(name => `--${prefix}${name}`)
      .join(', ')}`,
  });
}

/** @throws INVALID_INPUT if more than one of the account options is given */
export function accountPlace(args: CommandArguments): PasswordPlace | undefined {
  return placeGivenOnce(args, 'account');
}

/** Where the passphrase of encrypted volumes is. @throws INVALID_INPUT if more than one of its options is given */
export function passphrasePlace(args: CommandArguments): PasswordPlace | undefined {
  return placeGivenOnce(args, 'passphrase');
}

function placeGivenOnce(args: CommandArguments, what: 'account' | 'passphrase'): PasswordPlace | undefined {
  const [place, another] = placesIn(args, what);
  if (another === undefined) return place;
  throw new AppError('INVALID_INPUT', `it is said more than once where the ${what} is`, {
    object: what,
    remedy: `Give one of --${what}-file, --${what}-command, --${what}-env`,
  });
}

function placesIn(args: CommandArguments, what: string): readonly PasswordPlace[] {
  const file = args.option(`${what}-file`);
  const command = args.option(`${what}-command`);
  const environment = args.option(`${what}-env`);
  return [
    ...(file === undefined ? [] : [{ file }]),
    ...(command === undefined ? [] : [{ command }]),
    ...(environment === undefined ? [] : [{ environment }]),
  ];
}

/** How fast a repository may be used. @throws INVALID_INPUT */
export function transferLimits(args: CommandArguments): TransferLimits {
  const upload = bytesPerSecond(args, 'limit-upload');
  const download = bytesPerSecond(args, 'limit-download');
  return {
    ...(upload !== undefined && { uploadBytesPerSecond: upload }),
    ...(download !== undefined && { downloadBytesPerSecond: download }),
  };
}

const units: Readonly<Record<string, number>> = { '': 1, K: KiB, M: MiB, G: GiB };

function bytesPerSecond(args: CommandArguments, name: string): number | undefined {
  return byteCount(args, name, 'Write bytes a second as 500K, 20M or 1G');
}

/** @throws INVALID_INPUT with the remedy for what is no number of bytes */
export function byteCount(args: CommandArguments, name: string, remedy: string): number | undefined {
  const text = args.option(name);
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,12})([KMG]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (units[unit.toUpperCase()] ?? NaN);
  if (bytes > 0) return bytes;
  throw new AppError('INVALID_INPUT', `--${name} ${text} is no number of bytes`, {
    object: `--${name}`,
    remedy,
  });
}

/** @throws INVALID_INPUT if the account or the place of its password is missing */
export function guestCredentials(args: CommandArguments): GuestCredentials {
  const user = args.required('guest-user');
  return { user, source: credentialSource(passwordPlace(args, 'guest-'), `the guest's account ${user}`) };
}
