/** Virtual hardware, without what backs it. Rows as described in parseTable.ts. */
export const deviceTypes = `
VirtualDevice: DynamicData
  key int, deviceInfo Description?, backing VirtualDeviceBackingInfo?,
  connectable VirtualDeviceConnectInfo?, slotInfo VirtualDeviceBusSlotInfo?, controllerKey int?,
  unitNumber int?, numaNode int?, deviceGroupInfo VirtualDeviceDeviceGroupInfo?
VirtualDeviceConnectInfo: DynamicData
  migrateConnect str?, startConnected bool, allowGuestControl bool, connected bool, status str?
VirtualDeviceBusSlotInfo: DynamicData
VirtualDeviceDeviceGroupInfo: DynamicData
  groupInstanceKey int, sequenceId int
VirtualController: VirtualDevice
  busNumber int, device int?[]
VirtualSCSIController: VirtualController
  hotAddRemove bool?, sharedBus str, scsiCtlrUnitNumber int?
ParaVirtualSCSIController: VirtualSCSIController
VirtualLsiLogicController: VirtualSCSIController
VirtualLsiLogicSASController: VirtualSCSIController
VirtualBusLogicController: VirtualSCSIController
VirtualIDEController: VirtualController
VirtualSATAController: VirtualController
VirtualAHCIController: VirtualSATAController
VirtualNVMEController: VirtualController
  sharedBus str?
VirtualNVDIMMController: VirtualController
VirtualPCIController: VirtualController
VirtualPS2Controller: VirtualController
VirtualSIOController: VirtualController
VirtualUSBController: VirtualController
  autoConnectDevices bool?, ehciEnabled bool?
VirtualUSBXHCIController: VirtualController
  autoConnectDevices bool?
VirtualDisk: VirtualDevice
  capacityInKB long, capacityInBytes long?, shares SharesInfo?,
  storageIOAllocation StorageIOAllocationInfo?, diskObjectId str?,
  vFlashCacheConfigInfo VirtualDiskVFlashCacheConfigInfo?, iofilter str?[], vDiskId ID?, vDiskVersion int?,
  nativeUnmanagedLinkedClone bool?, independentFilters VirtualMachineBaseIndependentFilterSpec?[],
  guestReadOnly bool?
StorageIOAllocationInfo: DynamicData
  limit long?, shares SharesInfo?, reservation int?
VirtualDiskVFlashCacheConfigInfo: DynamicData
  vFlashModule str?, reservationInMB long?, cacheConsistencyType str?, cacheMode str?, blockSizeInKB long?
ID: DynamicData
  id str
VirtualMachineBaseIndependentFilterSpec: DynamicData
VirtualCdrom: VirtualDevice
VirtualFloppy: VirtualDevice
VirtualEthernetCard: VirtualDevice
  addressType str?, macAddress str?, wakeOnLanEnabled bool?,
  resourceAllocation VirtualEthernetCardResourceAllocation?, externalId str?, uptCompatibilityEnabled bool?
VirtualEthernetCardResourceAllocation: DynamicData
  reservation long?, share SharesInfo, limit long?
VirtualE1000: VirtualEthernetCard
VirtualE1000e: VirtualEthernetCard
VirtualPCNet32: VirtualEthernetCard
VirtualVmxnet: VirtualEthernetCard
VirtualVmxnet2: VirtualVmxnet
VirtualVmxnet3: VirtualVmxnet
  uptv2Enabled bool?
VirtualVmxnet3Vrdma: VirtualVmxnet3
  deviceProtocol str?
VirtualSriovEthernetCard: VirtualEthernetCard
  allowGuestOSMtuChange bool?, sriovBacking VirtualSriovEthernetCardSriovBackingInfo?,
  dvxBackingInfo VirtualPCIPassthroughDvxBackingInfo?
VirtualKeyboard: VirtualDevice
VirtualPointingDevice: VirtualDevice
VirtualMachineVideoCard: VirtualDevice
  videoRamSizeInKB long?, numDisplays int?, useAutoDetect bool?, enable3DSupport bool?, use3dRenderer str?,
  graphicsMemorySizeInKB long?
VirtualMachineVMCIDevice: VirtualDevice
  id long?, allowUnrestrictedCommunication bool?, filterEnable bool?,
  filterInfo VirtualMachineVMCIDeviceFilterInfo?
VirtualMachineVMCIDeviceFilterInfo: DynamicData
  filters VirtualMachineVMCIDeviceFilterSpec?[]
VirtualMachineVMCIDeviceFilterSpec: DynamicData
  rank long, action str, protocol str, direction str, lowerDstPortBoundary long?,
  upperDstPortBoundary long?
VirtualTPM: VirtualDevice
  endorsementKeyCertificateSigningRequest any?[], endorsementKeyCertificate any?[]
VirtualUSB: VirtualDevice
  connected bool, vendor int?, product int?, family str?[], speed str?[]
VirtualPCIPassthrough: VirtualDevice
VirtualSerialPort: VirtualDevice
  yieldOnPoll bool
VirtualParallelPort: VirtualDevice
VirtualSoundCard: VirtualDevice
VirtualHdAudioCard: VirtualSoundCard
VirtualEnsoniq1371: VirtualSoundCard
VirtualSoundBlaster16: VirtualSoundCard
VirtualNVDIMM: VirtualDevice
  capacityInMB long, configuredCapacityInMB long?
VirtualWDT: VirtualDevice
  runOnBoot bool, running bool
VirtualPrecisionClock: VirtualDevice
VirtualSCSIPassthrough: VirtualDevice
VirtualDevicePciBusSlotInfo: VirtualDeviceBusSlotInfo
  pciSlotNumber int
VirtualUSBControllerPciBusSlotInfo: VirtualDevicePciBusSlotInfo
  ehciPciSlotNumber int?
`;
