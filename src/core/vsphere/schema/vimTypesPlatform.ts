/**
 * Hosts, datastores, resource pools, networks. Rows as described in parseTable.ts. Summary and configuration of a host never
 * travel as a whole: what is read of them is read by its path.
 */
export const platformTypes = `
HostListSummary: DynamicData
  host ref?, hardware HostHardwareSummary?, runtime HostRuntimeInfo?, config HostConfigSummary,
  quickStats HostListSummaryQuickStats, overallStatus str, rebootRequired bool
HostHardwareSummary: DynamicData
  vendor str, model str, uuid str, memorySize long, cpuModel str, cpuMhz int, numCpuPkgs short, numCpuCores short,
  numCpuThreads short, numNics int, numHBAs int
HostRuntimeInfo: DynamicData
  connectionState str, powerState str, inMaintenanceMode bool, bootTime date?
HostListSummaryQuickStats: DynamicData
  overallCpuUsage int?, overallMemoryUsage int?, uptime int?
HostConfigManager: DynamicData
  datastoreSystem ref?, networkSystem ref?, virtualNicManager ref?, certificateManager ref?
HostConfigSummary: DynamicData
  name str, port int, sslThumbprint str?, product AboutInfo?, vmotionEnabled bool,
  faultToleranceEnabled bool
HostConfigInfo: DynamicData
  certificate byte?[]
DatastoreInfo: DynamicData
  name str, url str, freeSpace long, maxFileSize long, maxVirtualDiskCapacity long?,
  maxMemoryFileSize long, timestamp date?, containerId str?, aliasOf str?
DatastoreSummary: DynamicData
  datastore ref?, name str, url str, capacity long, freeSpace long, uncommitted long?, accessible bool,
  multipleHostAccess bool?, type str, maintenanceMode str?
DatastoreCapability: DynamicData
  directoryHierarchySupported bool, rawDiskMappingsSupported bool, perFileThinProvisioningSupported bool,
  storageIORMSupported bool, nativeSnapshotSupported bool, topLevelDirectoryCreateSupported bool?,
  seSparseSupported bool?, vmfsSparseSupported bool?, vsanSparseSupported bool?, upitSupported bool?,
  vmdkExpandSupported bool?, clusteredVmdkSupported bool?
NetworkSummary: DynamicData
  network ref?, name str, accessible bool, ipPoolName str, ipPoolId int?
DVPortgroupConfigInfo: DynamicData
  key str, name str, numPorts int, distributedVirtualSwitch ref?, defaultPortConfig DVPortSetting?,
  description str?, type str, backingType str?, policy DVPortgroupPolicy, portNameFormat str?,
  scope ref?[], vendorSpecificConfig DistributedVirtualSwitchKeyedOpaqueBlob?[], configVersion str?,
  autoExpand bool?, vmVnicNetworkResourcePoolKey str?, uplink bool?, transportZoneUuid str?,
  transportZoneName str?, logicalSwitchUuid str?, segmentId str?
DVPortSetting: DynamicData
  blocked BoolPolicy?, vmDirectPathGen2Allowed BoolPolicy?, inShapingPolicy DVSTrafficShapingPolicy?,
  outShapingPolicy DVSTrafficShapingPolicy?, vendorSpecificConfig DVSVendorSpecificConfig?,
  networkResourcePoolKey StringPolicy?, filterPolicy DvsFilterPolicy?
InheritablePolicy: DynamicData
  inherited bool
BoolPolicy: InheritablePolicy
  value bool?
DVSTrafficShapingPolicy: InheritablePolicy
  enabled BoolPolicy?, averageBandwidth LongPolicy?, peakBandwidth LongPolicy?, burstSize LongPolicy?
LongPolicy: InheritablePolicy
  value long?
DVSVendorSpecificConfig: InheritablePolicy
  keyValue DistributedVirtualSwitchKeyedOpaqueBlob?[]
DistributedVirtualSwitchKeyedOpaqueBlob: DynamicData
  key str, opaqueData str
StringPolicy: InheritablePolicy
  value str?
DvsFilterPolicy: InheritablePolicy
  filterConfig DvsFilterConfig?[]
DvsFilterConfig: InheritablePolicy
  key str?, agentName str?, slotNumber str?, parameters DvsFilterParameter?, onFailure str?
DvsFilterParameter: DynamicData
  parameters str?[]
DVPortgroupPolicy: DynamicData
  blockOverrideAllowed bool, shapingOverrideAllowed bool, vendorConfigOverrideAllowed bool,
  livePortMovingAllowed bool, portConfigResetAtDisconnect bool, networkResourcePoolOverrideAllowed bool?,
  trafficFilterOverrideAllowed bool?
ResourcePoolRuntimeInfo: DynamicData
  memory ResourcePoolResourceUsage, cpu ResourcePoolResourceUsage, overallStatus str, sharesScalable str?
ResourcePoolResourceUsage: DynamicData
  reservationUsed long, reservationUsedForVm long, unreservedForPool long, unreservedForVm long,
  overallUsage long, maxUsage long
`;
