import { assess } from '../../core/consistency/assess.ts';
import { type Source, sources } from '../../core/consistency/sources.ts';
import { pickVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { listVirtualMachines, type VmSummary } from '../../core/inventory/listVirtualMachines.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { type AssessedVm, consistencyReport } from '../consistencyReport.ts';
import { describeAssessment } from '../describeAssessment.ts';
import { readStandings } from '../standings.ts';
import { goalsExitCode, goalText, standingText, standingValue, tellProblems } from './goal.ts';
import { vcenterOption } from './options.ts';

/** Looks into the guest of no VM: everything comes from the server. */
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
    const vm = assessed(pickVirtualMachine(machines, args.operand(0), session.server));
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
    const machines = await listVirtualMachines(session, context.signal);
    const vms = machines.map(assessed);
    const madeAt = context.clock.now();
    const standings = await readStandings(context, session, machines);
    tellProblems(context, standings);
    context.output.result(
      {
        ...{ server: session.server, madeAt: madeAt.toISOString(), vms },
        goals: standings.standings.map(standingValue),
        sources: sourcesOf(vms),
      },
      () =>
        consistencyReport(
          session.server,
          madeAt,
          vms,
          standings.standings.map(found => ({
            name: found.vm.name,
            goal: goalText(found.record.goal),
            state: found.standing.state,
            missing: standingText(found),
          })),
        ),
    );
    return goalsExitCode(standings);
  },
};

function assessed({ ref, name, inventoryPath, facts }: VmSummary): AssessedVm {
  return { ...{ name, id: ref.value, inventoryPath }, predicted: assess(facts) };
}

/** The sources that the statements about these VMs name. */
function sourcesOf(vms: readonly AssessedVm[]): Readonly<Record<string, Source>> {
  const ids = vms.flatMap(({ predicted: { base, limits, remarks, notes } }) =>
    [base, ...limits, ...remarks, ...notes].map(({ source }) => source),
  );
  return Object.fromEntries([...new Set(ids)].map(id => [id, sources[id]]));
}
