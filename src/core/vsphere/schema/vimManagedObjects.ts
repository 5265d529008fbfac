/**
 * Managed objects and the properties of them that are read. Rows as described in parseTable.ts; unlike data objects
 * they never travel as a whole, so their rows name only what is used.
 */
export const managedObjectTypes = `
ManagedObject
ExtensibleManagedObject: ManagedObject
ManagedEntity: ExtensibleManagedObject
  parent ref?, name str, overallStatus str, recentTask ref?[], effectiveRole int?[], disabledMethod str?[]
Folder: ManagedEntity
  childType str?[], childEntity ref?[], namespace str?
Datacenter: ManagedEntity
  vmFolder ref, hostFolder ref, datastoreFolder ref, networkFolder ref, datastore ref?[], network ref?[]
ComputeResource: ManagedEntity
  environmentBrowser ref?, resourcePool ref?, host ref?[], datastore ref?[], network ref?[]
ClusterComputeResource: ComputeResource
HostSystem: ManagedEntity
  runtime HostRuntimeInfo, summary HostListSummary, configManager HostConfigManager, config HostConfigInfo?, vm ref?[], datastore ref?[], network ref?[],
  datastoreBrowser ref?
ResourcePool: ManagedEntity
  runtime ResourcePoolRuntimeInfo, owner ref, resourcePool ref?[], vm ref?[]
VirtualApp: ResourcePool
  parentFolder ref?, datastore ref?[], network ref?[]
Datastore: ManagedEntity
  info DatastoreInfo, summary DatastoreSummary, vm ref?[], browser ref?, capability DatastoreCapability
StoragePod: Folder
Network: ManagedEntity
  summary NetworkSummary, host ref?[], vm ref?[]
DistributedVirtualPortgroup: Network
  key str, config DVPortgroupConfigInfo
OpaqueNetwork: Network
DistributedVirtualSwitch: ManagedEntity
  uuid str, portgroup ref?[]
VmwareDistributedVirtualSwitch: DistributedVirtualSwitch
VirtualMachine: ManagedEntity
  capability VirtualMachineCapability, config VirtualMachineConfigInfo?, layout VirtualMachineFileLayout?,
  layoutEx VirtualMachineFileLayoutEx?, storage VirtualMachineStorageInfo?, resourcePool ref?, parentVApp ref?,
  resourceConfig ResourceConfigSpec?, runtime VirtualMachineRuntimeInfo, guest GuestInfo?,
  summary VirtualMachineSummary, datastore ref?[], network ref?[], snapshot VirtualMachineSnapshotInfo?,
  rootSnapshot ref?[], guestHeartbeatStatus str
VirtualMachineSnapshot: ExtensibleManagedObject
  config VirtualMachineConfigInfo, childSnapshot ref?[], vm ref
Task: ExtensibleManagedObject
  info TaskInfo
HttpNfcLease: ManagedObject
  initializeProgress int, info HttpNfcLeaseInfo?, transferProgress int, mode str, capabilities HttpNfcLeaseCapabilities,
  state str, error LocalizedMethodFault?
View: ManagedObject
ManagedObjectView: View
  view ref?[]
ContainerView: ManagedObjectView
  container ref, type str?[], recursive bool
ListView: ManagedObjectView
ServiceInstance: ManagedObject
  serverClock date, content ServiceContent
SessionManager: ManagedObject
  sessionList UserSession?[], currentSession UserSession?
AuthorizationManager: ManagedObject
  privilegeList AuthorizationPrivilege[], roleList AuthorizationRole[]
PropertyCollector: ManagedObject
  filter ref?[]
PropertyFilter: ManagedObject
  spec PropertyFilterSpec, partialUpdates bool
GuestOperationsManager: ManagedObject
  authManager ref?, fileManager ref?, processManager ref?
GuestAuthManager: ManagedObject
GuestFileManager: ManagedObject
GuestProcessManager: ManagedObject
LicenseManager: ManagedObject
  licenses LicenseManagerLicenseInfo[], licenseAssignmentManager ref?
SearchIndex: ManagedObject
EnvironmentBrowser: ManagedObject
HostDatastoreSystem: ManagedObject
HostNetworkSystem: ExtensibleManagedObject
HostVirtualNicManager: ExtensibleManagedObject
HostCertificateManager: ManagedObject
LicenseAssignmentManager: ManagedObject
OvfManager: ManagedObject
ViewManager: ManagedObject
  viewList ref?[]
TaskManager: ManagedObject
  recentTask ref?[], description TaskDescription, maxCollector int
EventManager: ManagedObject
  description EventDescription, latestEvent Event?, maxCollector int
HistoryCollector: ManagedObject
  filter any
EventHistoryCollector: HistoryCollector
  latestPage Event?[]
TaskHistoryCollector: HistoryCollector
  latestPage TaskInfo?[]
FileManager: ManagedObject
VirtualDiskManager: ManagedObject
HostDatastoreBrowser: ManagedObject
  datastore ref?[]
`;
