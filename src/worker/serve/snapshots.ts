import { startSnapshot } from '../../protocol/job.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { takeSnapshot } from '../takeSnapshot.ts';
import type { WorkerParts } from '../workerParts.ts';
import { vmKey } from './backups.ts';
import { vmIdentity } from './vms.ts';

export function serveSnapshots(handle: Handle, parts: WorkerParts): void {
  const { vcenters, jobs } = parts;
  handle(startSnapshot, ({ vm, name, description, quiesce }) => {
    const jobId = jobs.start({
      kind: 'snapshot',
      object: vm.name,
      exclusiveKey: vmKey(parts, vm),
      run: async ({ signal, onProgress }) => {
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        const phase = quiesce ? 'Taking a quiesced snapshot' : 'Taking a snapshot';
        onProgress({ phase, doneBytes: 0, totalBytes: undefined });
        const wanted = { name, description, quiesce: { kind: quiesce ? 'tools' : 'none' } } as const;
        const snapshot = await takeSnapshot(vcenter.place.session, vmIdentity(vm), wanted, signal);
        const { ref, isQuiesced } = snapshot;
        return { kind: 'snapshot', snapshotId: ref.value, name: snapshot.name, isQuiesced };
      },
    });
    return { jobId };
  });
}
