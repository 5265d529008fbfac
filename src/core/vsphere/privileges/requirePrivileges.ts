import { AppError } from '../../../base/errors.ts';
import { VimFaultError } from '../faults.ts';
import { privilegeRemedy } from '../faultMeanings.ts';
import type { MoRef } from '../schema/moRef.ts';
import type { VimSession } from '../session.ts';
import { grantedPrivileges } from './grantedPrivileges.ts';

/**
 * Asks before something is begun that the account could not bring to an end. A server that cannot be asked is believed.
 * @param purpose  follows "needed to"
 * @throws PERMISSION naming what the account lacks on the object
 */
export async function requirePrivileges(
  session: VimSession,
  object: { readonly ref: MoRef; readonly name: string },
  privileges: readonly string[],
  purpose: string,
  signal: AbortSignal,
): Promise<void> {
  if (session.content.authorizationManager === undefined) return;
  let granted: ReadonlySet<string> | undefined;
  try {
    granted = (await grantedPrivileges(session, [object.ref], privileges, signal)).get(object.ref.value);
  } catch (error) {
    if (VimFaultError.isFault(error, 'MethodNotFound', 'NotSupported', 'NotImplemented')) return;
    throw error;
  }
  const missing = privileges.filter(privilege => granted?.has(privilege) !== true);
  if (missing.length === 0) return;
  throw new AppError(
    'PERMISSION',
    `${session.user} does not have the privilege ${missing.join(', ')} on ${object.name}, needed to ${purpose}`,
    { object: object.name, remedy: privilegeRemedy },
  );
}
