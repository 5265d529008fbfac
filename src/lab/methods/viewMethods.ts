import { AppError } from '../../base/errors.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { isManagedSubtype } from '../../core/vsphere/schema/schema.ts';
import { describedObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import type { Sees } from '../properties/selection.ts';
import type { LabSession } from '../sessions.ts';
import { ListView } from '../model/listView.ts';
import { instanceOf, type MethodTable } from './methodCall.ts';

export const viewMethods: MethodTable = {
  CreateContainerView: {
    on: 'ViewManager',
    answer: ({ lab, session, parameters }) => {
      const container = lab.registry.get(parameters['container'] as MoRef).ref;
      const type = parameters['type'] as readonly string[] | undefined;
      const recursive = parameters['recursive'] as boolean;
      const ref = { type: 'ContainerView', value: `session[${session.key}]${lab.registry.newId('view')}` };
      lab.registry.add(
        describedObject(ref, {
          container,
          type: type ?? [],
          recursive,
          view: () =>
            entitiesIn(lab.registry, container, type ?? [], recursive, found =>
              lab.access.sees(session.userName, found),
            ),
        }),
      );
      session.ownedObjects.add(ref);
      return ref;
    },
  },
  CreateListView: {
    on: 'ViewManager',
    answer: ({ lab, session, parameters }) => {
      const value = `session[${session.key}]${lab.registry.newId('view')}`;
      const view = new ListView({ type: 'ListView', value }, (parameters['obj'] ?? []) as readonly MoRef[]);
      session.ownedObjects.add(lab.registry.add(view).ref);
      return view.ref;
    },
  },
  ModifyListView: {
    on: 'ListView',
    answer: ({ lab, self, parameters }) => {
      const { add = [], remove = [] } = parameters as ListChange;
      instanceOf(self, ListView).modify(add, remove);
      lab.registry.changed(self.ref);
      return [];
    },
  },
  ResetListView: {
    on: 'ListView',
    answer: ({ lab, self, parameters }) => {
      instanceOf(self, ListView).reset((parameters['obj'] ?? []) as readonly MoRef[]);
      lab.registry.changed(self.ref);
      return [];
    },
  },
  DestroyView: { on: 'View', answer: ({ lab, session, self }) => dropOwned(lab.registry, session, self.ref) },
};

interface ListChange {
  readonly add?: readonly MoRef[];
  readonly remove?: readonly MoRef[];
}

/** Removes something a session has made. */
export function dropOwned(registry: ObjectRegistry, session: LabSession, ref: MoRef): void {
  registry.remove(ref);
  for (const owned of session.ownedObjects) if (owned.value === ref.value) session.ownedObjects.delete(owned);
}

/** The properties through which the inventory descends, by type. */
const childProperties: Readonly<Record<string, readonly string[]>> = {
  Folder: ['childEntity'],
  Datacenter: ['vmFolder', 'hostFolder', 'datastoreFolder', 'networkFolder'],
  ComputeResource: ['host', 'resourcePool'],
  ClusterComputeResource: ['host', 'resourcePool'],
  ResourcePool: ['resourcePool', 'vm'],
  VirtualApp: ['resourcePool', 'vm'],
  HostSystem: ['vm'],
};

function entitiesIn(
  registry: ObjectRegistry,
  container: MoRef,
  types: readonly string[],
  recursive: boolean,
  sees: Sees,
): MoRef[] {
  const found = new Map<string, MoRef>();
  const waiting = [container];
  for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) {
    for (const child of childrenOf(registry, ref)) {
      if (found.has(child.value) || !sees(child)) continue;
      found.set(child.value, child);
      if (recursive) waiting.push(child);
    }
    if (found.size > 1_000_000) throw new AppError('INTERNAL', 'the inventory has no end');
  }
  const wanted = (ref: MoRef) => types.length === 0 || types.some(type => isManagedSubtype(ref.type, type));
  return [...found.values()].filter(wanted);
}

function childrenOf(registry: ObjectRegistry, ref: MoRef): MoRef[] {
  const object = registry.find(ref);
  if (object === undefined) return [];
  return (childProperties[ref.type] ?? []).flatMap(name => {
    const value = object.property(name);
    return value === undefined ? [] : Array.isArray(value) ? (value as MoRef[]) : [value as MoRef];
  });
}
