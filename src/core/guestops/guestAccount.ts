import type { GuestNode } from './guestSession.ts';

/** An account with the groups it is in, as the guest's own files say. */
export interface GuestAccount {
  readonly uid: number;
  readonly gids: readonly number[];
}

/**
 * The account in the texts of /etc/passwd and /etc/group; undefined if it is not there, as accounts of a directory
 * service are not.
 */
export function parseAccount(user: string, passwd: string, group: string): GuestAccount | undefined {
  const fields = passwd
    .split('\n')
    .map(line => line.split(':'))
    .find(([name]) => name === user);
  const [uid, gid] = [numberIn(fields?.[2]), numberIn(fields?.[3])];
  if (uid === undefined || gid === undefined) return undefined;
  const others = group.split('\n').flatMap(line => {
    const [, , id, members = ''] = line.split(':');
    const found = members.split(',').includes(user) ? numberIn(id) : undefined;
    return found === undefined ? [] : [found];
  });
  return { uid, gids: [...new Set([gid, ...others])] };
}

/** By the permission bits; access control lists of the guest may say otherwise. Undefined if it cannot be told. */
export function mayWriteIn(
  folder: GuestNode,
  user: string,
  account: GuestAccount | undefined,
): boolean | undefined {
  if (user === 'root' || account?.uid === 0) return true;
  const { mode, uid, gid } = folder;
  if (account === undefined || mode === undefined || gid === undefined) return undefined;
  const shift = account.uid === uid ? 6 : account.gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o3) === 0o3;
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
