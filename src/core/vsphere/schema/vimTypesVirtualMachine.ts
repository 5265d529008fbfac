/** What is known of a VM besides its configuration. Rows as described in parseTable.ts. */
export const virtualMachineTypes = `
GuestInfo: DynamicData
  toolsStatus str?, toolsVersionStatus str?, toolsVersionStatus2 str?, toolsRunningStatus str?,
  toolsVersion str?, toolsInstallType str?, guestId str?, guestFamily str?, guestFullName str?,
  guestDetailedData str?, hostName str?, ipAddress str?, net GuestNicInfo?[], ipStack GuestStackInfo?[],
  disk GuestDiskInfo?[], screen GuestScreenInfo?, guestState str, appHeartbeatStatus str?,
  guestKernelCrashed bool?, appState str?, guestOperationsReady bool?,
  interactiveGuestOperationsReady bool?, guestStateChangeSupported bool?,
  generationInfo GuestInfoNamespaceGenerationInfo?[], hwVersion str?,
  customizationInfo GuestInfoCustomizationInfo?
GuestNicInfo: DynamicData
  network str?, ipAddress str?[], macAddress str?, connected bool, deviceConfigId int,
  dnsConfig NetDnsConfigInfo?, ipConfig NetIpConfigInfo?, netBIOSConfig NetBIOSConfigInfo?
NetDnsConfigInfo: DynamicData
  dhcp bool, hostName str, domainName str, ipAddress str?[], searchDomain str?[]
NetIpConfigInfo: DynamicData
  ipAddress NetIpConfigInfoIpAddress?[], dhcp NetDhcpConfigInfo?, autoConfigurationEnabled bool?
NetIpConfigInfoIpAddress: DynamicData
  ipAddress str, prefixLength int, origin str?, state str?, lifetime date?
NetDhcpConfigInfo: DynamicData
  ipv6 NetDhcpConfigInfoDhcpOptions?, ipv4 NetDhcpConfigInfoDhcpOptions?
NetDhcpConfigInfoDhcpOptions: DynamicData
  enable bool, config KeyValue?[]
NetBIOSConfigInfo: DynamicData
  mode str
GuestStackInfo: DynamicData
  dnsConfig NetDnsConfigInfo?, ipRouteConfig NetIpRouteConfigInfo?, ipStackConfig KeyValue?[],
  dhcpConfig NetDhcpConfigInfo?
NetIpRouteConfigInfo: DynamicData
  ipRoute NetIpRouteConfigInfoIpRoute?[]
NetIpRouteConfigInfoIpRoute: DynamicData
  network str, prefixLength int, gateway NetIpRouteConfigInfoGateway
NetIpRouteConfigInfoGateway: DynamicData
  ipAddress str?, device str?
GuestDiskInfo: DynamicData
  diskPath str?, capacity long?, freeSpace long?, filesystemType str?,
  mappings GuestInfoVirtualDiskMapping?[]
GuestInfoVirtualDiskMapping: DynamicData
  key int
GuestScreenInfo: DynamicData
  width int, height int
GuestInfoNamespaceGenerationInfo: DynamicData
  key str, generationNo int
GuestInfoCustomizationInfo: DynamicData
  customizationStatus str, startTime date?, endTime date?, errorMsg str?
VirtualMachineRuntimeInfo: DynamicData
  device VirtualMachineDeviceRuntimeInfo?[], host ref?, connectionState str, powerState str,
  vmFailoverInProgress bool?, faultToleranceState str,
  dasVmProtection VirtualMachineRuntimeInfoDasProtectionState?, toolsInstallerMounted bool,
  suspendTime date?, bootTime date?, suspendInterval long?, question VirtualMachineQuestionInfo?,
  memoryOverhead long?, maxCpuUsage int?, maxMemoryUsage int?, numMksConnections int,
  recordReplayState str, cleanPowerOff bool?, needSecondaryReason str?, onlineStandby bool,
  minRequiredEVCModeKey str?, consolidationNeeded bool,
  offlineFeatureRequirement VirtualMachineFeatureRequirement?[],
  featureRequirement VirtualMachineFeatureRequirement?[], featureMask HostFeatureMask?[],
  vFlashCacheAllocation long?, paused bool?, snapshotInBackground bool?, quiescedForkParent bool?,
  instantCloneFrozen bool?, cryptoState str?, suspendedToMemory bool?, opNotificationTimeout long?,
  iommuActive bool?
VirtualMachineDeviceRuntimeInfo: DynamicData
  runtimeState VirtualMachineDeviceRuntimeInfoDeviceRuntimeState, key int
VirtualMachineDeviceRuntimeInfoDeviceRuntimeState: DynamicData
VirtualMachineRuntimeInfoDasProtectionState: DynamicData
  dasProtected bool
VirtualMachineQuestionInfo: DynamicData
  id str, text str, choice ChoiceOption, message VirtualMachineMessage?[]
OptionType: DynamicData
  valueIsReadonly bool?
ChoiceOption: OptionType
  choiceInfo ElementDescription[], defaultIndex int?
VirtualMachineMessage: DynamicData
  id str, argument any?[], text str?
VirtualMachineFeatureRequirement: DynamicData
  key str, featureName str, value str
HostFeatureMask: DynamicData
  key str, featureName str, value str
VirtualMachineSummary: DynamicData
  vm ref?, runtime VirtualMachineRuntimeInfo, guest VirtualMachineGuestSummary?,
  config VirtualMachineConfigSummary, storage VirtualMachineStorageSummary?,
  quickStats VirtualMachineQuickStats, overallStatus str, customValue CustomFieldValue?[]
VirtualMachineGuestSummary: DynamicData
  guestId str?, guestFullName str?, toolsStatus str?, toolsVersionStatus str?, toolsVersionStatus2 str?,
  toolsRunningStatus str?, hostName str?, ipAddress str?, hwVersion str?
VirtualMachineConfigSummary: DynamicData
  name str, template bool, vmPathName str, memorySizeMB int?, cpuReservation int?, memoryReservation int?,
  numCpu int?, numEthernetCards int?, numVirtualDisks int?, uuid str?, instanceUuid str?, guestId str?,
  guestFullName str?, annotation str?, product VAppProductInfo?, installBootRequired bool?,
  ftInfo FaultToleranceConfigInfo?, managedBy ManagedByInfo?, tpmPresent bool?, numVmiopBackings int?,
  hwVersion str?
VirtualMachineStorageSummary: DynamicData
  committed long, uncommitted long, unshared long, timestamp date
VirtualMachineQuickStats: DynamicData
  overallCpuUsage int?, overallCpuDemand int?, overallCpuReadiness int?, guestMemoryUsage int?,
  hostMemoryUsage int?, guestHeartbeatStatus str, distributedCpuEntitlement int?,
  distributedMemoryEntitlement int?, staticCpuEntitlement int?, staticMemoryEntitlement int?,
  grantedMemory int?, privateMemory int?, sharedMemory int?, swappedMemory int?, balloonedMemory int?,
  consumedOverheadMemory int?, ftLogBandwidth int?, ftSecondaryLatency int?, ftLatencyStatus str?,
  compressedMemory long?, uptimeSeconds int?, ssdSwappedMemory long?, activeMemory int?,
  memoryTierStats VirtualMachineQuickStatsMemoryTierStats?[]
VirtualMachineQuickStatsMemoryTierStats: DynamicData
  memoryTierType str, readBandwidth long
CustomFieldValue: DynamicData
  key int
VirtualMachineFileLayout: DynamicData
  configFile str?[], logFile str?[], disk VirtualMachineFileLayoutDiskLayout?[],
  snapshot VirtualMachineFileLayoutSnapshotLayout?[], swapFile str?
VirtualMachineFileLayoutDiskLayout: DynamicData
  key int, diskFile str[]
VirtualMachineFileLayoutSnapshotLayout: DynamicData
  key ref, snapshotFile str[]
VirtualMachineFileLayoutEx: DynamicData
  file VirtualMachineFileLayoutExFileInfo?[], disk VirtualMachineFileLayoutExDiskLayout?[],
  snapshot VirtualMachineFileLayoutExSnapshotLayout?[], timestamp date
VirtualMachineFileLayoutExFileInfo: DynamicData
  key int, name str, type str, size long, uniqueSize long?, backingObjectId str?, accessible bool?
VirtualMachineFileLayoutExDiskLayout: DynamicData
  key int, chain VirtualMachineFileLayoutExDiskUnit?[]
VirtualMachineFileLayoutExDiskUnit: DynamicData
  fileKey int[]
VirtualMachineFileLayoutExSnapshotLayout: DynamicData
  key ref, dataKey int, memoryKey int, disk VirtualMachineFileLayoutExDiskLayout?[]
VirtualMachineStorageInfo: DynamicData
  perDatastoreUsage VirtualMachineUsageOnDatastore?[], timestamp date
VirtualMachineUsageOnDatastore: DynamicData
  datastore ref, committed long, uncommitted long, unshared long
VirtualMachineCapability: DynamicData
  snapshotOperationsSupported bool, multipleSnapshotsSupported bool, snapshotConfigSupported bool,
  poweredOffSnapshotsSupported bool, memorySnapshotsSupported bool, revertToSnapshotSupported bool,
  quiescedSnapshotsSupported bool, disableSnapshotsSupported bool, lockSnapshotsSupported bool,
  consolePreferencesSupported bool, cpuFeatureMaskSupported bool, s1AcpiManagementSupported bool,
  settingScreenResolutionSupported bool, toolsAutoUpdateSupported bool, vmNpivWwnSupported bool,
  npivWwnOnNonRdmVmSupported bool, vmNpivWwnDisableSupported bool, vmNpivWwnUpdateSupported bool,
  swapPlacementSupported bool, toolsSyncTimeSupported bool, virtualMmuUsageSupported bool,
  diskSharesSupported bool, bootOptionsSupported bool, bootRetryOptionsSupported bool,
  settingVideoRamSizeSupported bool, settingDisplayTopologySupported bool, recordReplaySupported bool,
  changeTrackingSupported bool, multipleCoresPerSocketSupported bool, hostBasedReplicationSupported bool,
  guestAutoLockSupported bool, memoryReservationLockSupported bool, featureRequirementSupported bool,
  poweredOnMonitorTypeChangeSupported bool, seSparseDiskSupported bool, nestedHVSupported bool,
  vPMCSupported bool, secureBootSupported bool?, perVmEvcSupported bool?, virtualMmuUsageIgnored bool?,
  virtualExecUsageIgnored bool?, diskOnlySnapshotOnSuspendedVMSupported bool?,
  suspendToMemorySupported bool?, toolsSyncTimeAllowSupported bool?, sevSupported bool?,
  pmemFailoverSupported bool?, requireSgxAttestationSupported bool?, changeModeDisksSupported bool?,
  vendorDeviceGroupSupported bool?
ResourceConfigSpec: DynamicData
  entity ref?, changeVersion str?, lastModified date?, cpuAllocation ResourceAllocationInfo,
  memoryAllocation ResourceAllocationInfo, scaleDescendantsShares str?
`;
