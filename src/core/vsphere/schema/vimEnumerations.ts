/**
 * Fields of the table whose texts are words of an enumeration, with its name: type, field, enumeration. Where a value says
 * itself what it is, as the value of a property does, it says that name. Enumerations grow from version to version, so
 * that the table takes them for texts.
 */
export const vimEnumerations: readonly (readonly [type: string, field: string, enumeration: string])[] = [
  ['SharesInfo', 'level', 'SharesLevel'],
  ['ArrayUpdateSpec', 'operation', 'ArrayUpdateOperation'],
  ['ObjectUpdate', 'kind', 'ObjectUpdateKind'],
  ['PropertyChange', 'op', 'PropertyChangeOp'],
  ['TaskInfo', 'state', 'TaskInfoState'],
  ['VirtualSCSIController', 'sharedBus', 'VirtualSCSISharing'],
  ['LatencySensitivity', 'level', 'LatencySensitivitySensitivityLevel'],
  ['VirtualDeviceConfigSpec', 'operation', 'VirtualDeviceConfigSpecOperation'],
  ['VirtualDeviceConfigSpec', 'fileOperation', 'VirtualDeviceConfigSpecFileOperation'],
  ['VirtualMachineRelocateSpec', 'transform', 'VirtualMachineRelocateTransformation'],
  ['CustomizationIPSettings', 'netBIOS', 'CustomizationNetBIOSMode'],
  ['GuestInfo', 'toolsStatus', 'VirtualMachineToolsStatus'],
  ['VirtualMachineRuntimeInfo', 'connectionState', 'VirtualMachineConnectionState'],
  ['VirtualMachineRuntimeInfo', 'powerState', 'VirtualMachinePowerState'],
  ['VirtualMachineRuntimeInfo', 'faultToleranceState', 'VirtualMachineFaultToleranceState'],
  ['VirtualMachineRuntimeInfo', 'recordReplayState', 'VirtualMachineRecordReplayState'],
  ['VirtualMachineSummary', 'overallStatus', 'ManagedEntityStatus'],
  ['VirtualMachineGuestSummary', 'toolsStatus', 'VirtualMachineToolsStatus'],
  ['VirtualMachineQuickStats', 'guestHeartbeatStatus', 'ManagedEntityStatus'],
  ['VirtualMachineQuickStats', 'ftLatencyStatus', 'ManagedEntityStatus'],
  ['HostListSummary', 'overallStatus', 'ManagedEntityStatus'],
  ['HostRuntimeInfo', 'connectionState', 'HostSystemConnectionState'],
  ['HostRuntimeInfo', 'powerState', 'HostSystemPowerState'],
  ['ResourcePoolRuntimeInfo', 'overallStatus', 'ManagedEntityStatus'],
  ['VirtualMachineSnapshotTree', 'state', 'VirtualMachinePowerState'],
  ['InvalidPowerState', 'requestedState', 'VirtualMachinePowerState'],
  ['InvalidPowerState', 'existingState', 'VirtualMachinePowerState'],
  ['InvalidDeviceOperation', 'badOp', 'VirtualDeviceConfigSpecOperation'],
  ['InvalidDeviceOperation', 'badFileOp', 'VirtualDeviceConfigSpecFileOperation'],
  ['ManagedEntity', 'overallStatus', 'ManagedEntityStatus'],
  ['VirtualMachine', 'guestHeartbeatStatus', 'ManagedEntityStatus'],
  ['HttpNfcLease', 'state', 'HttpNfcLeaseState'],
];
