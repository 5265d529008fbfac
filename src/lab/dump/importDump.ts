import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Clock } from '../../base/clock.ts';
import { isMoRef } from '../../core/vsphere/schema/moRef.ts';
import { describedObject, textIn, type PlainObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import type { Places } from '../model/places.ts';
import type { Personality } from '../personality.ts';
import type { Dump } from './readDump.ts';

/** What a server is that was saved, as the lab passes for it. */
export function personalityOfDump({ content }: Dump): Personality {
  const about = content['about'] as PlainObject;
  return {
    apiVersion: textIn(about, 'apiVersion') ?? '',
    productVersion: textIn(about, 'version') ?? '',
    hardware: 'vmx-99',
    isHost: textIn(about, 'apiType') === 'HostAgent',
  };
}

/** Puts a saved inventory into the registry, to be read alone. What the lab serves by itself keeps the ids it had there. */
export function importDump({ content, objects }: Dump, registry: ObjectRegistry, clock: Clock): Places {
  const served = Object.fromEntries(
    Object.entries(content).filter(([name]) => name === 'about' || servedManagers.has(name)),
  );
  registry.add(
    describedObject(
      { type: 'ServiceInstance', value: 'ServiceInstance' },
      { content: served, serverClock: () => clock.now() },
    ),
  );
  for (const ref of Object.values(served).filter(isMoRef))
    if (ref.value !== (content['rootFolder'] as MoRef).value) registry.add(describedObject(ref, {}));
  for (const { ref, properties } of objects)
    if (registry.find(ref) === undefined) registry.add(describedObject(ref, properties));
  return placesOf(content['rootFolder'] as MoRef);
}

const servedManagers = new Set([
  ...['rootFolder', 'propertyCollector', 'viewManager', 'sessionManager', 'taskManager', 'searchIndex'],
]);

/** Only where one begins to look; nothing new finds a place here. */
function placesOf(rootFolder: MoRef): Places {
  return {
    names: { root: '', datacenter: '', cluster: '' },
    ...{ rootFolder, datacenter: rootFolder, vmFolder: rootFolder, hostFolder: rootFolder },
    ...{
      datastoreFolder: rootFolder,
      networkFolder: rootFolder,
      resourcePool: rootFolder,
      cluster: rootFolder,
    },
    ...{ vmFolders: new Map(), hosts: [], datastores: new Map(), networks: new Map() },
  };
}
