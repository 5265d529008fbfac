/** What an account may want to do through this product. */
export type FeatureId =
  | 'browse'
  | 'snapshot'
  | 'backup'
  | 'changeTracking'
  | 'datastoreFiles'
  | 'hotAdd'
  | 'remedies'
  | 'restoreVm'
  | 'restoreDisk'
  | 'guestRead'
  | 'guestLook'
  | 'guestWrite'
  | 'tags'
  | 'guard';

/** What a privilege is needed on. */
export type ObjectKind = 'vm' | 'folder' | 'resourcePool' | 'datastore' | 'network';

export interface PrivilegeNeed {
  /** As vSphere spells it. */
  readonly privilege: string;
  readonly on: ObjectKind;
  /** Completes "needed to …". */
  readonly why: string;
  /** `api`: a method that is called declares it. `manual`: VMware's documents name it for the task; not proven by us. */
  readonly source: 'api' | 'manual';
}

export interface Feature {
  readonly id: FeatureId;
  readonly title: string;
  readonly needs: readonly PrivilegeNeed[];
  readonly note?: string;
}

const createSnapshot: PrivilegeNeed = {
  privilege: 'VirtualMachine.State.CreateSnapshot',
  on: 'vm',
  why: 'take the snapshot',
  source: 'api',
};
const removeSnapshot: PrivilegeNeed = {
  privilege: 'VirtualMachine.State.RemoveSnapshot',
  on: 'vm',
  why: 'remove the snapshot and consolidate the disks',
  source: 'api',
};
const queryGuest: PrivilegeNeed = {
  privilege: 'VirtualMachine.GuestOperations.Query',
  on: 'vm',
  why: 'log in to the guest, list and read its files',
  source: 'api',
};

/** The privileges of every feature, as the one place that knows them: probe, role, document and messages read it. */
export const features: readonly Feature[] = [
  {
    id: 'browse',
    title: 'Browse the inventory',
    needs: [
      { privilege: 'System.View', on: 'vm', why: 'see that the VM exists', source: 'api' },
      {
        privilege: 'System.Read',
        on: 'vm',
        why: 'read its configuration, disks and snapshots',
        source: 'api',
      },
    ],
    note: 'Every role has both, the role Read-only nothing else. An object without a role does not appear at all.',
  },
  {
    id: 'snapshot',
    title: 'Quiesced snapshot',
    needs: [createSnapshot, removeSnapshot],
  },
  {
    id: 'backup',
    title: 'Backup through an export lease',
    needs: [
      createSnapshot,
      removeSnapshot,
      { privilege: 'VApp.Export', on: 'vm', why: 'read the disks of the snapshot', source: 'api' },
    ],
  },
  {
    id: 'changeTracking',
    title: 'Changed block tracking',
    needs: [
      {
        privilege: 'VirtualMachine.Config.ChangeTracking',
        on: 'vm',
        why: 'switch the tracking on',
        source: 'manual',
      },
      { ...createSnapshot, why: 'begin the tracking of a running VM' },
      { ...removeSnapshot, why: 'remove the snapshot with which it began' },
      {
        privilege: 'VirtualMachine.Provisioning.DiskRandomRead',
        on: 'vm',
        why: 'ask which areas of a disk have changed',
        source: 'api',
      },
    ],
  },
  {
    id: 'datastoreFiles',
    title: 'Files of datastores',
    needs: [
      { privilege: 'Datastore.Browse', on: 'datastore', why: 'find the files', source: 'manual' },
      { privilege: 'Datastore.FileManagement', on: 'datastore', why: 'read them', source: 'manual' },
    ],
    note: 'Where Windows writes which applications took part in a snapshot. Without it a backup works, and what it proves is less.',
  },
  {
    id: 'hotAdd',
    title: 'Read disks as those of the VM in which Quiesce runs',
    needs: [
      {
        privilege: 'VirtualMachine.Config.AddExistingDisk',
        on: 'vm',
        why: 'attach the disk of a snapshot to that VM',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Config.RemoveDisk',
        on: 'vm',
        why: 'detach it again',
        source: 'manual',
      },
    ],
    note: 'Needed on the VM in which Quiesce runs alone, and only if that is one of the same server. Without it disks are read by another way.',
  },
  {
    id: 'remedies',
    title: 'Apply remedies',
    needs: [
      {
        privilege: 'VirtualMachine.Config.AdvancedConfig',
        on: 'vm',
        why: 'show the guest the UUIDs of its disks',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Interact.PowerOff',
        on: 'vm',
        why: 'shut the guest down for it',
        source: 'api',
      },
      { privilege: 'VirtualMachine.Interact.PowerOn', on: 'vm', why: 'start the guest again', source: 'api' },
      {
        privilege: 'VirtualMachine.Config.Settings',
        on: 'vm',
        why: 'allow snapshots that were switched off',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Config.EditDevice',
        on: 'vm',
        why: 'set up its floppy and optical drives',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Interact.DeviceConnection',
        on: 'vm',
        why: 'disconnect its floppy and optical drives',
        source: 'manual',
      },
      { ...removeSnapshot, why: 'consolidate the disks' },
    ],
    note: 'Changed block tracking is a remedy as well, with needs of its own.',
  },
  {
    id: 'restoreVm',
    title: 'Restore a VM',
    needs: [
      { privilege: 'VApp.Import', on: 'resourcePool', why: 'create the VM with its disks', source: 'api' },
      { privilege: 'VApp.Import', on: 'folder', why: 'place the VM', source: 'api' },
      {
        privilege: 'Resource.AssignVMToPool',
        on: 'resourcePool',
        why: 'give the VM its resources',
        source: 'manual',
      },
      { privilege: 'VirtualMachine.Inventory.Create', on: 'folder', why: 'create the VM', source: 'manual' },
      {
        privilege: 'VirtualMachine.Config.AddNewDisk',
        on: 'folder',
        why: 'create its disks',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Config.AddRemoveDevice',
        on: 'folder',
        why: 'give it its controllers and network cards',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Config.EditDevice',
        on: 'folder',
        why: 'set up its devices',
        source: 'manual',
      },
      { privilege: 'VirtualMachine.Config.Memory', on: 'folder', why: 'set its memory', source: 'manual' },
      {
        privilege: 'VirtualMachine.Config.Settings',
        on: 'folder',
        why: 'set its firmware, guest and options',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Config.AdvancedConfig',
        on: 'folder',
        why: 'mark the VM as half restored, and remove the mark',
        source: 'manual',
      },
      {
        privilege: 'Datastore.AllocateSpace',
        on: 'datastore',
        why: 'store its disks',
        source: 'api',
      },
      { privilege: 'Network.Assign', on: 'network', why: 'connect its network cards', source: 'manual' },
    ],
  },
  {
    id: 'restoreDisk',
    title: 'Restore a disk',
    needs: [],
    note: 'A disk is restored to a file of this machine; vSphere is not asked.',
  },
  {
    id: 'guestRead',
    title: 'Look at files of a running guest',
    needs: [queryGuest],
    note: 'An account of the guest is needed as well.',
  },
  {
    id: 'guestLook',
    title: 'Look inside a running guest for its consistency',
    needs: [
      queryGuest,
      {
        privilege: 'VirtualMachine.GuestOperations.Modify',
        on: 'vm',
        why: 'remove the temporary file that a program of the guest wrote its answer to',
        source: 'api',
      },
      {
        privilege: 'VirtualMachine.GuestOperations.Execute',
        on: 'vm',
        why: 'start the programs of the guest that list its file systems and VSS writers',
        source: 'api',
      },
    ],
    note: 'An account of the guest is needed as well; in a Windows, an administrator.',
  },
  {
    id: 'guestWrite',
    title: 'Restore files to a running guest',
    needs: [
      queryGuest,
      {
        privilege: 'VirtualMachine.GuestOperations.Modify',
        on: 'vm',
        why: 'write, rename and remove files in the guest',
        source: 'api',
      },
    ],
    note: 'An account of the guest is needed as well.',
  },
  {
    id: 'tags',
    title: 'Show tags',
    needs: [{ privilege: 'System.Read', on: 'vm', why: 'read which tags a VM has', source: 'manual' }],
    note: 'The tags themselves are read with what the account may globally; that cannot be asked for.',
  },
  {
    id: 'guard',
    title: 'Clean up what a crash left',
    needs: [
      removeSnapshot,
      {
        privilege: 'VirtualMachine.Inventory.Delete',
        on: 'vm',
        why: 'remove a half restored VM',
        source: 'manual',
      },
      {
        privilege: 'VirtualMachine.Inventory.Delete',
        on: 'folder',
        why: 'remove a half restored VM from its folder',
        source: 'manual',
      },
    ],
  },
];

/** Everything the features need that a role does not have by itself, sorted. */
export const rolePrivileges: readonly string[] = [
  ...new Set(features.flatMap(({ needs }) => needs.map(({ privilege }) => privilege))),
]
  .filter(privilege => !privilege.startsWith('System.'))
  .toSorted();

/** What an object of a kind is called: one, several. */
export const kindNames: Readonly<Record<ObjectKind, readonly [one: string, several: string]>> = {
  vm: ['VM', 'VMs'],
  folder: ['folder of VMs', 'folders of VMs'],
  resourcePool: ['resource pool', 'resource pools'],
  datastore: ['datastore', 'datastores'],
  network: ['network', 'networks'],
};
