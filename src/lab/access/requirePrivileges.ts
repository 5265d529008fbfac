import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabContext } from '../labContext.ts';
import type { ManagedObject, PlainObject } from '../model/managedObject.ts';
import { dependentNeeds, type Need } from './dependentPrivileges.ts';
import { methodPrivileges } from './methodPrivileges.ts';

/**
 * Lets a call pass that the user may make.
 * @throws VimFault NoPermission naming the first privilege that is missing, and the object
 */
export function requirePrivileges(
  lab: LabContext,
  user: string,
  method: string,
  self: ManagedObject,
  parameters: PlainObject,
): void {
  if (!lab.access.sees(user, self.ref)) lab.access.require(user, self.ref, 'System.View');
  for (const { entity, privilege } of [
    ...declaredNeeds(method, self, parameters),
    ...dependentNeeds(lab.inventory, method, self, parameters),
  ])
    lab.access.require(user, entity, privilege);
}

function declaredNeeds(method: string, self: ManagedObject, parameters: PlainObject): readonly Need[] {
  return Object.entries(methodPrivileges[method] ?? {}).flatMap(([where, privilege]) => {
    const entity = where === 'self' ? self.ref : (parameters[where] as MoRef | undefined);
    return entity === undefined ? [] : [{ privilege, entity }];
  });
}
