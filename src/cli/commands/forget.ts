import { AppError } from '../../base/errors.ts';
import { counted } from '../../base/units.ts';
import { parseRetentionSpan, type RetentionPolicy } from '../../core/catalog/retention.ts';
import { findRestorePoint } from '../../core/catalog/backupSet.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { forget } from '../../core/jobs/retention/forget.ts';
import {
  type ForgetPlan,
  forgottenPoints,
  planForget,
  planForgetPoints,
} from '../../core/jobs/retention/forgetPlan.ts';
import { setPinned } from '../../core/jobs/retention/pin.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { SnapshotId } from '../../core/repository/snapshot.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command, CommandArguments } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';
import { planOption, repositoryOption } from './options.ts';

export const forgetCommand: Command = {
  name: 'forget',
  summary: 'Forget restore points that no rule keeps, or those named; prune gives their space back',
  operands: ['[POINT…]'],
  options: {
    'keep-last': { value: 'N', help: 'keep the newest N of each VM' },
    'keep-hourly': { value: 'N', help: 'keep the newest one of each of the newest N hours that have any' },
    'keep-daily': { value: 'N', help: 'the same for days (UTC)' },
    'keep-weekly': { value: 'N', help: 'the same for weeks, which begin on Monday' },
    'keep-monthly': { value: 'N', help: 'the same for months' },
    'keep-yearly': { value: 'N', help: 'the same for years' },
    'keep-within': { value: 'SPAN', help: 'keep all newer than 1y5m7d2h, counted from the newest one' },
    'keep-tag': { value: 'TAGS', help: 'keep all that carry one of these tags, separated by commas' },
    vm: { value: 'VM', help: 'only restore points of this VM: its name or UUID' },
    'allow-last': { help: 'also forget the last restore point of a VM' },
    yes: { help: 'do not ask' },
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const plan = await makePlan(repository, args, context);
    for (const problem of plan.problems) context.output.note(`Cannot be read, and stays: ${problem.message}`);
    const doomed = forgottenPoints(plan);
    if (args.flag('plan') || doomed.length === 0) {
      context.output.result(planValue(plan), () => describePlan(plan));
      return undefined;
    }
    if (!args.flag('yes')) {
      context.output.note(describePlan(plan));
      if (!(await context.confirm(`Forget ${counted(doomed.length, 'restore point')}?`, '--yes'))) return 0;
    }
    const mayEmpty = args.flag('allow-last');
    const removed = await forget(repository, journal, plan, { mayEmpty }, context.signal);
    context.output.result({ removed }, () =>
      [
        ...doomed
          .filter(({ id }) => removed.includes(id))
          .map(({ id, vmName, takenAt }) => `Forgot ${shortId(id)} of ${vmName}, ${takenAt.toISOString()}`),
        `${counted(removed.length, 'restore point')} forgotten; "quiesce repo prune" gives their space back`,
      ].join('\n'),
    );
    return undefined;
  },
};

export const pinCommand = pinning('pin', 'Keep a restore point from being forgotten by any rule', true);
export const unpinCommand = pinning('unpin', 'Let rules forget a restore point again', false);

function pinning(name: string, summary: string, pinned: boolean): Command {
  return {
    name,
    summary,
    operands: ['POINT'],
    options: { ...repositoryOption },
    run: async (context, args) => {
      await using journal = await context.openJournal();
      await using repository = await openChosenRepository(context, args);
      const { point } = await findRestorePoint(repository, args.operand(0), context.signal);
      const id = await setPinned(repository, journal, point.id, pinned, context.signal);
      context.output.result({ id, previousId: point.id, pinned }, () =>
        id === point.id
          ? `Restore point ${shortId(id)} of ${point.vmName} was ${name}ned already`
          : `Restore point ${shortId(point.id)} of ${point.vmName} is ${name}ned, and is now ${shortId(id)}`,
      );
      return undefined;
    },
  };
}

async function makePlan(
  repository: Repository,
  args: CommandArguments,
  { clock, signal }: CommandContext,
): Promise<ForgetPlan> {
  const named = args.operandsFrom(0);
  if (named.length === 0)
    return await planForget(
      repository,
      { policy: readPolicy(args), vm: args.option('vm') },
      clock.now(),
      signal,
    );
  const ids: SnapshotId[] = [];
  for (const prefix of named) ids.push(await findById(repository, prefix, signal));
  return await planForgetPoints(repository, ids, signal);
}

/** By its id alone: a VM's name stands for the newest restore point elsewhere, which is the last one to lose by mistake. */
async function findById(repository: Repository, prefix: string, signal: AbortSignal): Promise<SnapshotId> {
  if (/^[0-9a-f]{8,64}$/.test(prefix)) return await repository.findSnapshot(prefix, signal);
  throw new AppError('INVALID_INPUT', `"${prefix}" is not the beginning of a restore point's id`, {
    object: prefix,
    remedy: 'Give at least eight digits of the id; --vm and rules choose by VM',
  });
}

function readPolicy(args: CommandArguments): RetentionPolicy {
  const within = args.option('keep-within');
  return {
    last: args.count('keep-last') ?? 0,
    hourly: args.count('keep-hourly') ?? 0,
    daily: args.count('keep-daily') ?? 0,
    weekly: args.count('keep-weekly') ?? 0,
    monthly: args.count('keep-monthly') ?? 0,
    yearly: args.count('keep-yearly') ?? 0,
    ...(within !== undefined && { within: parseRetentionSpan(within) }),
    tags: (args.option('keep-tag') ?? '').split(',').filter(tag => tag !== ''),
  };
}

function planValue({ groups, problems }: ForgetPlan): unknown {
  return {
    groups: groups.map(({ verdicts, ...group }) => ({
      ...group,
      points: verdicts.map(({ point, reasons }) => ({
        id: point.id,
        takenAt: point.takenAt,
        keptBy: reasons,
      })),
    })),
    problems: problems.map(({ message }) => message),
  };
}

function describePlan(plan: ForgetPlan): string {
  const sections = plan.groups.map(({ vmName, vmInstanceUuid, verdicts }) =>
    [
      `${vmName} (${vmInstanceUuid}):`,
      table(
        ['', 'ID', 'TAKEN', 'KEPT BY'],
        verdicts.map(({ point, reasons }) => [
          reasons.length === 0 ? 'forget' : 'keep',
          shortId(point.id),
          point.takenAt.toISOString(),
          reasons.join(', '),
        ]),
      ),
    ].join('\n'),
  );
  return [...sections, `${counted(forgottenPoints(plan).length, 'restore point')} to be forgotten`].join(
    '\n\n',
  );
}
