import { assess } from '../../core/consistency/assess.ts';
import { requestedLevel } from '../../core/consistency/request/requestSnapshot.ts';
import { readVirtualMachine } from '../../core/inventory/readVirtualMachine.ts';
import { snapshotRequest } from '../../core/jobs/backupVm/backupPlan.ts';
import { snapshotByPolicy } from '../../core/jobs/snapshotByPolicy.ts';
import { SnapshotEvents } from '../../core/jobs/snapshotEvents.ts';
import { startSnapshot } from '../../protocol/job.ts';
import { readSnapshotReport } from '../../protocol/snapshotReport.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { takeSnapshot } from '../takeSnapshot.ts';
import type { WorkerParts } from '../workerParts.ts';
import { vmKey } from './backups.ts';
import { assertPolicy, policyOf } from './policies.ts';
import { vmIdentity } from './vms.ts';

export function serveSnapshots(handle: Handle, parts: WorkerParts): void {
  const { vcenters, jobs, snapshots, clock, hasUser } = parts;
  handle(readSnapshotReport, async ({ vcenter }, signal) => await snapshots.report(vcenter, signal));
  handle(startSnapshot, ({ vm, name, description, policy }) => {
    assertPolicy(policy);
    const jobId = jobs.start({
      kind: 'snapshot',
      object: vm.name,
      exclusiveKeys: [vmKey(parts, vm)],
      run: async ({ signal, logger, onProgress, askForLess }) => {
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        const { session } = vcenter.place;
        const onPhase = (phase: string) => onProgress({ phase, doneBytes: 0, totalBytes: undefined });
        onPhase('Looking at the VM');
        const facts = await readVirtualMachine(session, vmIdentity(vm), signal);
        const knowsSpecs = session.has('quiesceSpec');
        const options = { policy: policyOf(policy), knowsSpecs, hasUser: hasUser() };
        const request = snapshotRequest(facts, assess(facts.facts), options);
        const { snapshot, downgrades } = await snapshotByPolicy(
          vm.name,
          request,
          async quiesce =>
            await takeSnapshot(session, vmIdentity(vm), { name, description, quiesce }, signal),
          {
            ...{ clock, logger, askForLess, onPhase },
            events: new SnapshotEvents(session, facts.ref),
          },
          signal,
        );
        const { ref, isQuiesced } = snapshot;
        const requested = requestedLevel(request);
        return {
          ...{ kind: 'snapshot', snapshotId: ref.value, name: snapshot.name },
          ...{ requested, downgrades, isQuiesced },
        };
      },
    });
    return { jobId };
  });
}
