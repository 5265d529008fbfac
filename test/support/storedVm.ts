import { MiB } from '../../src/base/units.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import type { LocalRepository } from './localRepository.ts';
import { sampleManifest } from './manifests.ts';
import { sampleDisk, savePoint } from './restorePoints.ts';

export interface StoredVm {
  readonly vmName: string;
  readonly deviceKey: number;
  /** As many as there were images, an hour apart. */
  readonly points: readonly SnapshotId[];
}

/** Makes the repository, with a restore point for each image of the VM's one disk. */
export async function storeVm(local: LocalRepository, images: readonly Uint8Array[]): Promise<StoredVm> {
  const repository = await local.create();
  const sample = sampleManifest();
  const points: SnapshotId[] = [];
  for (const [hour, bytes] of images.entries()) {
    const disk = sampleDisk({ capacityBytes: bytes.byteLength, partBytes: 64 * MiB });
    const takenAt = new Date(Date.parse(sample.takenAt) + hour * 3_600_000).toISOString();
    const manifest = { ...sample, takenAt, disks: [disk] };
    points.push(await savePoint(repository, { manifest, contents: new Map([[disk.key, bytes]]) }));
  }
  await repository[Symbol.asyncDispose]();
  return { vmName: sample.vm.name, deviceKey: sampleDisk({}).key, points };
}
