import { pickVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { listVirtualMachines } from '../../core/inventory/listVirtualMachines.ts';
import {
  assessedVm,
  reportMarkdown,
  reportValue,
  sourcesOf,
} from '../../core/jobs/report/consistencyReport.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { describeAssessment } from '../describeAssessment.ts';
import { listStandings } from '../standings.ts';
import { goalsExitCode } from './goal.ts';
import { vcenterOption } from './options.ts';

export const explain: Command = {
  name: 'explain',
  summary:
    'Explain which consistency a backup of a VM can have: limits, remedies, ceiling, coverage, sources',
  operands: ['VM'],
  options: vcenterOption,
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const { session } = connection;
    const machines = await listVirtualMachines(session, context.signal);
    const vm = assessedVm(pickVirtualMachine(machines, args.operand(0), session.server));
    context.output.result({ ...vm, sources: sourcesOf([vm]) }, () =>
      [`${vm.name} (${vm.id}), ${vm.inventoryPath}`, describeAssessment(vm.predicted)].join('\n'),
    );
    return undefined;
  },
};

export const report: Command = {
  name: 'report',
  summary: 'Report the predicted consistency of all VMs, and what would raise it, as Markdown',
  operands: [],
  options: vcenterOption,
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const { session } = connection;
    const found = await listStandings(context, connection);
    const vms = found.machines.map(assessedVm);
    const made = { server: session.server, madeAt: context.clock.now(), vms, standings: found.standings };
    context.output.result(reportValue(made), () => reportMarkdown(made));
    return goalsExitCode(found);
  },
};
