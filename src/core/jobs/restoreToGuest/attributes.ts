import type { GuestAccount } from '../../guestops/guestAccount.ts';
import type { GuestAttributes, GuestNode } from '../../guestops/guestSession.ts';
import type { NodeStat, Timestamp } from '../../guestfs/guestFileSystem.ts';

/** Who restores, as far as the guest has told. */
export interface Restorer {
  readonly user: string;
  /** Undefined if the guest does not tell which user and groups that is. */
  readonly account: GuestAccount | undefined;
}

/** Set-user-id and set-group-id: with another owner they would give away what was not theirs to give. */
const takeoverBits = 0o6000;

export function isAdministrator({ user, account }: Restorer): boolean {
  return user === 'root' || account?.uid === 0;
}

/** What can be set of what the restore point has: only the administrator may give a file to somebody else. */
export function settableAttributes(stat: NodeStat, restorer: Restorer): GuestAttributes {
  const { uid, gid, mode } = stat;
  const modifiedAt = dateOf(stat.modifiedAt);
  if (isAdministrator(restorer)) return { uid, gid, mode, modifiedAt };
  const { account } = restorer;
  if (account?.uid === uid && account.gids.includes(gid)) return { gid, mode, modifiedAt };
  return { mode: mode & ~takeoverBits, modifiedAt };
}

/** Whether what is set is all the restore point has. */
export function keepsOwner(stat: NodeStat, restorer: Restorer): boolean {
  const { account } = restorer;
  return isAdministrator(restorer) || (account?.uid === stat.uid && account.gids.includes(stat.gid));
}

/** What of `wanted` the guest's node does not have; times are told in whole seconds by some guests. */
export function attributeDifferences(wanted: GuestAttributes, node: GuestNode): string[] {
  const differences: string[] = [];
  const differ = (what: string, has: number | undefined, should: number | undefined, base: number) => {
    if (should !== undefined && has !== should)
      differences.push(`${what} is ${has?.toString(base) ?? 'unknown'}, not ${should.toString(base)}`);
  };
  differ('the owner', node.uid, wanted.uid, 10);
  differ('the group', node.gid, wanted.gid, 10);
  differ('the mode', node.mode, wanted.mode, 8);
  if (wanted.modifiedAt !== undefined && !isSameSecond(node.modifiedAt, wanted.modifiedAt))
    differences.push(
      `the time is ${node.modifiedAt?.toISOString() ?? 'unknown'}, not ${wanted.modifiedAt.toISOString()}`,
    );
  return differences;
}

export function isSameSecond(left: Date | undefined, right: Date): boolean {
  return left !== undefined && Math.floor(left.getTime() / 1000) === Math.floor(right.getTime() / 1000);
}

export function dateOf({ seconds, nanoseconds }: Timestamp): Date {
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
}
