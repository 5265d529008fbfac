/** A snapshot as it was taken; kept after it is gone, so that its disks can still be compared. */
export interface SnapshotRecord {
  readonly vm: string;
  readonly vmId: string;
  readonly snapshotId: string;
  readonly name: string;
  readonly description: string;
  readonly quiesced: boolean;
  readonly createTime: string;
  removeTime: string | undefined;
  readonly disks: readonly { readonly deviceKey: number; readonly position: number }[];
}
