/** What vCenter calls its tasks, by `descriptionId`; those the lab does. */
const taskNames: Readonly<Record<string, string>> = {
  'VirtualMachine.createSnapshot': 'Create virtual machine snapshot',
  'VirtualMachine.removeAllSnapshots': 'Delete all snapshots',
  'VirtualMachine.consolidateDisks': 'Consolidate virtual machine disk files',
  'vm.Snapshot.remove': 'Remove snapshot',
  'vm.Snapshot.revert': 'Revert snapshot',
  'VirtualMachine.revertToCurrentSnapshot': 'Revert to current snapshot',
  'VirtualMachine.powerOn': 'Power On virtual machine',
  'VirtualMachine.powerOff': 'Power Off virtual machine',
  'VirtualMachine.reconfigure': 'Reconfigure virtual machine',
  'VirtualMachine.destroy': 'Delete virtual machine',
  'VirtualMachine.rename': 'Rename virtual machine',
  'VirtualMachine.migrate': 'Migrate virtual machine',
  'VirtualMachine.relocate': 'Relocate virtual machine',
  'Folder.registerVm': 'Register virtual machine',
  'FileManager.deleteFile': 'Delete file',
  'FileManager.copyFile': 'Copy file',
  'FileManager.moveFile': 'Move file',
  'VirtualDiskManager.createVirtualDisk': 'Create virtual disk',
  'VirtualDiskManager.extendVirtualDisk': 'Extend virtual disk',
  'VirtualDiskManager.deleteVirtualDisk': 'Delete virtual disk',
  'VirtualDiskManager.copyVirtualDisk': 'Copy virtual disk',
  'VirtualDiskManager.moveVirtualDisk': 'Move virtual disk',
  'VirtualDiskManager.inflateVirtualDisk': 'Inflate virtual disk',
  'HostDatastoreBrowser.search': 'Search datastore',
  'HostDatastoreBrowser.searchSubFolders': 'Search datastore',
};

/** A task nobody has named is called by its id, as vCenter does. */
export function taskName(descriptionId: string): string {
  return taskNames[descriptionId] ?? descriptionId;
}

/** The states of tasks, for people. */
export const taskStates = ['queued', 'running', 'success', 'error'].map(key => ({
  key,
  label: key,
  summary: key,
}));

export function describedTasks(): { key: string; label: string; summary: string }[] {
  return Object.entries(taskNames).map(([key, label]) => ({ key, label, summary: label }));
}
