import { describeRef, missingPrivileges, VimFaultError } from './faults.ts';
import { privilegeRemedy } from './faultMeanings.ts';
import type { MoRef } from './schema/moRef.ts';
import type { Vim } from './vimCaller.ts';

/** What was called by whom, when it was refused. */
export interface RefusedCall {
  readonly user: string;
  readonly operation: string;
}

/** Whether a call was refused for want of a privilege; the server did nothing then. */
export function isPermissionFault(error: unknown): error is VimFaultError & {
  readonly fault: Vim<'NoPermission'>;
} {
  return VimFaultError.isFault(error, 'NoPermission') && !VimFaultError.isFault(error, 'NotAuthenticated');
}

/**
 * The same fault in words that name account, privilege and object. The fault itself knows the object by its id alone.
 * @param nameOf  undefined for an object whose name may not be read
 */
export async function permissionError(
  error: VimFaultError & { readonly fault: Vim<'NoPermission'> },
  { user, operation }: RefusedCall,
  nameOf: (object: MoRef) => Promise<string | undefined>,
): Promise<VimFaultError> {
  const { fault, faultType, serverMessage } = error;
  const missing = missingPrivileges(fault);
  const [first] = missing;
  if (first?.object === undefined) return error;
  const name = await nameOf(first.object);
  const where = name === undefined ? describeRef(first.object) : `${name} (${describeRef(first.object)})`;
  const names = missing.map(({ privilege }) => privilege).join(', ');
  return new VimFaultError(
    'PERMISSION',
    `${user} does not have the privilege ${names} on ${where}, which ${operation} needs`,
    {
      ...{ fault, faultType, serverMessage },
      object: name ?? describeRef(first.object),
      remedy: privilegeRemedy,
      cause: error,
    },
  );
}
