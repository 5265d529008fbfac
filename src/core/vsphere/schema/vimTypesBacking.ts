/** What backs a virtual device: files, raw disks, host devices, networks. Rows as described in parseTable.ts. */
export const backingTypes = `
VirtualDeviceBackingInfo: DynamicData
VirtualSriovEthernetCardSriovBackingInfo: VirtualDeviceBackingInfo
  physicalFunctionBacking VirtualPCIPassthroughDeviceBackingInfo?,
  virtualFunctionBacking VirtualPCIPassthroughDeviceBackingInfo?, virtualFunctionIndex int?
VirtualDeviceDeviceBackingInfo: VirtualDeviceBackingInfo
  deviceName str, useAutoDetect bool?
VirtualPCIPassthroughDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
  id str, deviceId str, systemId str, vendorId short
VirtualPCIPassthroughDvxBackingInfo: VirtualDeviceBackingInfo
  deviceClass str?, configParams OptionValue?[]
VirtualDeviceFileBackingInfo: VirtualDeviceBackingInfo
  fileName str, datastore ref?, backingObjectId str?
VirtualDeviceRemoteDeviceBackingInfo: VirtualDeviceBackingInfo
  deviceName str, useAutoDetect bool?
VirtualDeviceURIBackingInfo: VirtualDeviceBackingInfo
  serviceURI str, direction str, proxyURI str?
VirtualDevicePipeBackingInfo: VirtualDeviceBackingInfo
  pipeName str
VirtualDiskFlatVer1BackingInfo: VirtualDeviceFileBackingInfo
  diskMode str, split bool?, writeThrough bool?, contentId str?, parent VirtualDiskFlatVer1BackingInfo?
VirtualDiskFlatVer2BackingInfo: VirtualDeviceFileBackingInfo
  diskMode str, split bool?, writeThrough bool?, thinProvisioned bool?, eagerlyScrub bool?, uuid str?,
  contentId str?, changeId str?, parent VirtualDiskFlatVer2BackingInfo?, deltaDiskFormat str?,
  digestEnabled bool?, deltaGrainSize int?, deltaDiskFormatVariant str?, sharing str?, keyId CryptoKeyId?
CryptoKeyId: DynamicData
  keyId str, providerId KeyProviderId?
KeyProviderId: DynamicData
  id str
VirtualDiskSparseVer1BackingInfo: VirtualDeviceFileBackingInfo
  diskMode str, split bool?, writeThrough bool?, spaceUsedInKB long?, contentId str?,
  parent VirtualDiskSparseVer1BackingInfo?
VirtualDiskSparseVer2BackingInfo: VirtualDeviceFileBackingInfo
  diskMode str, split bool?, writeThrough bool?, spaceUsedInKB long?, uuid str?, contentId str?,
  changeId str?, parent VirtualDiskSparseVer2BackingInfo?, keyId CryptoKeyId?
VirtualDiskSeSparseBackingInfo: VirtualDeviceFileBackingInfo
  diskMode str, writeThrough bool?, uuid str?, contentId str?, changeId str?,
  parent VirtualDiskSeSparseBackingInfo?, deltaDiskFormat str?, digestEnabled bool?, grainSize int?,
  keyId CryptoKeyId?
VirtualDiskRawDiskVer2BackingInfo: VirtualDeviceDeviceBackingInfo
  descriptorFileName str, uuid str?, changeId str?, sharing str?
VirtualDiskPartitionedRawDiskVer2BackingInfo: VirtualDiskRawDiskVer2BackingInfo
  partition int[]
VirtualDiskRawDiskMappingVer1BackingInfo: VirtualDeviceFileBackingInfo
  lunUuid str?, deviceName str?, compatibilityMode str?, diskMode str?, uuid str?, contentId str?,
  changeId str?, parent VirtualDiskRawDiskMappingVer1BackingInfo?, deltaDiskFormat str?,
  deltaGrainSize int?, sharing str?
VirtualDiskLocalPMemBackingInfo: VirtualDeviceFileBackingInfo
  diskMode str, uuid str?, volumeUUID str?, contentId str?
VirtualNVDIMMBackingInfo: VirtualDeviceFileBackingInfo
  parent VirtualNVDIMMBackingInfo?, changeId str?
VirtualCdromAtapiBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualCdromIsoBackingInfo: VirtualDeviceFileBackingInfo
VirtualCdromPassthroughBackingInfo: VirtualDeviceDeviceBackingInfo
  exclusive bool
VirtualCdromRemoteAtapiBackingInfo: VirtualDeviceRemoteDeviceBackingInfo
VirtualCdromRemotePassthroughBackingInfo: VirtualDeviceRemoteDeviceBackingInfo
  exclusive bool
VirtualFloppyDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualFloppyImageBackingInfo: VirtualDeviceFileBackingInfo
VirtualFloppyRemoteDeviceBackingInfo: VirtualDeviceRemoteDeviceBackingInfo
VirtualEthernetCardNetworkBackingInfo: VirtualDeviceDeviceBackingInfo
  network ref?, inPassthroughMode bool?
VirtualEthernetCardLegacyNetworkBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualEthernetCardDistributedVirtualPortBackingInfo: VirtualDeviceBackingInfo
  port DistributedVirtualSwitchPortConnection
DistributedVirtualSwitchPortConnection: DynamicData
  switchUuid str, portgroupKey str?, portKey str?, connectionCookie int?
VirtualEthernetCardOpaqueNetworkBackingInfo: VirtualDeviceBackingInfo
  opaqueNetworkId str, opaqueNetworkType str
VirtualPCIPassthroughDynamicBackingInfo: VirtualDeviceDeviceBackingInfo
  allowedDevice VirtualPCIPassthroughAllowedDevice?[], customLabel str?, assignedId str?
VirtualPCIPassthroughAllowedDevice: DynamicData
  vendorId int, deviceId int, subVendorId int?, subDeviceId int?, revisionId short?
VirtualPCIPassthroughPluginBackingInfo: VirtualDeviceBackingInfo
VirtualPCIPassthroughVmiopBackingInfo: VirtualPCIPassthroughPluginBackingInfo
  vgpu str?, vgpuMigrateDataSizeMB int?, migrateSupported bool?, enhancedMigrateCapability bool?
VirtualPointingDeviceDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
  hostPointingDevice str
VirtualSerialPortDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualSerialPortFileBackingInfo: VirtualDeviceFileBackingInfo
VirtualSerialPortPipeBackingInfo: VirtualDevicePipeBackingInfo
  endpoint str, noRxLoss bool?
VirtualSerialPortThinPrintBackingInfo: VirtualDeviceBackingInfo
VirtualSerialPortURIBackingInfo: VirtualDeviceURIBackingInfo
VirtualParallelPortDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualParallelPortFileBackingInfo: VirtualDeviceFileBackingInfo
VirtualSoundCardDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualUSBUSBBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualUSBRemoteClientBackingInfo: VirtualDeviceRemoteDeviceBackingInfo
  hostname str
VirtualUSBRemoteHostBackingInfo: VirtualDeviceDeviceBackingInfo
  hostname str
VirtualSCSIPassthroughDeviceBackingInfo: VirtualDeviceDeviceBackingInfo
VirtualPrecisionClockSystemClockBackingInfo: VirtualDeviceBackingInfo
  protocol str?
`;
