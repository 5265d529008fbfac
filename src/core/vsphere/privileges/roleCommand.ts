import { rolePrivileges } from './featurePrivileges.ts';

/** What the role is called that is proposed. */
export const roleName = 'Quiesce';

/**
 * How to make a role with everything and give it to an account, for the command line tool `govc`.
 * @param user  the account; a place to fill in without one
 */
export function roleCommand(user: string | undefined): string {
  const account = user ?? String.raw`DOMAIN\user`;
  return [
    [`govc role.create ${roleName}`, ...rolePrivileges].join(' \\\n  '),
    `govc permissions.set -principal ${quoted(account)} -role ${roleName} -propagate=true /`,
  ].join('\n');
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w.@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
