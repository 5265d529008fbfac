import type { Clock } from '../../base/clock.ts';
import { knownPrivileges, type Role, type Roles } from '../access/roles.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Faults } from '../control.ts';
import { describedEvents, eventCategories } from '../history/eventNames.ts';
import type { EventLog } from '../history/eventLog.ts';
import { describedTasks, taskStates } from '../history/taskNames.ts';
import type { ServerState } from '../personality.ts';
import { LabTask } from './labTask.ts';
import { describedObject, type PlainObject } from './managedObject.ts';
import type { ObjectRegistry } from './objectRegistry.ts';
import { aboutServer } from './product.ts';

export interface ServiceParts {
  readonly registry: ObjectRegistry;
  readonly clock: Clock;
  readonly roles: Roles;
  readonly rootFolder: MoRef;
  readonly instanceUuid: string;
  readonly server: ServerState;
  readonly faults: Faults;
  readonly events: EventLog;
}

/** Puts the service's own objects into the registry: what a client finds through the service content. */
export function createServices({
  registry,
  clock,
  roles,
  rootFolder,
  instanceUuid,
  server,
  faults,
  events,
}: ServiceParts): void {
  const content = {
    rootFolder,
    propertyCollector: { type: 'PropertyCollector', value: 'propertyCollector' },
    viewManager: { type: 'ViewManager', value: 'ViewManager' },
    sessionManager: { type: 'SessionManager', value: 'SessionManager' },
    authorizationManager: { type: 'AuthorizationManager', value: 'AuthorizationManager' },
    eventManager: events.ref,
    taskManager: { type: 'TaskManager', value: 'TaskManager' },
    licenseManager: { type: 'LicenseManager', value: 'LicenseManager' },
    searchIndex: { type: 'SearchIndex', value: 'SearchIndex' },
    fileManager: { type: 'FileManager', value: 'FileManager' },
    virtualDiskManager: { type: 'VirtualDiskManager', value: 'virtualDiskManager' },
    ovfManager: { type: 'OvfManager', value: 'OvfManager' },
    guestOperationsManager: { type: 'GuestOperationsManager', value: 'guestOperationsManager' },
  };
  registry.add(
    describedObject(
      { type: 'ServiceInstance', value: 'ServiceInstance' },
      {
        content: () => ({ ...content, about: aboutServer(server.personality, instanceUuid) }),
        serverClock: () => clock.now(),
      },
    ),
  );
  registry.add(describedObject(content.propertyCollector, { filter: [] }));
  registry.add(describedObject(content.viewManager, {}));
  registry.add(describedObject(content.sessionManager, { sessionList: [] }));
  registry.add(
    describedObject(content.authorizationManager, {
      privilegeList: [...knownPrivileges].map(describePrivilege),
      roleList: () => roles.all().map(describeRole),
    }),
  );
  registry.add(
    describedObject(content.taskManager, {
      recentTask: () => [...registry.instancesOf(LabTask)].slice(-10).map(task => task.ref),
      description: { methodInfo: describedTasks(), state: taskStates, reason: [] },
      maxCollector: 32,
    }),
  );
  registry.add(
    describedObject(events.ref, {
      description: { category: eventCategories, eventInfo: describedEvents() },
      latestEvent: () => events.events.at(-1),
      maxCollector: 32,
    }),
  );
  registry.add(
    describedObject(content.licenseManager, { licenses: () => [faults.freeLicense ? freeLicense : license] }),
  );
  registry.add(describedObject(content.searchIndex, {}));
  registry.add(describedObject(content.fileManager, {}));
  registry.add(describedObject(content.virtualDiskManager, {}));
  registry.add(describedObject(content.ovfManager, {}));
  const authManager = { type: 'GuestAuthManager', value: 'guestOperationsAuthManager' };
  const fileManager = { type: 'GuestFileManager', value: 'guestOperationsFileManager' };
  const processManager = { type: 'GuestProcessManager', value: 'guestOperationsProcessManager' };
  registry.add(describedObject(content.guestOperationsManager, { authManager, fileManager, processManager }));
  registry.add(describedObject(processManager, {}));
  registry.add(describedObject(authManager, {}));
  registry.add(describedObject(fileManager, {}));
}

/** The key is no license: nothing could be unlocked with it. */
const license: PlainObject = {
  licenseKey: '00000-00000-00000-00000-00000',
  editionKey: 'esx.enterprisePlus.cpuPackage',
  name: 'Quiesce lab (simulation)',
  total: 16,
  costUnit: 'cpuPackage',
};

const freeLicense: PlainObject = { ...license, editionKey: 'esxBasic', costUnit: 'cpuPackage:8core' };
/** `VirtualMachine.State.CreateSnapshot` is the privilege `CreateSnapshot` of the group `VirtualMachine.State`. */
function describePrivilege(privId: string): PlainObject {
  const dot = privId.lastIndexOf('.');
  return { privId, onParent: false, name: privId.slice(dot + 1), privGroupName: privId.slice(0, dot) };
}

function describeRole({ id, name, label, isSystem, privileges }: Role): PlainObject {
  const info = { label, summary: label };
  return { roleId: id, system: isSystem, name, info, privilege: [...privileges] };
}
