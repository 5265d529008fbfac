import type { Clock } from '../../base/clock.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { schemaVersion } from '../../core/vsphere/schema/schema.ts';
import { LabTask } from './labTask.ts';
import { describedObject } from './managedObject.ts';
import type { ObjectRegistry } from './objectRegistry.ts';

/** Puts the service's own objects into the registry: what a client finds through the service content. */
export function createServices(
  registry: ObjectRegistry,
  clock: Clock,
  rootFolder: MoRef,
  instanceUuid: string,
): void {
  const content = {
    rootFolder,
    propertyCollector: { type: 'PropertyCollector', value: 'propertyCollector' },
    viewManager: { type: 'ViewManager', value: 'ViewManager' },
    about: {
      name: 'VMware vCenter Server',
      fullName: 'Quiesce lab, a simulation of VMware vCenter Server 8.0.3',
      vendor: 'Quiesce lab (simulation)',
      version: '8.0.3',
      build: '0',
      localeVersion: 'INTL',
      localeBuild: '000',
      osType: 'linux-x64',
      productLineId: 'vpx',
      apiType: 'VirtualCenter',
      apiVersion: schemaVersion,
      instanceUuid,
      licenseProductName: 'Quiesce lab (simulation)',
      licenseProductVersion: '8.0',
    },
    sessionManager: { type: 'SessionManager', value: 'SessionManager' },
    taskManager: { type: 'TaskManager', value: 'TaskManager' },
    searchIndex: { type: 'SearchIndex', value: 'SearchIndex' },
    ovfManager: { type: 'OvfManager', value: 'OvfManager' },
    guestOperationsManager: { type: 'GuestOperationsManager', value: 'guestOperationsManager' },
  };
  registry.add(
    describedObject(
      { type: 'ServiceInstance', value: 'ServiceInstance' },
      { content, serverClock: () => clock.now() },
    ),
  );
  registry.add(describedObject(content.propertyCollector, { filter: [] }));
  registry.add(describedObject(content.viewManager, {}));
  registry.add(describedObject(content.sessionManager, { sessionList: [] }));
  registry.add(
    describedObject(content.taskManager, {
      recentTask: () => [...registry.instancesOf(LabTask)].slice(-10).map(task => task.ref),
    }),
  );
  registry.add(describedObject(content.searchIndex, {}));
  registry.add(describedObject(content.ovfManager, {}));
  const authManager = { type: 'GuestAuthManager', value: 'guestOperationsAuthManager' };
  const fileManager = { type: 'GuestFileManager', value: 'guestOperationsFileManager' };
  registry.add(describedObject(content.guestOperationsManager, { authManager, fileManager }));
  registry.add(describedObject(authManager, {}));
  registry.add(describedObject(fileManager, {}));
}
