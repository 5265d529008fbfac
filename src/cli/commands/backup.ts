import { join } from 'node:path';

import { AppError, toAppError } from '../../base/errors.ts';
import { JoinedProgress } from '../../base/joinedProgress.ts';
import { counted, formatBytes, formatDuration } from '../../base/units.ts';
import { latestRestorePoint } from '../../core/catalog/backupSet.ts';
import type { Manifest, ManifestGroup } from '../../core/catalog/manifest.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { fullReasons } from '../../core/changes/fullReason.ts';
import { compareLevels } from '../../core/consistency/level.ts';
import { findVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../core/inventory/readVirtualMachine.ts';
import { type BackupPlan, disksToReset, planBackup } from '../../core/jobs/backupVm/backupPlan.ts';
import { type BackupOutlook, readBackupOutlook } from '../../core/jobs/backupVm/backupOutlook.ts';
import { backUpGroup, type GroupMember, type MemberResult } from '../../core/jobs/backupVm/backupGroup.ts';
import { neverPaused } from '../../core/jobs/backupVm/pause.ts';
import { TransferSlots } from '../../core/jobs/backupVm/transferSlots.ts';
import { openPreviousPoint } from '../../core/jobs/backupVm/previousPoint.ts';
import { type BackupDeps, type BackupResult, backUpVm } from '../../core/jobs/backupVm/backupVm.ts';
import type { AskForLess } from '../../core/jobs/snapshotByPolicy.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { VimSession } from '../../core/vsphere/session.ts';
import {
  chosenPolicy,
  chosenNbd,
  chosenTransport,
  chosenWholeReads,
  policyOptions,
  transportOption,
  wholeReadOptions,
} from '../backupPolicy.ts';
import { openChosenRepository, openChosenVCenter } from '../chosen.ts';
import type { Notifier } from '../../core/jobs/notify/node/notifier.ts';
import type { Command, CommandArguments } from '../command.ts';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/configFile.ts';
import type { CommandContext } from '../context.ts';
import { decideKit, kitOption } from '../decideKit.ts';
import { describeAssessment } from '../describeAssessment.ts';
import { describeConsistency, provenText } from '../describeConsistency.ts';
import { describeOutlook } from '../describeOutlook.ts';
import { describeReads } from '../describeReads.ts';
import { exitCodes, leftoversRemain, levelNotReached, levelUnproven } from '../exitCodes.ts';
import { accountBeforeBackup, seenBeforeBackup } from '../guestLook.ts';
import { openNotifier, tellingOfFailure, tellOf } from '../notifying.ts';
import { describeError, errorValue, table } from '../output.ts';
import { LastRuns, runSubject, vmsOfRun } from '../lastRun.ts';
import { chosenParallel, parallelOptions } from '../parallel.ts';
import { chosenStoring, storingOptions } from '../storing.ts';
import { trackingAdvice, withTracking, withTrackingReset } from '../changeTracking.ts';
import { guestAccountOptions, planOption, repositoryOption, vcenterOption } from './options.ts';

const minuteMs = 60_000;

export const backup: Command = {
  name: 'backup',
  summary: 'Make a restore point of a VM, or of each of several as near together as possible',
  operands: ['[VM…]'],
  options: {
    group: { value: 'NAME', help: 'name of the group that several VMs are' },
    'retry-failed': {
      help: 'only those VMs that the last run of the same VMs, or of the same --group, has left without a restore point',
    },
    ...policyOptions,
    ...guestAccountOptions,
    ...wholeReadOptions,
    ...transportOption,
    ...storingOptions,
    ...parallelOptions,
    ...kitOption,
    wait: {
      value: 'MINUTES',
      help: 'wait so long for a prune that keeps the repository from others; by default 30',
    },
    'enable-tracking': {
      help: 'turn changed block tracking on first where it is off, after showing the price',
    },
    'reset-tracking': {
      help: 'switch it off and on again first where a disk has grown or it was found wrong, after showing the price',
    },
    yes: { help: 'agree to that price without being asked' },
    ...vcenterOption,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const config = await readConfig(context.places.configFile);
    const runs = new LastRuns(join(context.places.stateFolder, 'runs'));
    const subject = runSubject(config, args);
    const names = await vmsOfRun(runs, subject, args.flag('retry-failed'));
    if (names.length === 0) {
      context.output.result({ backups: [] }, () => 'The last run has left no VM without a restore point.');
      return undefined;
    }
    if (args.flag('plan')) return await backUp(context, args, names, config, undefined);
    const notifier = await openNotifier(context, config);
    const at = context.clock.now();
    // Whoever is killed has backed up none.
    await runs.write(subject, { at, failed: names });
    const onEnd = async (failed: readonly string[]): Promise<void> =>
      await runs.write(subject, { at, failed });
    return await tellingOfFailure(
      context,
      notifier,
      args,
      names,
      config,
      async () => await backUp(context, args, names, config, { notifier, onEnd }),
    );
  },
};

/** Who hears of how a run has ended. */
interface RunListeners {
  readonly notifier: Notifier;
  /** Given the VMs without a restore point, as they were typed. */
  readonly onEnd: (failed: readonly string[]) => Promise<void>;
}

/**
 * @param names  of the VMs
 * @param listeners  undefined for a plan, of which nobody has to be told
 */
async function backUp(
  context: CommandContext,
  args: CommandArguments,
  names: readonly string[],
  config: Config,
  listeners: RunListeners | undefined,
): Promise<number | undefined> {
  const { signal } = context;
  const policy = chosenPolicy(args, config.backup);
  const wholeReads = chosenWholeReads(args, config.backup);
  const transport = chosenTransport(args, config.backup);
  const slots = new TransferSlots(chosenParallel(args, config.backup));
  await using journal = await context.openJournal();
  await using repository = await openChosenRepository(context, args, { storing: chosenStoring(args) });
  if (!args.flag('plan')) await decideKit(context, args, repository, journal);
  await using connection = await openChosenVCenter(context, args);
  const { session, endpoint } = connection;
  const knowsSpecs = session.has('quiesceSpec');
  const nbd = chosenNbd(args, config.backup);
  const waitMinutes = args.count('wait');
  const deps = {
    ...{ ...context, journal, endpoint, slots, pause: neverPaused },
    ...(nbd !== undefined && { nbd: { settings: nbd, account: connection.account } }),
    ...(waitMinutes !== undefined && { maxWaitMs: waitMinutes * minuteMs }),
  };
  const makePlan = async (name: string): Promise<BackupPlan> => {
    let found = await readVirtualMachine(session, await findVirtualMachine(session, name, signal), signal);
    if (args.flag('enable-tracking') && !args.flag('plan'))
      found = await withTracking(context, session, found, journal, args.flag('yes'));
    const account = accountBeforeBackup(args, config, found.name);
    const vm = await seenBeforeBackup(context, session, found, account, deps);
    const identity = vm.config.instanceUuid ?? vm.config.uuid;
    const newest = await latestRestorePoint(repository, identity, signal);
    const previous = await openPreviousPoint(repository, newest, signal);
    const options = { policy, wholeReads, transport, knowsSpecs, hasUser: context.hasTerminal };
    const plan = planBackup(vm, { ...options, now: context.clock.now() }, previous);
    if (!args.flag('reset-tracking') || args.flag('plan') || disksToReset(plan).length === 0) return plan;
    const { config: reset, disks } = await withTrackingReset(context, session, vm, journal, args.flag('yes'));
    return planBackup({ ...vm, config: reset, disks }, { ...options, now: context.clock.now() }, previous);
  };
  if (listeners === undefined) {
    const planned: PlannedBackup[] = [];
    for (const name of names) {
      const plan = await makePlan(name);
      planned.push({ plan, outlook: await readBackupOutlook(session, plan, deps, signal) });
    }
    const values = planned.map(planValue);
    context.output.result(values.length === 1 ? values[0] : values, () =>
      planned.map(describePlan).join('\n'),
    );
    return undefined;
  }
  const [name = '', another] = names;
  const group = args.option('group');
  if (another === undefined && group === undefined)
    return await backUpOne(context, session, repository, await makePlan(name), deps, listeners);
  const asked: AskedVm[] = [];
  for (const vmName of names) asked.push({ vmName, plan: await orFailure(makePlan(vmName)) });
  return await backUpSeveral(context, session, repository, asked, group, deps, listeners);
}

/** One VM of several, as it was typed, and what is planned for it or why nothing can be. */
interface AskedVm {
  readonly vmName: string;
  readonly plan: BackupPlan | AppError;
}

/** What is wrong with one VM keeps the others from nothing. */
async function orFailure(planned: Promise<BackupPlan>): Promise<BackupPlan | AppError> {
  try {
    return await planned;
  } catch (error) {
    if (AppError.is(error, 'NOT_FOUND', 'PERMISSION', 'CONFLICT', 'UNSUPPORTED_FORMAT')) return error;
    throw error;
  }
}

interface PlannedBackup {
  readonly plan: BackupPlan;
  readonly outlook: BackupOutlook;
}

type CliDeps = Omit<BackupDeps, 'askForLess'>;

async function backUpOne(
  context: CommandContext,
  session: VimSession,
  repository: Repository,
  plan: BackupPlan,
  deps: CliDeps,
  { notifier, onEnd }: RunListeners,
): Promise<number> {
  const { signal } = context;
  const startedMs = context.clock.monotonicMs();
  const result = await context
    .withProgress(
      async onProgress =>
        await backUpVm(
          session,
          repository,
          plan,
          { ...deps, askForLess: askOnTerminal(context, plan.vm.name) },
          onProgress,
          signal,
        ),
    )
    .catch((error: unknown) => {
      throw withWayOut(error);
    });
  for (const problem of [...result.problems, ...result.warnings]) context.output.note(describeError(problem));
  await onEnd([]);
  await tellOf(context, notifier, deps.endpoint.host, [{ vmName: plan.vm.name, result }]);
  for (const advice of trackingAdvice(plan)) context.output.note(advice.trim());
  const tookMs = context.clock.monotonicMs() - startedMs;
  context.output.result(resultValue(result, tookMs), () => describeResult(result, tookMs));
  return codeOf(result);
}

async function backUpSeveral(
  context: CommandContext,
  session: VimSession,
  repository: Repository,
  asked: readonly AskedVm[],
  name: string | undefined,
  deps: CliDeps,
  { notifier, onEnd }: RunListeners,
): Promise<number> {
  const startedMs = context.clock.monotonicMs();
  const ended = await context.withProgress(async onProgress => {
    const joined = new JoinedProgress(onProgress);
    const planned = asked.flatMap(({ plan }) =>
      AppError.is(plan)
        ? []
        : {
            ...{ plan, ...memberOf(joined), signal: context.signal },
            askForLess: askOnTerminal(context, plan.vm.name),
          },
    );
    return await backUpGroup(session, repository, planned, name, deps, context.signal);
  });
  const { group } = ended;
  const results = ended.members.values();
  const members = asked.flatMap(({ vmName, plan }): MemberResult | [] =>
    AppError.is(plan) ? { vmName, error: plan } : (results.next().value ?? []),
  );
  await onEnd(asked.flatMap(({ vmName }, index) => ('error' in (members[index] ?? {}) ? [vmName] : [])));
  const tookMs = context.clock.monotonicMs() - startedMs;
  for (const member of members) {
    if ('error' in member) context.output.note(describeError(toAppError(withWayOut(member.error))));
    else
      for (const problem of [...member.result.problems, ...member.result.warnings])
        context.output.note(describeError(problem));
  }
  await tellOf(context, notifier, deps.endpoint.host, members);
  const value = members.map(member =>
    'error' in member
      ? { vm: member.vmName, error: errorValue(member.error) }
      : resultValue(member.result, tookMs),
  );
  context.output.result({ group, backups: value }, () =>
    [
      ...members.map(member =>
        'error' in member ? `No restore point of ${member.vmName}` : describeResult(member.result, tookMs),
      ),
      ...(group === undefined ? [] : [describeGroup(group)]),
    ].join('\n'),
  );
  const codes = members.map(member =>
    'error' in member ? exitCodes[member.error.code] : codeOf(member.result),
  );
  // What failed weighs more than what was reached in part.
  const failed = members.findIndex(member => 'error' in member);
  return codes[failed] ?? codes.find(code => code !== 0) ?? 0;
}

function memberOf(joined: JoinedProgress): Pick<GroupMember, 'onProgress' | 'onEnd'> {
  const { onProgress, end } = joined.part();
  return { onProgress, onEnd: end };
}

function describeGroup({ name, members, skewMs }: ManifestGroup): string {
  return `${name === undefined ? 'Group' : `Group ${name}`}: ${counted(members.length, 'VM')}, snapshots ${skewMs} ms apart: near each other, not consistent with each other`;
}

function codeOf({ problems, manifest }: BackupResult): number {
  return problems.length === 0 ? consistencyCode(manifest) : leftoversRemain;
}

/** Scripts shall hear of a level that was not reached, and of one that nobody can prove. */
function consistencyCode({ consistency: { requested, proven, downgrades } }: Manifest): number {
  if (downgrades.length > 0) return levelNotReached;
  return compareLevels(proven, requested) < 0 ? levelUnproven : 0;
}

function askOnTerminal(context: CommandContext, vmName: string): AskForLess {
  return async ({ from, to, reason }) =>
    await context.confirm(
      `${vmName}: ${reason}. Take a ${to}-consistent snapshot instead of a ${from}-consistent one?`,
      '--on-shortfall fail or step-down',
    );
}

/** A guest that cannot be brought to rest can still be backed up, if its owner says so. */
function withWayOut(error: unknown): unknown {
  if (!AppError.is(error, 'QUIESCE_FAILED')) return error;
  return new AppError('QUIESCE_FAILED', error.message, {
    ...(error.object !== undefined && { object: error.object }),
    remedy: `${error.remedy ?? 'Look for the reason in the guest'}: --minimum-level crash takes what can be had, --level crash leaves the guest alone`,
    cause: error.cause,
  });
}

function planValue({ plan, outlook }: PlannedBackup): unknown {
  const { vm, request, quiesce, requested, shortfall, predicted, assessment } = plan;
  const { disks, leftOutDisks, previous } = plan;
  return {
    vm: vm.name,
    ...{ policy: request.policy, quiesce, requested, shortfall, predicted, assessment, disks, leftOutDisks },
    previous: previous.kind === 'none' ? undefined : previous.id,
    ...outlook,
  };
}

function describePlan({ plan, outlook }: PlannedBackup): string {
  return [
    `Would back up ${plan.vm.name} through a ${plan.quiesce ? 'quiesced' : 'crash-consistent'} snapshot:`,
    table(
      ['DISK', 'LABEL', 'CAPACITY', 'HOW'],
      [
        ...plan.disks.map(disk => [
          String(disk.deviceKey),
          disk.label,
          formatBytes(disk.capacityBytes),
          disk.fullReason === undefined
            ? 'what has changed'
            : `full, because ${fullReasons[disk.fullReason]}`,
        ]),
        ...plan.leftOutDisks.map(disk => [String(disk.key), disk.label, '', `left out: ${disk.reason}`]),
      ],
      new Set([2]),
    ),
    ...describeOutlook(outlook, plan.transport),
    `  This backup: ${plan.requested}-consistent requested, ${plan.predicted}-consistent predicted`,
    ...describeShortfall(plan),
    describeAssessment(plan.assessment),
    ...trackingAdvice(plan),
  ].join('\n');
}

function describeShortfall({ shortfall, requested }: BackupPlan): readonly string[] {
  if (shortfall === undefined) return [];
  const { to, reason, outcome } = shortfall;
  const outcomes = {
    fail: 'the backup would fail',
    ask: 'it would ask whether less is good enough',
    'step-down': `it would step down to ${to} and record that`,
  };
  return [`  ${requested} is out of reach (${reason}): ${outcomes[outcome]}`];
}

function resultValue(
  { pointId, manifest, receivedBytes, storedBytes, problems, warnings }: BackupResult,
  tookMs: number,
): unknown {
  return {
    point: pointId,
    vm: manifest.vm.name,
    snapshot: manifest.snapshot,
    consistency: manifest.consistency,
    disks: manifest.disks,
    leftOutDisks: manifest.leftOutDisks,
    receivedBytes,
    storedBytes,
    tookMs: Math.round(tookMs),
    problems: problems.map(problem => problem.message),
    warnings: warnings.map(warning => warning.message),
  };
}

function describeResult(
  { pointId, manifest, receivedBytes, storedBytes }: BackupResult,
  tookMs: number,
): string {
  const capacityBytes = manifest.disks.reduce((total, disk) => total + disk.capacityBytes, 0);
  return [
    `Restore point ${shortId(pointId)} of ${manifest.vm.name}, ${provenText(manifest.consistency)}`,
    `  ${counted(manifest.disks.length, 'disk')}, ${formatBytes(capacityBytes)}; received ${formatBytes(receivedBytes)}, stored ${formatBytes(storedBytes)} in ${formatDuration(tookMs)}`,
    ...describeReads(manifest),
    ...describeConsistency(manifest.consistency),
    ...manifest.leftOutDisks.map(disk => `  Left out: ${disk.label}, ${disk.reason}`),
  ].join('\n');
}
