/** Operations in the order of their arguments; every one takes `_this` first. Notation as described in parseTable.ts. */
export const vimOperations = `
RetrieveServiceContent() -> ServiceContent
CurrentTime() -> date
Login(userName str, password str, locale str?) -> UserSession
Logout()
SessionIsActive(sessionID str, userName str) -> bool
AcquireGenericServiceTicket(spec SessionManagerServiceRequestSpec) -> SessionManagerGenericServiceTicket
CreateContainerView(container ref, type str?[], recursive bool) -> ref
CreateListView(obj ref?[]) -> ref
ModifyListView(add ref?[], remove ref?[]) -> ref?[]
ResetListView(obj ref?[]) -> ref?[]
DestroyView()
CreatePropertyCollector() -> ref
DestroyPropertyCollector()
CreateFilter(spec PropertyFilterSpec, partialUpdates bool) -> ref
DestroyPropertyFilter()
CheckForUpdates(version str?) -> UpdateSet?
WaitForUpdatesEx(version str?, options WaitOptions?) -> UpdateSet?
CancelWaitForUpdates()
RetrieveProperties(specSet PropertyFilterSpec[]) -> ObjectContent?[]
RetrievePropertiesEx(specSet PropertyFilterSpec[], options RetrieveOptions) -> RetrieveResult?
ContinueRetrievePropertiesEx(token str) -> RetrieveResult
CancelRetrievePropertiesEx(token str)
FindAllByUuid(datacenter ref?, uuid str, vmSearch bool, instanceUuid bool?) -> ref?[]
FindByUuid(datacenter ref?, uuid str, vmSearch bool, instanceUuid bool?) -> ref?
FindByInventoryPath(inventoryPath str) -> ref?
CancelTask()
CreateSnapshot_Task(name str, description str?, memory bool, quiesce bool) -> ref
CreateSnapshotEx_Task(
  name str, description str?, memory bool, quiesceSpec VirtualMachineGuestQuiesceSpec?
) -> ref
RemoveSnapshot_Task(removeChildren bool, consolidate bool?) -> ref
RemoveAllSnapshots_Task(consolidate bool?, spec SnapshotSelectionSpec?) -> ref
RevertToSnapshot_Task(host ref?, suppressPowerOn bool?) -> ref
RevertToCurrentSnapshot_Task(host ref?, suppressPowerOn bool?) -> ref
ConsolidateVMDisks_Task() -> ref
QueryChangedDiskAreas(snapshot ref?, deviceKey int, startOffset long, changeId str) -> DiskChangeInfo
ReconfigVM_Task(spec VirtualMachineConfigSpec) -> ref
PowerOnVM_Task(host ref?) -> ref
PowerOffVM_Task() -> ref
ShutdownGuest()
Destroy_Task() -> ref
Rename_Task(newName str) -> ref
CreateVM_Task(config VirtualMachineConfigSpec, pool ref, host ref?) -> ref
CloneVM_Task(folder ref, name str, spec VirtualMachineCloneSpec) -> ref
RegisterVM_Task(path str, name str?, asTemplate bool, pool ref?, host ref?) -> ref
UnregisterVM()
QueryTpmAttestationReport()
MigrateVM_Task(pool ref?, host ref?, priority str, state str?) -> ref
RelocateVM_Task(spec VirtualMachineRelocateSpec, priority str?) -> ref
DeleteDatastoreFile_Task(name str, datacenter ref?) -> ref
MakeDirectory(name str, datacenter ref?, createParentDirectories bool?)
MoveDatastoreFile_Task(
  sourceName str, sourceDatacenter ref?, destinationName str, destinationDatacenter ref?, force bool?
) -> ref
CopyDatastoreFile_Task(
  sourceName str, sourceDatacenter ref?, destinationName str, destinationDatacenter ref?, force bool?
) -> ref
CreateVirtualDisk_Task(name str, datacenter ref?, spec VirtualDiskSpec) -> ref
ExtendVirtualDisk_Task(name str, datacenter ref?, newCapacityKb long, eagerZero bool?) -> ref
DeleteVirtualDisk_Task(name str, datacenter ref?) -> ref
CopyVirtualDisk_Task(
  sourceName str, sourceDatacenter ref?, destName str, destDatacenter ref?, destSpec VirtualDiskSpec?,
  force bool?
) -> ref
MoveVirtualDisk_Task(
  sourceName str, sourceDatacenter ref?, destName str, destDatacenter ref?, force bool?,
  profile VirtualMachineProfileSpec?[]
) -> ref
InflateVirtualDisk_Task(name str, datacenter ref?) -> ref
QueryVirtualDiskUuid(name str, datacenter ref?) -> str
SetVirtualDiskUuid(name str, datacenter ref?, uuid str)
QueryVirtualDiskGeometry(name str, datacenter ref?) -> HostDiskDimensionsChs
SearchDatastore_Task(datastorePath str, searchSpec HostDatastoreBrowserSearchSpec?) -> ref
SearchDatastoreSubFolders_Task(datastorePath str, searchSpec HostDatastoreBrowserSearchSpec?) -> ref
QueryEvents(filter EventFilterSpec, eventViewSpec EventManagerEventViewSpec?) -> Event?[]
CreateCollectorForEvents(filter EventFilterSpec) -> ref
ReadNextEvents(maxCount int) -> Event?[]
ReadPreviousEvents(maxCount int) -> Event?[]
CreateCollectorForTasks(filter TaskFilterSpec) -> ref
ReadNextTasks(maxCount int) -> TaskInfo?[]
ReadPreviousTasks(maxCount int) -> TaskInfo?[]
ResetCollector()
RewindCollector()
SetCollectorPageSize(maxCount int)
DestroyCollector()
ExportVm() -> ref
ExportSnapshot() -> ref
ImportVApp(spec ImportSpec, folder ref?, host ref?) -> ref
HttpNfcLeaseProgress(percent int)
HttpNfcLeaseComplete()
HttpNfcLeaseAbort(fault LocalizedMethodFault?)
HttpNfcLeaseGetManifest() -> HttpNfcLeaseManifestEntry?[]
HttpNfcLeaseSetManifestChecksumType(deviceUrlsToChecksumTypes KeyValue?[])
CreateImportSpec(
  ovfDescriptor str, resourcePool ref, datastore ref, cisp OvfCreateImportSpecParams
) -> OvfCreateImportSpecResult
CreateDescriptor(obj ref, cdp OvfCreateDescriptorParams) -> OvfCreateDescriptorResult
HasPrivilegeOnEntities(entity ref[], sessionId str, privId str?[]) -> EntityPrivilege?[]
HasUserPrivilegeOnEntities(entities ref[], userName str, privId str?[]) -> EntityPrivilege?[]
FetchUserPrivilegeOnEntities(entities ref[], userName str) -> UserPrivilegeResult?[]
RetrieveEntityPermissions(entity ref, inherited bool) -> Permission?[]
SetEntityPermissions(entity ref, permission Permission?[])
AddAuthorizationRole(name str, privIds str?[]) -> int
UpdateAuthorizationRole(roleId int, newName str, privIds str?[])
ValidateCredentialsInGuest(vm ref, auth GuestAuthentication)
ListFilesInGuest(
  vm ref, auth GuestAuthentication, filePath str, index int?, maxResults int?, matchPattern str?
) -> GuestListFileInfo
InitiateFileTransferFromGuest(vm ref, auth GuestAuthentication, guestFilePath str) -> FileTransferInformation
InitiateFileTransferToGuest(
  vm ref, auth GuestAuthentication, guestFilePath str, fileAttributes GuestFileAttributes, fileSize long,
  overwrite bool
) -> str
MoveFileInGuest(vm ref, auth GuestAuthentication, srcFilePath str, dstFilePath str, overwrite bool)
DeleteFileInGuest(vm ref, auth GuestAuthentication, filePath str)
MakeDirectoryInGuest(vm ref, auth GuestAuthentication, directoryPath str, createParentDirectories bool)
DeleteDirectoryInGuest(vm ref, auth GuestAuthentication, directoryPath str, recursive bool)
CreateTemporaryFileInGuest(
  vm ref, auth GuestAuthentication, prefix str, suffix str, directoryPath str?
) -> str
CreateTemporaryDirectoryInGuest(
  vm ref, auth GuestAuthentication, prefix str, suffix str, directoryPath str?
) -> str
ChangeFileAttributesInGuest(
  vm ref, auth GuestAuthentication, guestFilePath str, fileAttributes GuestFileAttributes
)
StartProgramInGuest(vm ref, auth GuestAuthentication, spec GuestProgramSpec) -> long
ListProcessesInGuest(vm ref, auth GuestAuthentication, pids long?[]) -> GuestProcessInfo?[]
TerminateProcessInGuest(vm ref, auth GuestAuthentication, pid long)
`;
