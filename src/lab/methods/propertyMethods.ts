import { toHex } from '../../base/random.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { Collector, maxObjectsPerAnswer } from '../properties/collector.ts';
import { checkPropertySpecs, objectContent, type FoundObject } from '../properties/objectContent.ts';
import { PropertyFilter } from '../properties/propertyFilter.ts';
import { selectObjects, type FilterSpec, type Sees } from '../properties/selection.ts';
import { invalidArgument } from '../soap/vimFault.ts';
import type { MethodCall, MethodTable } from './methodCall.ts';
import { dropOwned } from './viewMethods.ts';

export const propertyMethods: MethodTable = {
  RetrieveProperties: {
    on: 'PropertyCollector',
    answer: call => {
      const found = selected(call);
      return found.map(({ object, propSet }) => objectContent(object, propSet, call.version));
    },
  },
  RetrievePropertiesEx: {
    on: 'PropertyCollector',
    answer: call => {
      const options = call.parameters['options'] as { readonly maxObjects?: number };
      return page(call, selected(call), options.maxObjects);
    },
  },
  ContinueRetrievePropertiesEx: {
    on: 'PropertyCollector',
    answer: call => {
      const rest = takeRest(call);
      return page(call, rest.objects, rest.pageSize);
    },
  },
  CancelRetrievePropertiesEx: {
    on: 'PropertyCollector',
    answer: call => {
      takeRest(call);
    },
  },
  CreatePropertyCollector: {
    on: 'PropertyCollector',
    answer: ({ lab, session }) => {
      const value = `session[${session.key}]${lab.registry.newId('collector')}`;
      const collector = lab.registry.add(new Collector({ type: 'PropertyCollector', value }, lab.registry));
      session.ownedObjects.add(collector.ref);
      return collector.ref;
    },
  },
  DestroyPropertyCollector: {
    on: 'PropertyCollector',
    answer: call => {
      const collector = collectorOf(call);
      collector.cancelWait();
      for (const ref of collector.property() as MoRef[]) dropOwned(call.lab.registry, call.session, ref);
      dropOwned(call.lab.registry, call.session, collector.ref);
    },
  },
  CreateFilter: {
    on: 'PropertyCollector',
    answer: call => {
      const { lab, session, parameters, version } = call;
      const spec = parameters['spec'] as FilterSpec;
      checkPropertySpecs(spec.propSet, version);
      const sees = sight(call);
      selectObjects(lab.registry, spec, sees);
      const value = `session[${session.key}]${lab.registry.newId('filter')}`;
      const filter = new PropertyFilter(
        { type: 'PropertyFilter', value },
        spec,
        parameters['partialUpdates'] as boolean,
        version,
        sees,
      );
      lab.registry.add(filter);
      session.ownedObjects.add(filter.ref);
      collectorOf(call).addFilter(filter);
      return filter.ref;
    },
  },
  DestroyPropertyFilter: {
    on: 'PropertyFilter',
    answer: ({ lab, session, self }) => {
      session.defaultCollector?.dropFilter(self.ref);
      for (const collector of lab.registry.instancesOf(Collector)) collector.dropFilter(self.ref);
      dropOwned(lab.registry, session, self.ref);
    },
  },
  // The older way to ask without waiting, which knows no limit.
  CheckForUpdates: {
    on: 'PropertyCollector',
    answer: async call => {
      const version = (call.parameters['version'] ?? '') as string;
      return await collectorOf(call).waitForUpdates(version, Infinity, 0, call.signal);
    },
  },
  WaitForUpdatesEx: {
    on: 'PropertyCollector',
    answer: async call => {
      const version = (call.parameters['version'] ?? '') as string;
      const options = (call.parameters['options'] ?? {}) as {
        readonly maxWaitSeconds?: number;
        readonly maxObjectUpdates?: number;
      };
      const seconds = options.maxWaitSeconds;
      if (seconds !== undefined && seconds < 0) throw invalidArgument('options.maxWaitSeconds');
      return await collectorOf(call).waitForUpdates(
        version,
        Math.min(options.maxObjectUpdates ?? maxObjectsPerAnswer, maxObjectsPerAnswer),
        seconds === undefined ? undefined : seconds * 1000,
        call.signal,
      );
    },
  },
  CancelWaitForUpdates: { on: 'PropertyCollector', answer: call => collectorOf(call).cancelWait() },
};

/** A client's own collector, or the server's with this session's filters. */
function collectorOf({ lab, session, self }: MethodCall): Collector {
  if (self instanceof Collector) return self;
  session.defaultCollector ??= new Collector(self.ref, lab.registry);
  return session.defaultCollector;
}

/** What the caller may see. */
function sight({ lab, session }: MethodCall): Sees {
  return ref => lab.access.sees(session.userName, ref);
}

function selected(call: MethodCall): FoundObject[] {
  const { lab, parameters, version } = call;
  const specs = parameters['specSet'] as readonly FilterSpec[];
  return specs.flatMap(spec => {
    checkPropertySpecs(spec.propSet, version);
    const { objects } = selectObjects(lab.registry, spec, sight(call));
    return objects.map(object => ({ object, propSet: spec.propSet }));
  });
}

function page(call: MethodCall, found: readonly FoundObject[], wantedSize: number | undefined): unknown {
  if (found.length === 0) return undefined;
  if (wantedSize !== undefined && wantedSize < 1) throw invalidArgument('options.maxObjects');
  const pageSize = Math.min(wantedSize ?? maxObjectsPerAnswer, maxObjectsPerAnswer);
  const objects = found
    .slice(0, pageSize)
    .map(({ object, propSet }) => objectContent(object, propSet, call.version));
  if (found.length <= pageSize) return { objects };
  const token = toHex(call.lab.random.bytes(8));
  call.session.unfinishedRetrievals.set(token, { objects: found.slice(pageSize), pageSize });
  return { token, objects };
}

function takeRest(call: MethodCall): { objects: readonly FoundObject[]; pageSize: number } {
  const token = call.parameters['token'] as string;
  const rest = call.session.unfinishedRetrievals.get(token);
  if (rest === undefined) throw invalidArgument('token');
  call.session.unfinishedRetrievals.delete(token);
  return rest;
}
