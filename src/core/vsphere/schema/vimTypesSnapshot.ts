/** Snapshots, quiescing and changed areas. Rows as described in parseTable.ts. */
export const snapshotTypes = `
VirtualMachineSnapshotInfo: DynamicData
  currentSnapshot ref?, rootSnapshotList VirtualMachineSnapshotTree[]
VirtualMachineSnapshotTree: DynamicData
  snapshot ref, vm ref, name str, description str, id int, createTime date, state str, quiesced bool,
  backupManifest str?, childSnapshotList VirtualMachineSnapshotTree?[], replaySupported bool?
VirtualMachineGuestQuiesceSpec: DynamicData
  timeout int?
VirtualMachineWindowsQuiesceSpec: VirtualMachineGuestQuiesceSpec
  vssBackupType int?, vssBootableSystemState bool?, vssPartialFileSupport bool?, vssBackupContext str?
SnapshotSelectionSpec: DynamicData
  retentionDays int?
DiskChangeInfo: DynamicData
  startOffset long, length long, changedArea DiskChangeExtent?[]
DiskChangeExtent: DynamicData
  start long, length long
SnapshotSelectionSpec: DynamicData
  retentionDays int?
`;
