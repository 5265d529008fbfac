import { MiB } from '../../src/base/units.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import { readImage } from '../images/images.ts';
import type { LocalRepository } from './localRepository.ts';
import { sampleManifest } from './manifests.ts';
import { sampleDisk, savePoint } from './restorePoints.ts';

export interface EncryptedVm {
  readonly point: SnapshotId;
  readonly vmName: string;
  readonly deviceKey: number;
}

/** Makes the repository, with a restore point of a VM whose disk is encrypted. */
export async function saveEncryptedVm(local: LocalRepository): Promise<EncryptedVm> {
  const repository = await local.create();
  const bytes = readImage('luks2');
  const disk = sampleDisk({ capacityBytes: bytes.byteLength, partBytes: 64 * MiB });
  const manifest = sampleManifest({ disks: [disk] });
  const point = await savePoint(repository, { manifest, contents: new Map([[disk.key, bytes]]) });
  await repository[Symbol.asyncDispose]();
  return { point, vmName: manifest.vm.name, deviceKey: disk.key };
}
