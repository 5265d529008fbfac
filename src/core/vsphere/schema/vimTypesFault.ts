/** Faults a backup meets, with the chain of their bases. Rows as described in parseTable.ts. */
export const faultTypes = `
SecurityError: RuntimeFault
NoPermission: SecurityError
  object ref?, privilegeId str?, missingPrivileges NoPermissionEntityPrivileges?[]
NoPermissionEntityPrivileges: DynamicData
  entity ref, privilegeIds str?[]
NotAuthenticated: NoPermission
VimFault: MethodFault
InvalidLogin: VimFault
InvalidRequest: RuntimeFault
InvalidType: InvalidRequest
  argument str?
UnexpectedFault: RuntimeFault
  faultName str, fault LocalizedMethodFault?
SystemError: RuntimeFault
  reason str
NotSupported: RuntimeFault
NotImplemented: RuntimeFault
ManagedObjectNotFound: RuntimeFault
  obj ref
InvalidArgument: RuntimeFault
  invalidProperty str?
InvalidProperty: MethodFault
  name str
InvalidCollectorVersion: MethodFault
RequestCanceled: RuntimeFault
MethodNotFound: InvalidRequest
  receiver ref, method str
HostCommunication: RuntimeFault
HostNotConnected: HostCommunication
HostNotReachable: HostCommunication
NotEnoughLicenses: RuntimeFault
RestrictedVersion: SecurityError
InvalidLocale: VimFault
PasswordExpired: InvalidLogin
NotFound: VimFault
AlreadyExists: VimFault
  name str?
DuplicateName: VimFault
  name str, object ref
InvalidName: VimFault
  name str, entity ref?
InvalidState: VimFault
InvalidPowerState: InvalidState
  requestedState str?, existingState str
TaskInProgress: VimFault
  task ref
Timedout: VimFault
ConcurrentAccess: VimFault
ResourceInUse: VimFault
  type str?, name str?
ResourceNotAvailable: VimFault
  containerType str?, containerName str?, type str?
InvalidDatastore: VimFault
  datastore ref?, name str?
InvalidDatastorePath: InvalidDatastore
  datastorePath str
FileFault: VimFault
  file str
NoDiskSpace: FileFault
  datastore str
FileLocked: FileFault
FileNotFound: FileFault
FileNotWritable: FileFault
FileAlreadyExists: FileFault
CannotAccessFile: FileFault
NotAFile: FileFault
NotADirectory: FileFault
DirectoryNotEmpty: FileFault
CannotAccessLocalSource: VimFault
SnapshotFault: VimFault
ApplicationQuiesceFault: SnapshotFault
FilesystemQuiesceFault: SnapshotFault
QuiesceDatastoreIOForHAFailed: ResourceInUse
  host ref, hostName str, ds ref, dsName str
MemorySnapshotOnIndependentDisk: SnapshotFault
MultipleSnapshotsNotSupported: SnapshotFault
SnapshotDisabled: SnapshotFault
SnapshotIncompatibleDeviceInVm: SnapshotFault
  fault LocalizedMethodFault
SnapshotLocked: SnapshotFault
SnapshotNoChange: SnapshotFault
MigrationFault: VimFault
SnapshotCopyNotSupported: MigrationFault
SnapshotCloneNotSupported: SnapshotCopyNotSupported
TooManySnapshotLevels: SnapshotFault
VmConfigFault: VimFault
InvalidFormat: VmConfigFault
InvalidSnapshotFormat: InvalidFormat
InsufficientResourcesFault: VimFault
InsufficientHostCapacityFault: InsufficientResourcesFault
  host ref?
InvalidVmConfig: VmConfigFault
  property str?
VmToolsUpgradeFault: VimFault
ToolsUnavailable: VimFault
GuestOperationsFault: VimFault
GuestOperationsUnavailable: GuestOperationsFault
InvalidGuestLogin: GuestOperationsFault
GuestPermissionDenied: GuestOperationsFault
GuestComponentsOutOfDate: GuestOperationsFault
OperationNotSupportedByGuest: GuestOperationsFault
OperationDisabledByGuest: GuestOperationsFault
TooManyGuestLogons: GuestOperationsFault
GuestProcessNotFound: GuestOperationsFault
  pid long
GenericVmConfigFault: VmConfigFault
  reason str
InvalidDeviceSpec: InvalidVmConfig
  deviceIndex int
DeviceUnsupportedForVmPlatform: InvalidDeviceSpec
OvfFault: VimFault
OvfImport: OvfFault
OvfImportFailed: OvfImport
OvfInvalidPackage: OvfFault
  lineNumber int
OvfUnsupportedPackage: OvfFault
  lineNumber int?
OvfUnsupportedElement: OvfUnsupportedPackage
  name str
OvfUnsupportedType: OvfUnsupportedPackage
  name str, instanceId str, deviceType int
OvfExport: OvfFault
OvfHardwareExport: OvfExport
  device VirtualDevice?, vmPath str
OvfExportFailed: OvfExport
OvfElement: OvfInvalidPackage
  name str
OvfWrongElement: OvfElement
OvfMissingElement: OvfElement
OvfAttribute: OvfInvalidPackage
  elementName str, attributeName str
OvfXmlFormat: OvfInvalidPackage
  description str
OvfSystemFault: OvfFault
OvfConsumerCallbackFault: OvfFault
  extensionKey str, extensionName str
OvfConsumerFault: OvfConsumerCallbackFault
  errorKey str, message str, params KeyValue?[]
OvfUnexpectedElement: OvfElement
OvfUnableToExportDisk: OvfHardwareExport
  diskName str
OvfNoHostNic: OvfUnsupportedPackage
OvfDuplicateElement: OvfElement
OvfInvalidValue: OvfAttribute
  value str
OvfNetworkMappingNotSupported: OvfImport
OvfMappedOsId: OvfImport
  ovfId int, ovfDescription str, targetDescription str
OvfDiskMappingNotFound: OvfSystemFault
  diskName str, vmName str
HttpFault: VimFault
  statusCode int, statusMessage str
LogBundlingFailed: VimFault
NoCompatibleHost: VimFault
  host ref?[], error LocalizedMethodFault?[]
InaccessibleDatastore: InvalidDatastore
  detail str?
DatacenterMismatch: MigrationFault
  invalidArgument DatacenterMismatchArgument[], expectedDatacenter ref
DatacenterMismatchArgument: DynamicData
  entity ref, inputDatacenter ref?
VAppConfigFault: VimFault
MissingController: InvalidDeviceSpec
InvalidDeviceBacking: InvalidDeviceSpec
InvalidDeviceOperation: InvalidDeviceSpec
  badOp str?, badFileOp str?
CannotModifyConfigCpuRequirements: MigrationFault
GenericDrsFault: VimFault
  hostFaults LocalizedMethodFault?[]
DisallowedOperationOnFailoverHost: RuntimeFault
  host ref, hostname str
VmWwnConflict: InvalidVmConfig
  vm ref?, host ref?, name str?, wwn long?
CustomizationFault: VimFault
NetworkDisruptedAndConfigRolledBack: VimFault
  host str
HostConnectFault: VimFault
SSLVerifyFault: HostConnectFault
  selfSigned bool, thumbprint str?
SSPIChallenge: VimFault
  base64Token str
`;
