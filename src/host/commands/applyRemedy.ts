import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { startRemedy } from '../../protocol/job.ts';
import { planRemedy, trackingReset } from '../../protocol/plan.ts';
import { type ExplainedRemarkDto, explainVm, type VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { sentence } from '../model/errorText.ts';
import { remedyText } from '../model/planText.ts';
import { type VmNode, vmRef, type WantedRemedy } from '../model/vmTreeModel.ts';
import { type Ask, runSteps, type Step } from '../ui/wizard.ts';
import { chooseVm } from './choose.ts';
import { startJob } from './jobs.ts';

interface Remedy {
  readonly vm: VmRef;
  readonly rule: string;
}

/** Does what a rule asks for, where the server can; what it costs is read before anything is done. */
export async function applyRemedy(host: Host, given: VmNode | WantedRemedy | undefined): Promise<void> {
  const title = l10n.t('Apply Remedy');
  const steps: readonly Step<Remedy>[] = [
    async (_, ask) => {
      if (given?.kind === 'remedy') return { vm: given.vm, rule: given.rule };
      return { vm: vmRef(given ?? (await chooseVm(host, ask, title))) };
    },
    async ({ vm, rule }, ask) => {
      if (vm === undefined || rule !== undefined) return {};
      return {
        rule: await ask.pick({
          title,
          placeholder: l10n.t('What shall be done to {0}?', vm.name),
          whenEmpty: l10n.t('Nothing that the server could do; see "Explain Consistency" for the rest'),
          choices: async signal =>
            (await applicable(host, vm, signal)).map(({ rule: id, text, remedy }) => ({
              ...{ label: remedy ?? id, description: id, detail: sentence({ message: text }) },
              ...{ icon: 'wrench', value: id },
            })),
        }),
      };
    },
  ];
  const { vm, rule } = await runSteps<Remedy>(host.ui, steps, {});
  const plan = await host.ui.wait(l10n.t('Planning the remedy'), async signal => {
    await host.places.vcenter(vm.vcenter, signal);
    return await host.worker.request(planRemedy, { vm, rule }, signal);
  });
  if (!(await host.ui.confirm(remedyText(plan, l10n.t)))) throw new CancelledError();
  await startJob(
    host,
    l10n.t('Starting the remedy'),
    async signal => await host.worker.request(startRemedy, { vm, rule }, signal),
  );
}

/** After a disk has grown, or a backup has found that changes were lost: switched off and on again. */
export async function resetTracking(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Reset Changed Block Tracking');
  const steps = [
    async (_: unknown, ask: Ask) => ({ vm: vmRef(given ?? (await chooseVm(host, ask, title))) }),
  ];
  const { vm } = await runSteps<{ vm: VmRef }>(host.ui, steps, {});
  await applyRemedy(host, { kind: 'remedy', vm, rule: trackingReset });
}

async function applicable(
  host: Host,
  vm: VmRef,
  signal: AbortSignal,
): Promise<readonly ExplainedRemarkDto[]> {
  await host.places.vcenter(vm.vcenter, signal);
  const { limits, remarks } = await host.worker.request(explainVm, vm, signal);
  return [...limits, ...remarks].filter(({ canBeApplied }) => canBeApplied === true);
}
