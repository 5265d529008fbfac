/**
 * What the table has that version 5.5 of the API, the oldest one that is spoken, did not: operations, types, and the
 * fields that older types and operations were given. A version begins its line, what came with it is indented. The fields of a type came
 * with it unless they stand under a later version.
 */
export const vimVersions = `
6.0
  types HostCertificateManager, VirtualEthernetCardResourceAllocation, VirtualMachineVMCIDeviceFilterInfo,
    VirtualMachineVMCIDeviceFilterSpec, VirtualPCIPassthroughPluginBackingInfo,
    VirtualPCIPassthroughVmiopBackingInfo, VirtualMachineForkConfigInfo, ServiceLocator,
    ServiceLocatorCredential, VirtualMachineDefaultProfileSpec
  HostConfigManager certificateManager
  ServiceContent overheadMemoryManager, certificateManager, ioFilterManager
  TaskInfo activationId
  VirtualDisk iofilter
  VirtualEthernetCard resourceAllocation, externalId, uptCompatibilityEnabled
  VirtualMachineVideoCard graphicsMemorySizeInKB
  VirtualMachineVMCIDevice filterEnable, filterInfo
  VirtualDiskFlatVer2BackingInfo deltaDiskFormatVariant, sharing
  VirtualDiskRawDiskVer2BackingInfo sharing
  VirtualDiskRawDiskMappingVer1BackingInfo sharing
  VirtualMachineConfigInfo repConfig, forkConfigInfo, vmxConfigChecksum, messageBusTunnelEnabled,
    vmStorageObjectId, swapStorageObjectId
  VirtualMachineFileInfo ftMetadataDirectory
  VirtualMachineFlagInfo faultToleranceType
  VirtualMachineBootOptions networkBootProtocol
  FaultToleranceConfigInfo orphaned
  ReplicationConfigSpec netCompressionEnabled
  VirtualMachineConfigSpec repConfig, messageBusTunnelEnabled
  VirtualMachineRelocateSpec service, folder
  GuestInfo guestKernelCrashed, guestStateChangeSupported
  VirtualMachineRuntimeInfo paused, snapshotInBackground, quiescedForkParent
  VirtualMachineFileLayoutExFileInfo backingObjectId, accessible
  VirtualMachineFileLayoutExSnapshotLayout memoryKey
  DatastoreInfo maxMemoryFileSize
  DVPortgroupConfigInfo vmVnicNetworkResourcePoolKey
  VirtualMachineSnapshot vm
  HostConfigManager certificateManager
  TaskFilterSpec activationId
6.5
  operations CreateSnapshotEx_Task, HasUserPrivilegeOnEntities, FetchUserPrivilegeOnEntities
  types VirtualNVMEController, ID, VirtualVmxnet3Vrdma, CryptoKeyId, KeyProviderId,
    VirtualMachineGuestIntegrityInfo, VirtualDeviceConfigSpecBackingSpec, CryptoSpec, ReplicationSpec,
    ReplicationGroupId, FaultDomainId, DeviceGroupId, CryptoSpecNoOp, CryptoSpecDecrypt, CryptoSpecEncrypt,
    VirtualMachineGuestQuiesceSpec, VirtualMachineWindowsQuiesceSpec,
    UserPrivilegeResult, ChangesInfoEventArgument
  ServiceContent vStorageObjectManager, hostSpecManager, cryptoManager, healthUpdateManager,
    failoverClusterConfigurator, failoverClusterManager
  VirtualDisk vDiskId
  VirtualDiskFlatVer2BackingInfo keyId
  VirtualDiskSparseVer2BackingInfo keyId
  VirtualDiskSeSparseBackingInfo keyId
  VirtualMachineConfigInfo keyId, guestIntegrityInfo, migrateEncryption
  ToolsConfigInfo toolsInstallType, customizationKeyId
  VirtualMachineFlagInfo cbrcCacheEnabled
  VirtualMachineBootOptions efiSecureBootEnabled
  VirtualMachineForkConfigInfo parentForkGroupId
  VirtualMachineConfigSpec crypto, migrateEncryption
  VirtualDeviceConfigSpec backing
  VirtualMachineDefinedProfileSpec replicationSpec
  GuestInfo toolsInstallType
  VirtualMachineCapability secureBootSupported
  DatastoreCapability vmfsSparseSupported, vsanSparseSupported, upitSupported
  DVPortgroupConfigInfo uplink
  FileBackedVirtualDiskSpec crypto
  VmConfigFileQueryFilter encrypted
  VmConfigFileQueryFlags encryption
  VmDiskFileQueryFilter encrypted
  VmDiskFileQueryFlags encryption
  FileInfo friendlyName
  VmReconfiguredEvent configChanges
  EventFilterSpec maxCount
6.7
  operations HttpNfcLeaseSetManifestChecksumType
  types VirtualNVDIMMController, VirtualTPM, VirtualNVDIMM, VirtualDiskLocalPMemBackingInfo,
    VirtualNVDIMMBackingInfo, HttpNfcLeaseCapabilities
  VirtualDeviceConnectInfo migrateConnect
  VirtualDisk nativeUnmanagedLinkedClone
  VirtualVmxnet3Vrdma deviceProtocol
  VirtualDiskRawDiskMappingVer1BackingInfo deltaDiskFormat, deltaGrainSize
  VirtualMachineConfigInfo createDate
  VirtualMachineFlagInfo vvtdEnabled, vbsEnabled
  ReplicationConfigSpec netEncryptionEnabled, encryptionDestination, encryptionPort,
    remoteCertificateThumbprint
  VirtualMachineConfigSpec createDate
  VirtualMachineDefinedProfileSpec profileParams
  VirtualMachineRuntimeInfo instantCloneFrozen, cryptoState
  VirtualMachineConfigSummary tpmPresent, numVmiopBackings
  VirtualMachineCapability perVmEvcSupported, virtualMmuUsageIgnored, virtualExecUsageIgnored,
    diskOnlySnapshotOnSuspendedVMSupported
  DatastoreCapability vmdkExpandSupported
  HttpNfcLeaseManifestEntry checksum, checksumType
  HttpNfcLease transferProgress, mode, capabilities
6.7.1
  DatastoreInfo aliasOf
6.7.2
  types PasswordExpired
  ServiceContent storageQueryManager
6.8.7
  ServiceContent guestCustomizationManager
6.9.1
  ServiceContent tenantManager
  GuestInfo hwVersion
  VirtualMachineGuestSummary hwVersion
  VirtualMachineConfigSummary hwVersion
7.0.0.0
  types VirtualWDT, VirtualPrecisionClock, VirtualPCIPassthroughDynamicBackingInfo,
    VirtualPCIPassthroughAllowedDevice, VirtualPrecisionClockSystemClockBackingInfo, VirtualMachineVcpuConfig,
    VirtualMachineSgxInfo, VirtualMachineContentLibraryItemInfo, VirtualMachineGuestMonitoringModeInfo,
    VirtualMachineRelocateSpecDiskLocatorBackingSpec, GuestInfoVirtualDiskMapping
  ServiceContent siteInfoManager
  VirtualMachineConfigInfo vcpuConfig, sgxInfo, contentLibItemInfo, guestMonitoringModeInfo
  VirtualMachineConfigSpec vcpuConfig, sgxInfo, guestMonitoringModeInfo
  VirtualMachineRelocateSpec cryptoSpec
  VirtualMachineRelocateSpecDiskLocator backing
  GuestDiskInfo filesystemType, mappings
  VirtualMachineQuickStats overallCpuReadiness, grantedMemory
  ResourceConfigSpec scaleDescendantsShares
  DatastoreCapability clusteredVmdkSupported
  DVPortgroupConfigInfo backingType, transportZoneUuid, transportZoneName, logicalSwitchUuid, segmentId
  ResourcePoolRuntimeInfo sharesScalable
  Folder namespace
7.0.1.0
  VirtualMachineConfigInfo sevEnabled
  ToolsConfigInfo syncTimeWithHostAllowed
  VirtualMachineConfigSpec sevEnabled
  VirtualMachineCapability toolsSyncTimeAllowSupported, sevSupported
7.0.2.0
  types GuestInfoCustomizationInfo
  AboutInfo patchLevel
  SessionManagerGenericServiceTicket ticketType
  VirtualNVDIMM configuredCapacityInMB
  VirtualPCIPassthroughVmiopBackingInfo migrateSupported
  VirtualMachineConfigInfo ftEncryptionMode, pmemFailoverEnabled
  VirtualMachineConfigSpec ftEncryptionMode, pmemFailoverEnabled
  GuestInfo customizationInfo
  VirtualMachineRuntimeInfo vmFailoverInProgress, suspendedToMemory
  VirtualMachineCapability suspendToMemorySupported, pmemFailoverSupported
7.0.2.1
  types VirtualMachineBaseIndependentFilterSpec
  VirtualDisk independentFilters
  VirtualDeviceConfigSpec filterSpec
  VirtualMachineRelocateSpecDiskLocator filterSpec
7.0.3.0
  types VirtualMachineVirtualPMem, VirtualMachineQuickStatsMemoryTierStats
  VirtualMachineConfigInfo vmOpNotificationToAppEnabled, pmem
  VirtualMachineConfigSpec vmOpNotificationToAppEnabled, pmem
  VirtualMachineQuickStats activeMemory, memoryTierStats
7.0.3.1
  types VirtualMachineCertThumbprint
  SessionManagerGenericServiceTicket certThumbprintList
  VirtualMachineConfigInfo vmxStatsCollectionEnabled
  VirtualMachineConfigSpec vmxStatsCollectionEnabled
7.0.3.2
  types NoPermissionEntityPrivileges
  NoPermission missingPrivileges
8.0.0.0
  ReplicationConfigSpec dataSetsReplicationEnabled
8.0.0.1
  types VirtualDeviceDeviceGroupInfo, VirtualPCIPassthroughDvxBackingInfo, VirtualMachineVirtualNumaInfo,
    VirtualMachineVirtualDeviceSwap, VirtualMachineVirtualDeviceSwapDeviceSwapInfo,
    VirtualMachineVirtualDeviceGroups, VirtualMachineVirtualNuma
  VirtualDevice numaNode, deviceGroupInfo
  VirtualVmxnet3 uptv2Enabled
  VirtualSriovEthernetCard dvxBackingInfo
  VirtualPCIPassthroughVmiopBackingInfo vgpuMigrateDataSizeMB, enhancedMigrateCapability
  VirtualMachineConfigInfo rebootPowerOff, numaInfo, vmOpNotificationTimeout, deviceSwap, deviceGroups
  VirtualHardware autoCoresPerSocket, motherboardLayout, simultaneousThreads
  VirtualMachineSgxInfo requireAttestation
  VirtualMachineConfigSpec rebootPowerOff, virtualNuma, motherboardLayout, vmOpNotificationTimeout,
    deviceSwap, simultaneousThreads, deviceGroups
  VirtualDeviceConfigSpec changeMode
  VirtualMachineCloneSpec tpmProvisionPolicy
  VirtualMachineRuntimeInfo opNotificationTimeout
  VirtualMachineCapability requireSgxAttestationSupported, changeModeDisksSupported
8.0.1.0
  TaskInfo progressDetails
  VirtualDisk vDiskVersion
  VirtualMachineConfigInfo fixedPassthruHotPlugEnabled
  VirtualMachineConfigSpec fixedPassthruHotPlugEnabled
  VirtualMachineRuntimeInfo iommuActive
  VirtualMachineCapability vendorDeviceGroupSupported
8.0.2.0
  VirtualNVMEController sharedBus
  VirtualDisk guestReadOnly
  GuestInfo guestDetailedData
8.0.3.0
  types SnapshotSelectionSpec
  RemoveAllSnapshots_Task spec
  VirtualMachineConfigInfo metroFtEnabled, metroFtHostGroup
  VirtualMachineConfigSpec metroFtEnabled, metroFtHostGroup
  EventFilterSpec delayedInit
9.0.0.0
  types EventManagerEventViewSpec
  QueryEvents eventViewSpec
`;
