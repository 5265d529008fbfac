/** Operations in the order of their arguments; every one takes `_this` first. Notation as described in parseTable.ts. */
export const vimOperations = `
RetrieveServiceContent() -> ServiceContent
CurrentTime() -> date
Login(userName str, password str, locale str?) -> UserSession
Logout()
SessionIsActive(sessionID str, userName str) -> bool
AcquireGenericServiceTicket(spec SessionManagerServiceRequestSpec) -> SessionManagerGenericServiceTicket
CreateContainerView(container ref, type str?[], recursive bool) -> ref
DestroyView()
CreatePropertyCollector() -> ref
DestroyPropertyCollector()
CreateFilter(spec PropertyFilterSpec, partialUpdates bool) -> ref
DestroyPropertyFilter()
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
RevertToSnapshot_Task(host ref?, suppressPowerOn bool?) -> ref
ConsolidateVMDisks_Task() -> ref
QueryChangedDiskAreas(snapshot ref?, deviceKey int, startOffset long, changeId str) -> DiskChangeInfo
ReconfigVM_Task(spec VirtualMachineConfigSpec) -> ref
PowerOnVM_Task(host ref?) -> ref
PowerOffVM_Task() -> ref
Destroy_Task() -> ref
Rename_Task(newName str) -> ref
CreateVM_Task(config VirtualMachineConfigSpec, pool ref, host ref?) -> ref
CloneVM_Task(folder ref, name str, spec VirtualMachineCloneSpec) -> ref
RegisterVM_Task(path str, name str?, asTemplate bool, pool ref?, host ref?) -> ref
UnregisterVM()
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
`;
