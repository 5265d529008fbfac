import { formatDuration } from '../../../base/units.ts';
import type { RecoveryGoal } from '../../consistency/recovery/goal.ts';
import type { VmSummary } from '../../inventory/listVirtualMachines.ts';
import type { StandingOfVm } from '../recovery/standings.ts';

/** What a report says of a VM. */
export type ReportedVm = Pick<VmSummary, 'ref' | 'name' | 'inventoryPath' | 'facts'>;

export function goalText({ minimumLevel, maxAgeMs, maxRecoveryMs }: RecoveryGoal): string {
  return [
    `${minimumLevel}-consistent at least`,
    ...(maxAgeMs === undefined ? [] : [`no older than ${formatDuration(maxAgeMs)}`]),
    ...(maxRecoveryMs === undefined ? [] : [`recovered within ${formatDuration(maxRecoveryMs)}`]),
  ].join(', ');
}

/** What is missing, or who has accepted that. */
export function standingText({
  standing: { state, gaps, acceptances, expired },
}: StandingOfVm<ReportedVm>): string {
  const missing = gaps.map(({ text }) => text).join('; ');
  const [acceptance] = acceptances;
  if (state === 'accepted' && acceptance !== undefined) {
    const { by, until, reason } = acceptance;
    return `${missing} (accepted by ${by} until ${until.toISOString()}: ${reason})`;
  }
  const ended = expired.at(-1);
  if (ended === undefined) return missing;
  return `${missing} (the acceptance by ${ended.by} ended ${ended.until.toISOString()})`;
}

export function standingValue(found: StandingOfVm<ReportedVm>): unknown {
  const { vm, record, standing, newest, facts } = found;
  return {
    ...{ vm: vm.name, id: vm.ref.value, inventoryPath: vm.inventoryPath },
    goal: { ...record.goal, scope: record.scope, setBy: record.setBy, setAt: record.setAt },
    ...standing,
    newest: newest && { repository: newest.name, point: newest.point.id, takenAt: newest.point.takenAt },
    recoveryTime: facts.recoveryTime,
  };
}
