import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { Random } from '../../../base/random.ts';
import type { RestorePoint } from '../../catalog/restorePoint.ts';
import { type ImportedDisk, importVirtualMachine } from '../../disk/node/nfcImport.ts';
import { openDiskImage } from '../../image/diskImage.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { Repository } from '../../repository/repository.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import type { MoRef } from '../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { VmRestorePlan } from './vmRestorePlan.ts';
import { recordRestore } from '../recordRestore.ts';

export interface VmRestoreDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly endpoint: TransferEndpoint;
}

/** Chunks read ahead while earlier ones are deflated and sent. */
const readAheadChunks = 4;

/**
 * Carries out the plan. The new VM is left powered off. On any error or cancellation it is destroyed again; until the
 * last step it carries a token by which a later clean-up finds it.
 */
export async function restoreVm(
  session: VimSession,
  repository: Repository,
  point: RestorePoint,
  plan: VmRestorePlan,
  deps: VmRestoreDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<MoRef> {
  const disks: ImportedDisk[] = [];
  for (const { key, label } of plan.disks) {
    const image = await openDiskImage(repository, point, key, signal);
    disks.push({
      deviceId: deviceIdOf(plan, key, label),
      label,
      sizeBytes: image.sizeBytes,
      blocks: blocksSignal => image.blocks(readAheadChunks, blocksSignal),
    });
  }
  const { placement, spec, name } = plan;
  await recordRestore(repository, point.id, `VM ${point.manifest.vm.name} as ${name}`, signal);
  const phase = `Sending the disks of ${name}`;
  await using imported = await importVirtualMachine(
    session,
    {
      vmName: name,
      spec,
      resourcePool: placement.resourcePool.ref,
      folder: placement.folder.ref,
      disks,
      onProgress: (doneBytes, totalBytes) => {
        onProgress({ phase, doneBytes, totalBytes });
      },
    },
    deps,
    signal,
  );
  await imported.commit(signal);
  return imported.vm;
}

function deviceIdOf({ deviceIds, name }: VmRestorePlan, deviceKey: number, label: string): string {
  const deviceId = deviceIds.get(deviceKey);
  if (deviceId !== undefined) return deviceId;
  throw new AppError('UNSUPPORTED_FORMAT', `${name}: the server has no place for ${label}`, { object: name });
}
