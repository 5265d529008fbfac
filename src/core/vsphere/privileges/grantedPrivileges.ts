import { isPermissionFault } from '../permissionError.ts';
import type { MoRef } from '../schema/moRef.ts';
import { required, type VimSession } from '../session.ts';

/** By id of the object, those of the privileges that hold there. */
export type GrantedPrivileges = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What the session's account may do on objects. The server answers for the session itself: no name of a user or group has
 * to be spelled as it does. It answers nothing if one of the objects may only be seen; the others are asked for without it.
 * @throws UNSUPPORTED_FORMAT for a server without authorization manager
 */
export async function grantedPrivileges(
  session: VimSession,
  objects: readonly MoRef[],
  privileges: readonly string[],
  signal: AbortSignal,
): Promise<GrantedPrivileges> {
  for (let rest = objects; rest.length > 0;) {
    try {
      return await ask(session, rest, privileges, signal);
    } catch (error) {
      if (!isPermissionFault(error)) throw error;
      const others = rest.filter(({ value }) => value !== error.fault.object?.value);
      if (others.length === rest.length) throw error;
      rest = others;
    }
  }
  return new Map();
}

async function ask(
  session: VimSession,
  entity: readonly MoRef[],
  privId: readonly string[],
  signal: AbortSignal,
): Promise<GrantedPrivileges> {
  const manager = required(session.content.authorizationManager, 'authorization manager', session.server);
  const answers = await session.call(
    'HasPrivilegeOnEntities',
    manager,
    { entity, sessionId: session.key, privId },
    signal,
  );
  return new Map(
    answers.map(({ entity: { value }, privAvailability }) => [
      value,
      new Set(privAvailability.filter(({ isGranted }) => isGranted).map(({ privId: id }) => id)),
    ]),
  );
}
