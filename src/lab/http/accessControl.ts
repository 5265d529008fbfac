import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Role } from '../access/roles.ts';
import type { LabContext } from '../labContext.ts';
import { HttpError } from './httpAnswer.ts';

type Body = Readonly<Record<string, unknown>>;

export function describeRole({ id, name, isSystem, privileges }: Role): unknown {
  return { id, name, isSystem, privileges: [...privileges] };
}

/** Makes a role of that name, or gives the one there is other privileges. */
export function setRole(lab: LabContext, name: string, body: Body): unknown {
  const { privileges } = body;
  if (!Array.isArray(privileges) || !privileges.every(privilege => typeof privilege === 'string'))
    throw new HttpError(400, 'privileges is not a list of names');
  const { roles } = lab.access;
  const known = roles.named(name);
  const role = known === undefined ? roles.add(name, privileges) : roles.change(known.id, name, privileges);
  lab.registry.changed();
  return describeRole(role);
}

/** Gives an account a role on an object and everything below it, by default on everything. */
export function setAccount(lab: LabContext, name: string, body: Body): unknown {
  const user = lab.sessions.accountNamed(name);
  if (user === undefined) throw new HttpError(404, `There is no account ${name}`);
  const entity = body['entity'] === undefined ? lab.inventory.rootFolder : entityIn(lab, body['entity']);
  lab.access.permitRole(user, String(body['role']), entity);
  return { user, role: body['role'], entity: entity.value };
}

function entityIn(lab: LabContext, id: unknown): MoRef {
  const found = lab.registry.withId(String(id));
  if (found === undefined) throw new HttpError(404, `There is no object ${String(id)}`);
  return found.ref;
}
