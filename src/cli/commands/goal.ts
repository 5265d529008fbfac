import { AppError } from '../../base/errors.ts';
import { parseTypedTime } from '../../base/typedTime.ts';
import { consistencyLevels } from '../../core/consistency/level.ts';
import type { RecoveryGoal } from '../../core/consistency/recovery/goal.ts';
import type { GoalRecord } from '../../core/goals/recoveryGoals.ts';
import { pickVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { listVirtualMachines, type VmSummary } from '../../core/inventory/listVirtualMachines.ts';
import type { Standings } from '../../core/jobs/recovery/standings.ts';
import { goalText, standingText, standingValue } from '../../core/jobs/report/standingWords.ts';
import type { VimSession } from '../../core/vsphere/session.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command, CommandArguments, CommandOption } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { readConfig } from '../config/configFile.ts';
import { goalsMissed } from '../exitCodes.ts';
import { noteProblems, notifyOption, openNotifier } from '../notifying.ts';
import { table } from '../output.ts';
import { listStandings, type MachineStanding, readStandings, subjectOf } from '../standings.ts';
import { vcenterOption } from './options.ts';

const scopeOptions = {
  folder: { value: 'PATH', help: 'for all VMs below this folder of the inventory, such as /Lab/vm/Web' },
  compute: { value: 'PATH', help: 'for all VMs on this host or in this cluster, such as /Lab/host/Cluster' },
  tag: { value: 'CATEGORY/TAG', help: 'for all VMs that have this tag' },
  group: { value: 'NAME', help: 'for the VMs named, which are this group from now on' },
} as const satisfies Readonly<Record<string, CommandOption>>;

export const goalSet: Command = {
  name: 'goal set',
  summary: 'Set what the restore points of a VM, or of VMs that belong together, have to be',
  operands: ['[VM…]'],
  options: {
    ...vcenterOption,
    ...scopeOptions,
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
  summary: 'Remove the goal of a VM, or of VMs that belong together',
  operands: ['[VM]'],
  options: { ...vcenterOption, ...scopeOptions },
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
  options: { ...vcenterOption, ...notifyOption },
  run: async (context, args) => {
    const config = await readConfig(context.places.configFile);
    const notifier = args.flag('notify') ? await openNotifier(context, config) : undefined;
    await using connection = await openChosenVCenter(context, args);
    const found = await listStandings(context, connection);
    const vcenter = connection.endpoint.host;
    for (const { vm, standing } of found.standings) {
      const named = { vcenter, vmName: vm.name };
      noteProblems(context, (await notifier?.lookedAtGoal(named, standing)) ?? []);
    }
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
    const [found] = (await readStandings(context, connection, [vm])).standings;
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
  const names = args.operandsFrom(0);
  const given = Object.keys(scopeOptions).filter(option => args.option(option) !== undefined);
  const [option, another] = given;
  const isVm = option === undefined && names.length === 1;
  const isGroup = option === 'group';
  if (another !== undefined || !(isVm || isGroup || (option !== undefined && names.length === 0)))
    throw new AppError(
      'INVALID_INPUT',
      'a goal is for one VM, a folder, a host or cluster, a tag, or a group',
      {
        object: 'goal',
        remedy: 'Name a VM, or give one of --folder, --compute, --tag, or --group with its VMs',
      },
    );
  const value = option === undefined ? '' : (args.option(option) ?? '');
  if (option === 'folder' || option === 'compute') {
    const path = `/${value.replaceAll(/^\/+|\/+$/g, '')}`;
    return { scope: { kind: option, serverInstanceUuid, path }, name: path };
  }
  if (option === 'tag') return { scope: { serverInstanceUuid, ...tagFrom(value) }, name: value };
  const machines = await listVirtualMachines(session, context.signal);
  const vms = names.map(name => identified(pickVirtualMachine(machines, name, session.server)));
  if (isGroup) {
    const vmInstanceUuids = vms.map(({ instanceUuid }) => instanceUuid);
    return { scope: { kind: 'group', serverInstanceUuid, group: value, vmInstanceUuids }, name: value };
  }
  const [vm] = vms;
  const { instanceUuid = '', name = '' } = vm ?? {};
  return { scope: { kind: 'vm', serverInstanceUuid, vmInstanceUuid: instanceUuid }, name };
}

function tagFrom(text: string): { readonly kind: 'tag'; readonly category: string; readonly tag: string } {
  const at = text.indexOf('/');
  if (at > 0 && at < text.length - 1)
    return { kind: 'tag', category: text.slice(0, at), tag: text.slice(at + 1) };
  throw new AppError('INVALID_INPUT', `--tag ${text} is no category and tag`, {
    object: '--tag',
    remedy: 'Give both, such as --tag "Backup plan/gold"',
  });
}

function identified({ instanceUuid, name }: VmSummary): {
  readonly instanceUuid: string;
  readonly name: string;
} {
  if (instanceUuid !== undefined) return { instanceUuid, name };
  throw new AppError('PERMISSION', `the identity of ${name} cannot be read`, {
    object: name,
    remedy: 'Give --folder, or use an account that may read its configuration',
  });
}
