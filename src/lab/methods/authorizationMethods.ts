import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Permission } from '../access/access.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { VimFault } from '../soap/vimFault.ts';
import type { MethodCall, MethodTable } from './methodCall.ts';

/** Roles, permissions, and what somebody may do. */
export const authorizationMethods: MethodTable = {
  HasPrivilegeOnEntities: {
    on: 'AuthorizationManager',
    answer: call => {
      const live = call.lab.sessions.live();
      const session = live.find(({ key }) => key === call.parameters['sessionId']);
      // What somebody else may do is nobody's business who may not look at sessions.
      if (session === undefined) throw new VimFault('NotAuthenticated', 'The session is not authenticated.');
      return availability(call, session.userName, call.parameters['entity'] as readonly MoRef[]);
    },
  },
  HasUserPrivilegeOnEntities: {
    on: 'AuthorizationManager',
    answer: call => availability(call, userIn(call), call.parameters['entities'] as readonly MoRef[]),
  },
  FetchUserPrivilegeOnEntities: {
    on: 'AuthorizationManager',
    answer: call => {
      const user = userIn(call);
      const entities = call.parameters['entities'] as readonly MoRef[];
      return entities.map(entity => ({
        entity,
        privileges: [...call.lab.access.privilegesOn(user, call.lab.registry.get(entity).ref)],
      }));
    },
  },
  RetrieveEntityPermissions: {
    on: 'AuthorizationManager',
    answer: ({ lab, parameters }) => {
      const entity = lab.registry.get(parameters['entity'] as MoRef).ref;
      const chain = parameters['inherited'] === true ? lab.access.ancestry(entity) : [entity];
      return chain.flatMap(ref => lab.access.permissionsOn(ref)).map(describePermission);
    },
  },
  SetEntityPermissions: {
    on: 'AuthorizationManager',
    answer: ({ lab, parameters }) => {
      const entity = lab.registry.get(parameters['entity'] as MoRef).ref;
      for (const permission of (parameters['permission'] ?? []) as readonly PlainObject[])
        lab.access.permit({
          entity,
          user: permission['principal'] as string,
          roleId: permission['roleId'] as number,
          propagate: permission['propagate'] === true,
        });
    },
  },
  AddAuthorizationRole: {
    on: 'AuthorizationManager',
    answer: ({ lab, parameters }) =>
      lab.access.roles.add(parameters['name'] as string, privilegesIn(parameters)).id,
  },
  UpdateAuthorizationRole: {
    on: 'AuthorizationManager',
    answer: ({ lab, parameters }) => {
      lab.access.roles.change(
        parameters['roleId'] as number,
        parameters['newName'] as string,
        privilegesIn(parameters),
      );
    },
  },
};

function availability({ lab, session, parameters }: MethodCall, user: string, entities: readonly MoRef[]) {
  const wanted = (parameters['privId'] ?? []) as readonly string[];
  return entities.map(ref => {
    const entity = lab.registry.get(ref).ref;
    lab.access.require(session.userName, entity, 'System.Read');
    const held = lab.access.privilegesOn(user, entity);
    return { entity, privAvailability: wanted.map(privId => ({ privId, isGranted: held.has(privId) })) };
  });
}

/** @throws VimFault NotFound for somebody the server does not know */
function userIn({ lab, parameters }: MethodCall): string {
  const user = lab.sessions.accountNamed(parameters['userName'] as string);
  if (user === undefined)
    throw new VimFault('NotFound', 'The object or item referred to could not be found.');
  return user;
}

function privilegesIn(parameters: PlainObject): readonly string[] {
  return (parameters['privIds'] ?? []) as readonly string[];
}

function describePermission({ user, entity, roleId, propagate }: Permission): PlainObject {
  return { entity, principal: user, group: false, roleId, propagate };
}
