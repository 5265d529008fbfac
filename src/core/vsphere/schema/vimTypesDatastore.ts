/** Files and virtual disks on datastores, and searching for them. Rows as described in parseTable.ts. */
export const datastoreTypes = `
VirtualDiskSpec: DynamicData
  diskType str, adapterType str
FileBackedVirtualDiskSpec: VirtualDiskSpec
  capacityKb long, profile VirtualMachineProfileSpec?[], crypto CryptoSpec?
HostDiskDimensionsChs: DynamicData
  cylinder long, head int, sector int
HostDatastoreBrowserSearchSpec: DynamicData
  query FileQuery?[], details FileQueryFlags?, searchCaseInsensitive bool?, matchPattern str?[],
  sortFoldersFirst bool?
FileQueryFlags: DynamicData
  fileType bool, fileSize bool, modification bool, fileOwner bool
FileQuery: DynamicData
FolderFileQuery: FileQuery
VmLogFileQuery: FileQuery
VmNvramFileQuery: FileQuery
VmSnapshotFileQuery: FileQuery
IsoImageFileQuery: FileQuery
FloppyImageFileQuery: FileQuery
VmConfigFileQuery: FileQuery
  filter VmConfigFileQueryFilter?, details VmConfigFileQueryFlags?
TemplateConfigFileQuery: VmConfigFileQuery
VmConfigFileQueryFilter: DynamicData
  matchConfigVersion int?[], encrypted bool?
VmConfigFileQueryFlags: DynamicData
  configVersion bool, encryption bool?
VmDiskFileQuery: FileQuery
  filter VmDiskFileQueryFilter?, details VmDiskFileQueryFlags?
VmDiskFileQueryFilter: DynamicData
  diskType str?[], matchHardwareVersion int?[], controllerType str?[], thin bool?, encrypted bool?
VmDiskFileQueryFlags: DynamicData
  diskType bool, capacityKb bool, hardwareVersion bool, controllerType bool?, diskExtents bool?, thin bool?,
  encryption bool?
HostDatastoreBrowserSearchResults: DynamicData
  datastore ref?, folderPath str?, file FileInfo?[]
FileInfo: DynamicData
  path str, friendlyName str?, fileSize long?, modification date?, owner str?
FolderFileInfo: FileInfo
VmLogFileInfo: FileInfo
VmNvramFileInfo: FileInfo
VmSnapshotFileInfo: FileInfo
IsoImageFileInfo: FileInfo
FloppyImageFileInfo: FileInfo
VmConfigFileInfo: FileInfo
  configVersion int?
TemplateConfigFileInfo: VmConfigFileInfo
VmDiskFileInfo: FileInfo
  diskType str?, capacityKb long?, hardwareVersion int?, controllerType str?, diskExtents str?[], thin bool?
`;
