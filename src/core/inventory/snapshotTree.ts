import { sameMoRef } from '../vsphere/schema/moRef.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { Vim } from '../vsphere/vimCaller.ts';

export interface SnapshotFacts {
  readonly ref: MoRef;
  readonly parent: MoRef | undefined;
  readonly name: string;
  readonly description: string;
  /** By the server's clock. */
  readonly createdAt: Date;
  /** Whether the guest was quiesced, as the server reports it. */
  readonly isQuiesced: boolean;
  /** File with what the guest says of it; a whole path or one within the VM's folder of snapshots. */
  readonly backupManifest: string | undefined;
  /** Whether the VM's running state descends from it directly. */
  readonly isCurrent: boolean;
}

/** All snapshots of a VM, parents before children. The tree is as deep as the user made it, so no recursion. */
export function flattenSnapshots(info: Vim<'VirtualMachineSnapshotInfo'> | undefined): SnapshotFacts[] {
  const found: SnapshotFacts[] = [];
  const open = (info?.rootSnapshotList ?? []).map(node => ({ node, parent: undefined as MoRef | undefined }));
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { node, parent } = next;
    found.push({
      ref: node.snapshot,
      parent,
      name: node.name,
      description: node.description,
      createdAt: node.createTime,
      isQuiesced: node.quiesced,
      backupManifest: node.backupManifest === '' ? undefined : node.backupManifest,
      isCurrent: info?.currentSnapshot !== undefined && sameMoRef(info.currentSnapshot, node.snapshot),
    });
    open.push(...(node.childSnapshotList ?? []).map(child => ({ node: child, parent: node.snapshot })));
  }
  return found;
}
