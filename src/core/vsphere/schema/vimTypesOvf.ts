/** OVF descriptors and the import of VMs. Rows as described in parseTable.ts. */
export const ovfTypes = `
OvfManagerCommonParams: DynamicData
  locale str, deploymentOption str, msgBundle KeyValue?[], importOption str?[]
OvfCreateImportSpecParams: OvfManagerCommonParams
  entityName str, hostSystem ref?, networkMapping OvfNetworkMapping?[], ipAllocationPolicy str?,
  ipProtocol str?, propertyMapping KeyValue?[], resourceMapping OvfResourceMap?[], diskProvisioning str?,
  instantiationOst OvfConsumerOstNode?
OvfNetworkMapping: DynamicData
  name str, network ref
OvfResourceMap: DynamicData
  source str, parent ref?, resourceSpec ResourceConfigSpec?, datastore ref?
OvfConsumerOstNode: DynamicData
  id str, type str, section OvfConsumerOvfSection?[], child OvfConsumerOstNode?[], entity ref?
OvfConsumerOvfSection: DynamicData
  lineNumber int, xml str
OvfCreateImportSpecResult: DynamicData
  importSpec ImportSpec?, fileItem OvfFileItem?[], warning LocalizedMethodFault?[],
  error LocalizedMethodFault?[]
ImportSpec: DynamicData
  entityConfig VAppEntityConfigInfo?, instantiationOst OvfConsumerOstNode?
VAppEntityConfigInfo: DynamicData
  key ref?, tag str?, startOrder int?, startDelay int?, waitingForGuest bool?, startAction str?,
  stopDelay int?, stopAction str?, destroyWithParent bool?
OvfFileItem: DynamicData
  deviceId str, path str, compressionMethod str?, chunkSize long?, size long?, cimType int, create bool
OvfCreateDescriptorParams: DynamicData
  ovfFiles OvfFile?[], name str?, description str?, includeImageFiles bool?, exportOption str?[],
  snapshot ref?
OvfFile: DynamicData
  deviceId str, path str, compressionMethod str?, chunkSize long?, size long, capacity long?,
  populatedSize long?
OvfCreateDescriptorResult: DynamicData
  ovfDescriptor str, error LocalizedMethodFault?[], warning LocalizedMethodFault?[],
  includeImageFiles bool?
VirtualMachineImportSpec: ImportSpec
  configSpec VirtualMachineConfigSpec, resPoolEntity ref?
VirtualAppImportSpec: ImportSpec
  name str, vAppConfigSpec VAppConfigSpec, resourcePoolSpec ResourceConfigSpec, child ImportSpec?[]
VAppConfigSpec: VmConfigSpec
  entityConfig VAppEntityConfigInfo?[], annotation str?, instanceUuid str?, managedBy ManagedByInfo?
`;
