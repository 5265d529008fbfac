import type { Secret } from '../../base/secret.ts';

/** Somebody who may log in to a guest. */
export interface GuestAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The guests' accounts: the administrator, and one who may write to hardly anything. */
export const guestAccounts: readonly GuestAccount[] = [
  { name: 'root', uid: 0, gid: 0, home: '/root' },
  { name: 'user', uid: 1000, gid: 1000, home: '/home/user' },
];

/** By the account's name. */
export type GuestPasswords = ReadonlyMap<string, Secret>;

/** Undefined if name or password are wrong. */
export function logInToGuest(
  passwords: GuestPasswords,
  name: string,
  password: string,
): GuestAccount | undefined {
  const account = guestAccounts.find(candidate => candidate.name === name);
  return account !== undefined && passwords.get(name)?.reveal() === password ? account : undefined;
}

export const passwdText = guestAccounts
  .map(({ name, uid, gid, home }) => `${name}:x:${uid}:${gid}::${home}:/bin/sh\n`)
  .join('');

export const groupText = guestAccounts.map(({ name, gid }) => `${name}:x:${gid}:\n`).join('');

interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Whether the bits of a node's mode allow it: 4 to read, 2 to write, 1 to execute or search. */
export function mayAccess(account: GuestAccount, { mode, uid, gid }: Owned, bit: 1 | 2 | 4): boolean {
  if (account.uid === 0) return true;
  const shift = account.uid === uid ? 6 : account.gid === gid ? 3 : 0;
  return ((mode >> shift) & bit) !== 0;
}
