/** As in VirtualMachineFileLayoutExFileType. */
export type VmFileType =
  | 'config'
  | 'nvram'
  | 'log'
  | 'snapshotList'
  | 'snapshotData'
  | 'snapshotManifestList'
  | 'diskDescriptor'
  | 'diskExtent';

/** A file that was put into a VM's folder, beside those that follow from what the VM is. */
export interface AddedFile {
  readonly layoutType: VmFileType;
  readonly content: Uint8Array;
  readonly modifiedAt: Date;
}
