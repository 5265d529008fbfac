import { executeRemedy } from '../../core/jobs/applyRemedy/executeRemedy.ts';
import { planRemedy, type RemedyPlan } from '../../core/jobs/applyRemedy/remedyPlan.ts';
import { readVirtualMachine } from '../../core/inventory/readVirtualMachine.ts';
import { startRemedy } from '../../protocol/job.ts';
import { planRemedy as planRequest, type RemedyPlanDto } from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';
import { vmKey } from './backups.ts';
import { vmIdentity } from './vms.ts';

export function serveRemedies(handle: Handle, parts: WorkerParts): void {
  const { vcenters, jobs, leftovers, clock, random } = parts;
  handle(planRequest, async ({ vm, rule }, signal) => {
    await using vcenter = vcenters.use(vm.vcenter);
    const facts = await readVirtualMachine(vcenter.place.session, vmIdentity(vm), signal);
    return planDto(planRemedy(facts, rule));
  });
  handle(startRemedy, ({ vm, rule }) => {
    const jobId = jobs.start({
      kind: 'remedy',
      object: vm.name,
      exclusiveKeys: [vmKey(parts, vm)],
      run: async ({ jobId: job, signal, logger, onProgress }) => {
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        using journal = leftovers.journalOfJob(() => clock.now());
        const { session } = vcenter.place;
        const plan = planRemedy(await readVirtualMachine(session, vmIdentity(vm), signal), rule);
        const deps = { job, journal, clock, random, logger };
        const { isGone } = await executeRemedy(session, plan, deps, onProgress, signal);
        return { kind: 'remedy', rule, isGone };
      },
    });
    return { jobId };
  });
}

function planDto({ vm, rule, text, price, steps }: RemedyPlan): RemedyPlanDto {
  return { vmName: vm.name, rule, text, price, steps: steps.map(({ kind }) => kind) };
}
