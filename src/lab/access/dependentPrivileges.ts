import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Inventory } from '../model/inventory.ts';
import { LabVm } from '../model/labVm.ts';
import type { ManagedObject, PlainObject } from '../model/managedObject.ts';

/** A privilege that a call needs on an object. */
export interface Need {
  readonly privilege: string;
  readonly entity: MoRef;
}

type NeedsOf = (inventory: Inventory, self: ManagedObject, parameters: PlainObject) => readonly Need[];

const config = {
  addNewDisk: 'VirtualMachine.Config.AddNewDisk',
  addExistingDisk: 'VirtualMachine.Config.AddExistingDisk',
  removeDisk: 'VirtualMachine.Config.RemoveDisk',
  device: 'VirtualMachine.Config.AddRemoveDevice',
  editDevice: 'VirtualMachine.Config.EditDevice',
  settings: 'VirtualMachine.Config.Settings',
  connection: 'VirtualMachine.Interact.DeviceConnection',
} as const;

/** Whether their medium is connected is what is mostly changed of them. */
const removableDrives: readonly string[] = ['VirtualCdrom', 'VirtualFloppy'];

/** What of a VM's configuration needs a privilege of its own to be changed; everything else is `settings`. */
const fieldPrivileges: Readonly<Record<string, string>> = {
  name: 'VirtualMachine.Config.Rename',
  annotation: 'VirtualMachine.Config.Annotation',
  numCPUs: 'VirtualMachine.Config.CPUCount',
  memoryMB: 'VirtualMachine.Config.Memory',
  changeTrackingEnabled: 'VirtualMachine.Config.ChangeTracking',
  extraConfig: 'VirtualMachine.Config.AdvancedConfig',
};

/** On the folder of a VM that comes from an OVF descriptor, as vSphere's manual lists it for that task. */
const importPrivileges = [
  'VirtualMachine.Inventory.Create',
  config.addNewDisk,
  config.device,
  'VirtualMachine.Config.AdvancedConfig',
  'VirtualMachine.Config.Memory',
  config.settings,
  config.editDevice,
];

const removePrivilege = 'VirtualMachine.Inventory.Delete';
const networkPrivilege = 'Network.Assign';
const poolPrivilege = 'Resource.AssignVMToPool';
const hotMigratePrivilege = 'Resource.HotMigrate';
const spacePrivilege = 'Datastore.AllocateSpace';

/** All that may be asked for here. */
export const dependentPrivileges: readonly string[] = [
  ...Object.values(config),
  ...Object.values(fieldPrivileges),
  ...importPrivileges,
  ...[removePrivilege, networkPrivilege, poolPrivilege, hotMigratePrivilege, spacePrivilege],
];

/** Privileges that depend on what a request holds; the API declares none for these methods. */
const needsByMethod: Readonly<Record<string, NeedsOf>> = {
  ReconfigVM_Task: (_, self, { spec }) =>
    reconfiguration(spec as PlainObject).map(privilege => ({ privilege, entity: self.ref })),
  Rename_Task: (_, self) => [{ privilege: 'VirtualMachine.Config.Rename', entity: self.ref }],
  Destroy_Task: (_, self) => {
    const folder = self instanceof LabVm ? [self.home.folder] : [];
    return [self.ref, ...folder].map(entity => ({ privilege: removePrivilege, entity }));
  },
  RelocateVM_Task: (_, self, { spec }) => relocation(self, spec as PlainObject),
  ImportVApp: (inventory, self, { spec, folder }) => {
    const { configSpec } = spec as PlainObject;
    const place = (folder ?? inventory.vmFolder) as MoRef;
    return [
      { privilege: poolPrivilege, entity: self.ref },
      ...importPrivileges.map(privilege => ({ privilege, entity: place })),
      ...networksIn(configSpec as PlainObject | undefined).map(entity => ({
        ...{ privilege: networkPrivilege, entity },
      })),
    ];
  },
};

export function dependentNeeds(
  inventory: Inventory,
  method: string,
  self: ManagedObject,
  parameters: PlainObject,
): readonly Need[] {
  return needsByMethod[method]?.(inventory, self, parameters) ?? [];
}

/** What a VM is moved to must let it come; one that runs needs more than the declared privilege. */
function relocation(self: ManagedObject, spec: PlainObject): readonly Need[] {
  const {
    pool,
    datastore,
    disk = [],
  } = spec as {
    readonly pool?: MoRef;
    readonly datastore?: MoRef;
    readonly disk?: readonly { readonly datastore: MoRef }[];
  };
  const isOn = self instanceof LabVm && self.powerState === 'poweredOn';
  const datastores = [datastore, ...disk.map(locator => locator.datastore)].flatMap(ref => ref ?? []);
  return [
    ...(isOn ? [{ privilege: hotMigratePrivilege, entity: self.ref }] : []),
    ...(pool === undefined ? [] : [{ privilege: poolPrivilege, entity: pool }]),
    ...datastores.map(entity => ({ privilege: spacePrivilege, entity })),
    ...networksIn(spec).map(entity => ({ privilege: networkPrivilege, entity })),
  ];
}

function reconfiguration(spec: PlainObject): readonly string[] {
  const { deviceChange, ...fields } = spec;
  const devices = (deviceChange ?? []) as readonly PlainObject[];
  const changed = Object.keys(fields).filter(field => field !== '_type' && fields[field] !== undefined);
  return [
    ...new Set([
      ...changed.map(field => fieldPrivileges[field] ?? config.settings),
      ...devices.flatMap(devicePrivileges),
    ]),
  ];
}

function devicePrivileges({ operation, fileOperation, device }: PlainObject): readonly string[] {
  const type = String((device as PlainObject)['_type']);
  if (operation === 'edit')
    return [config.editDevice, ...(removableDrives.includes(type) ? [config.connection] : [])];
  if (type !== 'VirtualDisk') return [config.device];
  if (operation === 'remove') return [config.removeDisk];
  return [fileOperation === undefined ? config.addExistingDisk : config.addNewDisk];
}

function networksIn(spec: PlainObject | undefined): readonly MoRef[] {
  const changes = (spec?.['deviceChange'] ?? []) as readonly PlainObject[];
  return changes.flatMap(({ device }) => {
    const backing = (device as PlainObject)['backing'] as PlainObject | undefined;
    const network = backing?.['network'] as MoRef | undefined;
    return network === undefined ? [] : [network];
  });
}
