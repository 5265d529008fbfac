import type { VirtualMachineFacts } from '../core/inventory/readVirtualMachine.ts';
import { readVirtualMachine } from '../core/inventory/readVirtualMachine.ts';
import { executeRemedy } from '../core/jobs/applyRemedy/executeRemedy.ts';
import { planRemedy, type RemedyPlan, trackingReset } from '../core/jobs/applyRemedy/remedyPlan.ts';
import { type BackupPlan, disksToReset } from '../core/jobs/backupVm/backupPlan.ts';
import type { LeaseJournal } from '../core/journal/leaseJournal.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import { formatBytes } from '../base/units.ts';
import type { CommandContext } from './context.ts';

/** The rule that says what a VM without changed block tracking costs. */
const trackingRule = 'CAP-04';

/**
 * Turns changed block tracking on if it is off, once somebody has agreed to the price.
 * @returns the VM as it is then
 * @throws CONFLICT if something of the VM is in the way
 */
export async function withTracking(
  context: CommandContext,
  session: VimSession,
  vm: VirtualMachineFacts,
  journal: LeaseJournal,
  isAgreed: boolean,
): Promise<VirtualMachineFacts> {
  if (vm.config.changeTrackingEnabled === true) return vm;
  return await withRemedy(context, session, vm, planRemedy(vm, trackingRule), journal, isAgreed);
}

/**
 * Switches changed block tracking off and on again, once somebody has agreed to the price.
 * @returns the VM as it is then
 * @throws CONFLICT if something of the VM is in the way
 */
export async function withTrackingReset(
  context: CommandContext,
  session: VimSession,
  vm: VirtualMachineFacts,
  journal: LeaseJournal,
  isAgreed: boolean,
): Promise<VirtualMachineFacts> {
  return await withRemedy(context, session, vm, planRemedy(vm, trackingReset), journal, isAgreed);
}

async function withRemedy(
  context: CommandContext,
  session: VimSession,
  vm: VirtualMachineFacts,
  plan: RemedyPlan,
  journal: LeaseJournal,
  isAgreed: boolean,
): Promise<VirtualMachineFacts> {
  context.output.note(`${plan.text} of ${vm.name}:`);
  for (const line of plan.price) context.output.note(`  Price: ${line}`);
  const isWanted =
    isAgreed || (await context.confirm(`${plan.text} of ${vm.name}?`, '--yes, which agrees to the price'));
  if (!isWanted) return vm;
  const { signal, job, clock, random, logger } = context;
  await context.withProgress(
    async onProgress =>
      await executeRemedy(session, plan, { job, journal, clock, random, logger }, onProgress, signal),
  );
  return await readVirtualMachine(session, vm, signal);
}

/** What every backup costs while tracking is off, and how it is turned on. */
export function trackingAdvice(plan: BackupPlan): readonly string[] {
  const { vm, disks } = plan;
  const toReset = disksToReset(plan).map(({ label }) => label);
  if (toReset.length > 0)
    return [
      `  Changed block tracking of ${vm.name} has to begin anew for ${toReset.join(', ')}, which every backup reads whole until then: ` +
        `"quiesce backup ${vm.name} --reset-tracking"`,
    ];
  if (vm.config.changeTrackingEnabled === true || vm.facts.supportsChangeTracking === false) return [];
  const bytes = disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
  return [
    `  Changed block tracking of ${vm.name} is off: every backup reads all of ${formatBytes(bytes)}. ` +
      `Turn it on with "quiesce backup ${vm.name} --enable-tracking"`,
  ];
}
