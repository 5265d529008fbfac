import { formatBytes } from '../../base/units.ts';
import { assess } from '../../core/consistency/assess.ts';
import { pickVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { listVirtualMachines, type VmSummary } from '../../core/inventory/listVirtualMachines.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { limitingReason } from '../../core/consistency/limitingReason.ts';
import { describeAssessment } from '../describeAssessment.ts';
import { table } from '../output.ts';
import { vcenterOption } from './options.ts';

export const vms: Command = {
  name: 'vms',
  summary: 'List the VMs of a vCenter or host, or explain what a backup of one can reach',
  operands: ['[VM]'],
  options: vcenterOption,
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const { session } = connection;
    const machines = await listVirtualMachines(session, context.signal);
    const wanted = args.optionalOperand(0);
    if (wanted === undefined) {
      context.output.result(machines.map(vmValue), () => describeList(machines));
      return undefined;
    }
    const vm = pickVirtualMachine(machines, wanted, session.server);
    context.output.result(vmValue(vm), () =>
      [`${vm.name} (${vm.ref.value}), ${vm.inventoryPath}`, describeAssessment(assess(vm.facts))].join('\n'),
    );
    return undefined;
  },
};

function vmValue({ facts, ...vm }: VmSummary): unknown {
  return { ...vm, predicted: assess(facts) };
}

function describeList(machines: readonly VmSummary[]): string {
  return table(
    ['NAME', 'ID', 'POWER', 'PREDICTED', 'WHY NOT MORE', 'GUEST', 'DISKS', 'CAPACITY', 'SNAPSHOTS', 'PATH'],
    machines.map(vm => {
      const assessment = assess(vm.facts);
      return [
        vm.name,
        vm.ref.value,
        vm.powerState === 'poweredOn' ? 'on' : vm.powerState === 'poweredOff' ? 'off' : vm.powerState,
        assessment.certainty === 'uncertain' ? `${assessment.level}?` : assessment.level,
        limitingReason(assessment) ?? '',
        vm.guestName ?? '',
        String(vm.diskCount),
        formatBytes(vm.capacityBytes),
        vm.hasSnapshots ? 'yes' : 'no',
        vm.inventoryPath,
      ];
    }),
    new Set([6, 7]),
  );
}
