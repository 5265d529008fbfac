/**
 * What a method needs, by where: on the object it is called on (`self`), or on the objects that a parameter names. As the
 * API declares it; a test compares it with what pyVmomi knows of every method. `System.View` and `System.Read` are not
 * listed: the lab shows nobody an object that he may not read.
 */
export type Needs = Readonly<Record<string, string>>;

const guestQuery: Needs = { vm: 'VirtualMachine.GuestOperations.Query' };
const guestModify: Needs = { vm: 'VirtualMachine.GuestOperations.Modify' };

export const methodPrivileges: Readonly<Record<string, Needs>> = {
  CreateSnapshot_Task: { self: 'VirtualMachine.State.CreateSnapshot' },
  CreateSnapshotEx_Task: { self: 'VirtualMachine.State.CreateSnapshot' },
  RemoveSnapshot_Task: { self: 'VirtualMachine.State.RemoveSnapshot' },
  RemoveAllSnapshots_Task: { self: 'VirtualMachine.State.RemoveSnapshot' },
  ConsolidateVMDisks_Task: { self: 'VirtualMachine.State.RemoveSnapshot' },
  RevertToSnapshot_Task: { self: 'VirtualMachine.State.RevertToSnapshot' },
  RevertToCurrentSnapshot_Task: { self: 'VirtualMachine.State.RevertToSnapshot' },
  QueryChangedDiskAreas: { self: 'VirtualMachine.Provisioning.DiskRandomRead' },
  PowerOnVM_Task: { self: 'VirtualMachine.Interact.PowerOn' },
  ShutdownGuest: { self: 'VirtualMachine.Interact.PowerOff' },
  PowerOffVM_Task: { self: 'VirtualMachine.Interact.PowerOff' },
  MigrateVM_Task: { pool: 'Resource.AssignVMToPool' },
  RelocateVM_Task: { self: 'Resource.ColdMigrate' },
  CreateVM_Task: { self: 'VirtualMachine.Inventory.Create', pool: 'Resource.AssignVMToPool' },
  RegisterVM_Task: { self: 'VirtualMachine.Inventory.Register', pool: 'Resource.AssignVMToPool' },
  UnregisterVM: { self: 'VirtualMachine.Inventory.Unregister' },
  ExportVm: { self: 'VApp.Export' },
  ExportSnapshot: { self: 'VApp.Export' },
  ImportVApp: { self: 'VApp.Import', folder: 'VApp.Import' },
  CreateImportSpec: { resourcePool: 'VApp.Import', datastore: 'Datastore.AllocateSpace' },
  CreateDescriptor: { obj: 'VApp.Export' },
  SetEntityPermissions: { entity: 'Authorization.ModifyPermissions' },
  AddAuthorizationRole: { self: 'Authorization.ModifyRoles' },
  UpdateAuthorizationRole: { self: 'Authorization.ModifyRoles' },
  SessionIsActive: { self: 'Sessions.ValidateSession' },
  ValidateCredentialsInGuest: guestQuery,
  ListFilesInGuest: guestQuery,
  InitiateFileTransferFromGuest: guestQuery,
  InitiateFileTransferToGuest: guestModify,
  MoveFileInGuest: guestModify,
  DeleteFileInGuest: guestModify,
  MakeDirectoryInGuest: guestModify,
  DeleteDirectoryInGuest: guestModify,
  CreateTemporaryFileInGuest: guestModify,
  CreateTemporaryDirectoryInGuest: guestModify,
  ChangeFileAttributesInGuest: guestModify,
  StartProgramInGuest: { vm: 'VirtualMachine.GuestOperations.Execute' },
  ListProcessesInGuest: guestQuery,
  TerminateProcessInGuest: { vm: 'VirtualMachine.GuestOperations.Execute' },
};
