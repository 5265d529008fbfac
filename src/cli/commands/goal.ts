import { AppError } from '../../base/errors.ts';
import { parseTypedTime } from '../../base/typedTime.ts';
import { consistencyLevels } from '../../core/consistency/level.ts';
import type { RecoveryGoal } from '../../core/consistency/recovery/goal.ts';
import type { GoalRecord } from '../../core/goals/recoveryGoals.ts';
import { pickVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { listVirtualMachines } from '../../core/inventory/listVirtualMachines.ts';
import type { Standings } from '../../core/jobs/recovery/standings.ts';
import { goalText, standingText, standingValue } from '../../core/jobs/report/standingWords.ts';
import type { VimSession } from '../../core/vsphere/session.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command, CommandArguments, CommandOption } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { goalsMissed } from '../exitCodes.ts';
import { table } from '../output.ts';
import { listStandings, type MachineStanding, readStandings, subjectOf } from '../standings.ts';
import { vcenterOption } from './options.ts';

const folderOption = {
  folder: { value: 'PATH', help: 'for all VMs below this folder of the inventory, such as /Lab/vm/Web' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const goalSet: Command = {
  name: 'goal set',
  summary: 'Set what the restore points of a VM, or of all VMs below a folder, have to be',
  operands: ['[VM]'],
  options: {
    ...vcenterOption,
    ...folderOption,
    level: { value: 'LEVEL', help: 'proven at least: crash, filesystem or application' },
    'max-age': { value: 'TIME', help: 'how old the newest restore point may be, such as 24h' },
    'max-recovery': { value: 'TIME', help: 'how long recovering the VM may take, such as 2h' },
  },
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const goal = goalFrom(args);
    const place = await scopeFrom(context, connection.session, args);
    await context.goals.set({ ...place, goal, setBy: context.username, setAt: context.clock.now() });
    context.output.result({ ...place, goal }, () => `Goal of ${place.name}: ${goalText(goal)}`);
    return undefined;
  },
};

export const goalRemove: Command = {
  name: 'goal remove',
  summary: 'Remove the goal of a VM or folder',
  operands: ['[VM]'],
  options: { ...vcenterOption, ...folderOption },
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const place = await scopeFrom(context, connection.session, args);
    await context.goals.remove(place.scope);
    context.output.result(place, () => `${place.name} has no goal of its own any more`);
    return undefined;
  },
};

export const goalList: Command = {
  name: 'goal list',
  summary: 'List the VMs that have a goal, and whether their newest restore point meets it now',
  operands: [],
  options: vcenterOption,
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const { session } = connection;
    const found = await listStandings(context, session);
    context.output.result(found.standings.map(standingValue), () => standingsTable(found.standings));
    return goalsExitCode(found);
  },
};

export const goalAccept: Command = {
  name: 'goal accept',
  summary: 'Accept what a VM misses of its goal now, for a reason and for a time',
  operands: ['VM'],
  options: {
    ...vcenterOption,
    reason: { value: 'TEXT', help: 'why it is good enough' },
    for: { value: 'TIME', help: 'until when, from now on, such as 7d' },
  },
  run: async (context, args) => {
    await using connection = await openChosenVCenter(context, args);
    const { session } = connection;
    const now = context.clock.now();
    const [reason, lastsMs] = [args.required('reason').trim(), parseTypedTime(args.required('for'))];
    const vm = pickVirtualMachine(
      await listVirtualMachines(session, context.signal),
      args.operand(0),
      session.server,
    );
    const [found] = (await readStandings(context, session, [vm])).standings;
    const { vmInstanceUuid, serverInstanceUuid } = subjectOf(session, vm);
    if (found === undefined || vmInstanceUuid === undefined || found.standing.gaps.length === 0)
      throw new AppError('INVALID_INPUT', `${vm.name} has no gap that could be accepted`, {
        object: vm.name,
        remedy: 'Look at "quiesce goal list"',
      });
    if (reason === '')
      throw new AppError('INVALID_INPUT', 'a gap is accepted for a reason', { object: '--reason' });
    const until = new Date(now.getTime() + lastsMs);
    await context.goals.accept({
      ...{ serverInstanceUuid, vmInstanceUuid, vmName: vm.name },
      ...{ by: context.username, at: now, reason, until },
      gaps: found.standing.gaps.map(({ kind }) => kind),
      level: found.facts.newest?.proven,
    });
    context.output.result({ vm: vm.name, until: until.toISOString(), gaps: found.standing.gaps }, () =>
      [
        `Accepted for ${vm.name} until ${until.toISOString()}:`,
        ...found.standing.gaps.map(({ text }) => `  ${text}`),
      ].join('\n'),
    );
    return undefined;
  },
};

/** Green is met alone; what cannot be read is not met. */
export function goalsExitCode({ standings, problems }: Standings<unknown>): number | undefined {
  const isMissed = standings.some(({ standing }) => standing.state === 'gap') || problems.length > 0;
  return isMissed ? goalsMissed : undefined;
}

function standingsTable(standings: readonly MachineStanding[]): string {
  if (standings.length === 0) return 'No VM has a goal.';
  return table(
    ['VM', 'GOAL', 'OF', 'STATE', 'WHAT IS MISSING'],
    standings.map(found => [
      found.vm.name,
      goalText(found.record.goal),
      found.record.scope.kind === 'vm' ? 'the VM' : found.record.name,
      found.standing.state,
      standingText(found),
    ]),
  );
}

function goalFrom(args: CommandArguments): RecoveryGoal {
  const word = args.required('level');
  const minimumLevel = consistencyLevels.find(level => level === word && level !== 'none');
  if (minimumLevel === undefined)
    throw new AppError('INVALID_INPUT', `--level ${word} is no level`, {
      object: '--level',
      remedy: 'Give crash, filesystem or application',
    });
  return {
    minimumLevel,
    maxAgeMs: timeFrom(args, 'max-age'),
    maxRecoveryMs: timeFrom(args, 'max-recovery'),
  };
}

function timeFrom(args: CommandArguments, name: string): number | undefined {
  const text = args.option(name);
  return text === undefined ? undefined : parseTypedTime(text);
}

async function scopeFrom(
  context: CommandContext,
  session: VimSession,
  args: CommandArguments,
): Promise<Pick<GoalRecord, 'scope' | 'name'>> {
  const serverInstanceUuid = session.instanceUuid;
  const path = args.option('folder');
  const wanted = args.optionalOperand(0);
  if ((path === undefined) === (wanted === undefined))
    throw new AppError('INVALID_INPUT', 'a goal is for a VM or for a folder', {
      object: 'goal',
      remedy: 'Name a VM, or give --folder',
    });
  if (path !== undefined) {
    const folder = `/${path.replaceAll(/^\/+|\/+$/g, '')}`;
    return { scope: { kind: 'folder', serverInstanceUuid, path: folder }, name: folder };
  }
  const machines = await listVirtualMachines(session, context.signal);
  const vm = pickVirtualMachine(machines, wanted ?? '', session.server);
  if (vm.instanceUuid === undefined)
    throw new AppError('PERMISSION', `the identity of ${vm.name} cannot be read`, {
      object: vm.name,
      remedy: 'Give --folder, or use an account that may read its configuration',
    });
  return { scope: { kind: 'vm', serverInstanceUuid, vmInstanceUuid: vm.instanceUuid }, name: vm.name };
}
