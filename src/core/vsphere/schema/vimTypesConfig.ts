/** A VM's configuration as read and as written. Rows as described in parseTable.ts. */
export const configTypes = `
VirtualMachineConfigInfo: DynamicData
  changeVersion str, modified date, name str, guestFullName str, version str, uuid str, createDate date?,
  instanceUuid str?, npivNodeWorldWideName long?[], npivPortWorldWideName long?[],
  npivWorldWideNameType str?, npivDesiredNodeWwns short?, npivDesiredPortWwns short?,
  npivTemporaryDisabled bool?, npivOnNonRdmDisks bool?, locationId str?, template bool, guestId str,
  alternateGuestName str, annotation str?, files VirtualMachineFileInfo, tools ToolsConfigInfo?,
  flags VirtualMachineFlagInfo, consolePreferences VirtualMachineConsolePreferences?,
  defaultPowerOps VirtualMachineDefaultPowerOpInfo, rebootPowerOff bool?, hardware VirtualHardware,
  vcpuConfig VirtualMachineVcpuConfig?[], cpuAllocation ResourceAllocationInfo?,
  memoryAllocation ResourceAllocationInfo?, latencySensitivity LatencySensitivity?,
  memoryHotAddEnabled bool?, cpuHotAddEnabled bool?, cpuHotRemoveEnabled bool?, hotPlugMemoryLimit long?,
  hotPlugMemoryIncrementSize long?, cpuAffinity VirtualMachineAffinityInfo?,
  memoryAffinity VirtualMachineAffinityInfo?, networkShaper VirtualMachineNetworkShaperInfo?,
  extraConfig OptionValue?[], cpuFeatureMask HostCpuIdInfo?[],
  datastoreUrl VirtualMachineConfigInfoDatastoreUrlPair?[], swapPlacement str?,
  bootOptions VirtualMachineBootOptions?, ftInfo FaultToleranceConfigInfo?,
  repConfig ReplicationConfigSpec?, vAppConfig VmConfigInfo?, vAssertsEnabled bool?,
  changeTrackingEnabled bool?, firmware str?, maxMksConnections int?, guestAutoLockEnabled bool?,
  managedBy ManagedByInfo?, memoryReservationLockedToMax bool?,
  initialOverhead VirtualMachineConfigInfoOverheadInfo?, nestedHVEnabled bool?, vPMCEnabled bool?,
  scheduledHardwareUpgradeInfo ScheduledHardwareUpgradeInfo?, forkConfigInfo VirtualMachineForkConfigInfo?,
  vFlashCacheReservation long?, vmxConfigChecksum base64?, messageBusTunnelEnabled bool?,
  vmStorageObjectId str?, swapStorageObjectId str?, keyId CryptoKeyId?,
  guestIntegrityInfo VirtualMachineGuestIntegrityInfo?, migrateEncryption str?,
  sgxInfo VirtualMachineSgxInfo?, contentLibItemInfo VirtualMachineContentLibraryItemInfo?,
  ftEncryptionMode str?, guestMonitoringModeInfo VirtualMachineGuestMonitoringModeInfo?, sevEnabled bool?,
  numaInfo VirtualMachineVirtualNumaInfo?, pmemFailoverEnabled bool?, vmxStatsCollectionEnabled bool?,
  vmOpNotificationToAppEnabled bool?, vmOpNotificationTimeout long?,
  deviceSwap VirtualMachineVirtualDeviceSwap?, pmem VirtualMachineVirtualPMem?,
  deviceGroups VirtualMachineVirtualDeviceGroups?, fixedPassthruHotPlugEnabled bool?, metroFtEnabled bool?,
  metroFtHostGroup str?
VirtualMachineFileInfo: DynamicData
  vmPathName str?, snapshotDirectory str?, suspendDirectory str?, logDirectory str?,
  ftMetadataDirectory str?
ToolsConfigInfo: DynamicData
  toolsVersion int?, toolsInstallType str?, afterPowerOn bool?, afterResume bool?,
  beforeGuestStandby bool?, beforeGuestShutdown bool?, beforeGuestReboot bool?, toolsUpgradePolicy str?,
  pendingCustomization str?, customizationKeyId CryptoKeyId?, syncTimeWithHostAllowed bool?,
  syncTimeWithHost bool?, lastInstallInfo ToolsConfigInfoToolsLastInstallInfo?
ToolsConfigInfoToolsLastInstallInfo: DynamicData
  counter int, fault LocalizedMethodFault?
VirtualMachineFlagInfo: DynamicData
  disableAcceleration bool?, enableLogging bool?, useToe bool?, runWithDebugInfo bool?, monitorType str?,
  htSharing str?, snapshotDisabled bool?, snapshotLocked bool?, diskUuidEnabled bool?,
  virtualMmuUsage str?, virtualExecUsage str?, snapshotPowerOffBehavior str?, recordReplayEnabled bool?,
  faultToleranceType str?, cbrcCacheEnabled bool?, vvtdEnabled bool?, vbsEnabled bool?
VirtualMachineConsolePreferences: DynamicData
  powerOnWhenOpened bool?, enterFullScreenOnPowerOn bool?, closeOnPowerOffOrSuspend bool?
VirtualMachineDefaultPowerOpInfo: DynamicData
  powerOffType str?, suspendType str?, resetType str?, defaultPowerOffType str?, defaultSuspendType str?,
  defaultResetType str?, standbyAction str?
VirtualHardware: DynamicData
  numCPU int, numCoresPerSocket int?, autoCoresPerSocket bool?, memoryMB int, virtualICH7MPresent bool?,
  virtualSMCPresent bool?, device VirtualDevice?[], motherboardLayout str?, simultaneousThreads int?
VirtualMachineVcpuConfig: DynamicData
  latencySensitivity LatencySensitivity?
LatencySensitivity: DynamicData
  level str, sensitivity int?
VirtualMachineAffinityInfo: DynamicData
  affinitySet int?[]
VirtualMachineNetworkShaperInfo: DynamicData
  enabled bool?, peakBps long?, averageBps long?, burstSize long?
HostCpuIdInfo: DynamicData
  level int, vendor str?, eax str?, ebx str?, ecx str?, edx str?
VirtualMachineConfigInfoDatastoreUrlPair: DynamicData
  name str, url str
VirtualMachineBootOptions: DynamicData
  bootDelay long?, enterBIOSSetup bool?, efiSecureBootEnabled bool?, bootRetryEnabled bool?,
  bootRetryDelay long?, bootOrder VirtualMachineBootOptionsBootableDevice?[], networkBootProtocol str?
VirtualMachineBootOptionsBootableDevice: DynamicData
FaultToleranceConfigInfo: DynamicData
  role int, instanceUuids str[], configPaths str[], orphaned bool?
ReplicationConfigSpec: DynamicData
  generation long, vmReplicationId str, destination str, port int, rpo long, quiesceGuestEnabled bool,
  paused bool, oppUpdatesEnabled bool, netCompressionEnabled bool?, netEncryptionEnabled bool?,
  encryptionDestination str?, encryptionPort int?, remoteCertificateThumbprint str?,
  dataSetsReplicationEnabled bool?, disk ReplicationInfoDiskSettings?[]
ReplicationInfoDiskSettings: DynamicData
  key int, diskReplicationId str
VmConfigInfo: DynamicData
  product VAppProductInfo?[], property VAppPropertyInfo?[], ipAssignment VAppIPAssignmentInfo, eula str?[],
  ovfSection VAppOvfSectionInfo?[], ovfEnvironmentTransport str?[], installBootRequired bool,
  installBootStopDelay int
VAppProductInfo: DynamicData
  key int, classId str?, instanceId str?, name str?, vendor str?, version str?, fullVersion str?,
  vendorUrl str?, productUrl str?, appUrl str?
VAppPropertyInfo: DynamicData
  key int, classId str?, instanceId str?, id str?, category str?, label str?, type str?,
  typeReference str?, userConfigurable bool?, defaultValue str?, value str?, description str?
VAppIPAssignmentInfo: DynamicData
  supportedAllocationScheme str?[], ipAllocationPolicy str?, supportedIpProtocol str?[], ipProtocol str?
VAppOvfSectionInfo: DynamicData
  key int?, namespace str?, type str?, atEnvelopeLevel bool?, contents str?
ManagedByInfo: DynamicData
  extensionKey str, type str
VirtualMachineConfigInfoOverheadInfo: DynamicData
  initialMemoryReservation long?, initialSwapReservation long?
ScheduledHardwareUpgradeInfo: DynamicData
  upgradePolicy str?, versionKey str?, scheduledHardwareUpgradeStatus str?, fault LocalizedMethodFault?
VirtualMachineForkConfigInfo: DynamicData
  parentEnabled bool?, childForkGroupId str?, parentForkGroupId str?, childType str?
VirtualMachineGuestIntegrityInfo: DynamicData
  enabled bool?
VirtualMachineSgxInfo: DynamicData
  epcSize long, flcMode str?, lePubKeyHash str?, requireAttestation bool?
VirtualMachineContentLibraryItemInfo: DynamicData
  contentLibraryItemUuid str, contentLibraryItemVersion str?
VirtualMachineGuestMonitoringModeInfo: DynamicData
  gmmFile str?, gmmAppliance str?
VirtualMachineVirtualNumaInfo: DynamicData
  coresPerNumaNode int?, autoCoresPerNumaNode bool?, vnumaOnCpuHotaddExposed bool?
VirtualMachineVirtualDeviceSwap: DynamicData
  lsiToPvscsi VirtualMachineVirtualDeviceSwapDeviceSwapInfo?
VirtualMachineVirtualDeviceSwapDeviceSwapInfo: DynamicData
  enabled bool?, applicable bool?, status str?
VirtualMachineVirtualPMem: DynamicData
  snapshotMode str?
VirtualMachineVirtualDeviceGroups: DynamicData
  deviceGroup VirtualMachineVirtualDeviceGroupsDeviceGroup?[]
VirtualMachineVirtualDeviceGroupsDeviceGroup: DynamicData
  groupInstanceKey int, deviceInfo Description?
VirtualMachineConfigSpec: DynamicData
  changeVersion str?, name str?, version str?, createDate date?, uuid str?, instanceUuid str?,
  npivNodeWorldWideName long?[], npivPortWorldWideName long?[], npivWorldWideNameType str?,
  npivDesiredNodeWwns short?, npivDesiredPortWwns short?, npivTemporaryDisabled bool?,
  npivOnNonRdmDisks bool?, npivWorldWideNameOp str?, locationId str?, guestId str?,
  alternateGuestName str?, annotation str?, files VirtualMachineFileInfo?, tools ToolsConfigInfo?,
  flags VirtualMachineFlagInfo?, consolePreferences VirtualMachineConsolePreferences?,
  powerOpInfo VirtualMachineDefaultPowerOpInfo?, rebootPowerOff bool?, numCPUs int?,
  vcpuConfig VirtualMachineVcpuConfig?[], numCoresPerSocket int?, memoryMB long?,
  memoryHotAddEnabled bool?, cpuHotAddEnabled bool?, cpuHotRemoveEnabled bool?, virtualICH7MPresent bool?,
  virtualSMCPresent bool?, deviceChange VirtualDeviceConfigSpec?[], cpuAllocation ResourceAllocationInfo?,
  memoryAllocation ResourceAllocationInfo?, latencySensitivity LatencySensitivity?,
  cpuAffinity VirtualMachineAffinityInfo?, memoryAffinity VirtualMachineAffinityInfo?,
  networkShaper VirtualMachineNetworkShaperInfo?, cpuFeatureMask VirtualMachineCpuIdInfoSpec?[],
  extraConfig OptionValue?[], swapPlacement str?, bootOptions VirtualMachineBootOptions?,
  vAppConfig VmConfigSpec?, ftInfo FaultToleranceConfigInfo?, repConfig ReplicationConfigSpec?,
  vAppConfigRemoved bool?, vAssertsEnabled bool?, changeTrackingEnabled bool?, firmware str?,
  maxMksConnections int?, guestAutoLockEnabled bool?, managedBy ManagedByInfo?,
  memoryReservationLockedToMax bool?, nestedHVEnabled bool?, vPMCEnabled bool?,
  scheduledHardwareUpgradeInfo ScheduledHardwareUpgradeInfo?, vmProfile VirtualMachineProfileSpec?[],
  messageBusTunnelEnabled bool?, crypto CryptoSpec?, migrateEncryption str?,
  sgxInfo VirtualMachineSgxInfo?, ftEncryptionMode str?,
  guestMonitoringModeInfo VirtualMachineGuestMonitoringModeInfo?, sevEnabled bool?,
  virtualNuma VirtualMachineVirtualNuma?, motherboardLayout str?, pmemFailoverEnabled bool?,
  vmxStatsCollectionEnabled bool?, vmOpNotificationToAppEnabled bool?, vmOpNotificationTimeout long?,
  deviceSwap VirtualMachineVirtualDeviceSwap?, simultaneousThreads int?, pmem VirtualMachineVirtualPMem?,
  deviceGroups VirtualMachineVirtualDeviceGroups?, fixedPassthruHotPlugEnabled bool?, metroFtEnabled bool?,
  metroFtHostGroup str?
VirtualDeviceConfigSpec: DynamicData
  operation str?, fileOperation str?, device VirtualDevice, profile VirtualMachineProfileSpec?[],
  backing VirtualDeviceConfigSpecBackingSpec?, filterSpec VirtualMachineBaseIndependentFilterSpec?[],
  changeMode str?
VirtualMachineProfileSpec: DynamicData
VirtualDeviceConfigSpecBackingSpec: DynamicData
  parent VirtualDeviceConfigSpecBackingSpec?, crypto CryptoSpec?
CryptoSpec: DynamicData
VirtualMachineCpuIdInfoSpec: ArrayUpdateSpec
  info HostCpuIdInfo?
VmConfigSpec: DynamicData
  product VAppProductSpec?[], property VAppPropertySpec?[], ipAssignment VAppIPAssignmentInfo?,
  eula str?[], ovfSection VAppOvfSectionSpec?[], ovfEnvironmentTransport str?[], installBootRequired bool?,
  installBootStopDelay int?
VAppProductSpec: ArrayUpdateSpec
  info VAppProductInfo?
VAppPropertySpec: ArrayUpdateSpec
  info VAppPropertyInfo?
VAppOvfSectionSpec: ArrayUpdateSpec
  info VAppOvfSectionInfo?
VirtualMachineVirtualNuma: DynamicData
  coresPerNumaNode int?, exposeVnumaOnCpuHotadd bool?
VirtualMachineCloneSpec: DynamicData
  location VirtualMachineRelocateSpec, template bool, config VirtualMachineConfigSpec?,
  customization CustomizationSpec?, powerOn bool, snapshot ref?, memory bool?, tpmProvisionPolicy str?
VirtualMachineRelocateSpec: DynamicData
  service ServiceLocator?, folder ref?, datastore ref?, diskMoveType str?, pool ref?, host ref?,
  disk VirtualMachineRelocateSpecDiskLocator?[], transform str?, deviceChange VirtualDeviceConfigSpec?[],
  profile VirtualMachineProfileSpec?[], cryptoSpec CryptoSpec?
ServiceLocator: DynamicData
  instanceUuid str, url str, credential ServiceLocatorCredential, sslThumbprint str?
ServiceLocatorCredential: DynamicData
VirtualMachineRelocateSpecDiskLocator: DynamicData
  diskId int, datastore ref, diskMoveType str?, diskBackingInfo VirtualDeviceBackingInfo?,
  profile VirtualMachineProfileSpec?[], backing VirtualMachineRelocateSpecDiskLocatorBackingSpec?,
  filterSpec VirtualMachineBaseIndependentFilterSpec?[]
VirtualMachineRelocateSpecDiskLocatorBackingSpec: DynamicData
  parent VirtualMachineRelocateSpecDiskLocatorBackingSpec?, crypto CryptoSpec?
CustomizationSpec: DynamicData
  options CustomizationOptions?, identity CustomizationIdentitySettings,
  globalIPSettings CustomizationGlobalIPSettings, nicSettingMap CustomizationAdapterMapping?[],
  encryptionKey byte?[]
CustomizationOptions: DynamicData
CustomizationIdentitySettings: DynamicData
CustomizationGlobalIPSettings: DynamicData
  dnsSuffixList str?[], dnsServerList str?[]
CustomizationAdapterMapping: DynamicData
  macAddress str?, adapter CustomizationIPSettings
CustomizationIPSettings: DynamicData
  ip CustomizationIpGenerator, subnetMask str?, gateway str?[],
  ipV6Spec CustomizationIPSettingsIpV6AddressSpec?, dnsServerList str?[], dnsDomain str?, primaryWINS str?,
  secondaryWINS str?, netBIOS str?
CustomizationIpGenerator: DynamicData
CustomizationIPSettingsIpV6AddressSpec: DynamicData
  ip CustomizationIpV6Generator[], gateway str?[]
CustomizationIpV6Generator: DynamicData
VirtualMachineDefinedProfileSpec: VirtualMachineProfileSpec
  profileId str, replicationSpec ReplicationSpec?, profileData VirtualMachineProfileRawData?,
  profileParams KeyValue?[]
ReplicationSpec: DynamicData
  replicationGroupId ReplicationGroupId
ReplicationGroupId: DynamicData
  faultDomainId FaultDomainId, deviceGroupId DeviceGroupId
FaultDomainId: DynamicData
  id str
DeviceGroupId: DynamicData
  id str
VirtualMachineProfileRawData: DynamicData
  extensionKey str, objectData str?
VirtualMachineEmptyProfileSpec: VirtualMachineProfileSpec
VirtualMachineDefaultProfileSpec: VirtualMachineProfileSpec
VirtualMachineBootOptionsBootableDiskDevice: VirtualMachineBootOptionsBootableDevice
  deviceKey int
VirtualMachineBootOptionsBootableCdromDevice: VirtualMachineBootOptionsBootableDevice
VirtualMachineBootOptionsBootableEthernetDevice: VirtualMachineBootOptionsBootableDevice
  deviceKey int
VirtualMachineBootOptionsBootableFloppyDevice: VirtualMachineBootOptionsBootableDevice
CryptoSpecNoOp: CryptoSpec
CryptoSpecDecrypt: CryptoSpec
CryptoSpecEncrypt: CryptoSpec
  cryptoKeyId CryptoKeyId
`;
