import { AppError } from '../../base/errors.ts';
import { counted, formatBytes, formatDuration } from '../../base/units.ts';
import { latestRestorePoint } from '../../core/catalog/backupSet.ts';
import type { Manifest } from '../../core/catalog/manifest.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { compareLevels } from '../../core/consistency/level.ts';
import { findVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../core/inventory/readVirtualMachine.ts';
import { type BackupPlan, planBackup } from '../../core/jobs/backupVm/backupPlan.ts';
import { type BackupResult, backUpVm } from '../../core/jobs/backupVm/backupVm.ts';
import type { AskForLess } from '../../core/jobs/snapshotByPolicy.ts';
import { chosenPolicy, policyOptions } from '../backupPolicy.ts';
import { openChosenRepository, openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config/configFile.ts';
import type { CommandContext } from '../context.ts';
import { describeAssessment } from '../describeAssessment.ts';
import { describeConsistency, provenText } from '../describeConsistency.ts';
import { leftoversRemain, levelNotReached, levelUnproven } from '../exitCodes.ts';
import { describeError, table } from '../output.ts';
import { planOption, repositoryOption, vcenterOption } from './options.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Make a restore point of a VM',
  operands: ['VM'],
  options: {
    ...policyOptions,
    ...vcenterOption,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const { signal } = context;
    const policy = chosenPolicy(args, (await readConfig(context.places.configFile)).backup);
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    await using connection = await openChosenVCenter(context, args);
    const { session, endpoint } = connection;
    const vm = await readVirtualMachine(
      session,
      await findVirtualMachine(session, args.operand(0), signal),
      signal,
    );
    const identity = vm.config.instanceUuid ?? vm.config.uuid;
    const previous = await latestRestorePoint(repository, identity, signal);
    const knowsSpecs = session.has('quiesceSpec');
    const plan = planBackup(vm, { policy, knowsSpecs, hasUser: context.hasTerminal }, previous);
    if (args.flag('plan')) {
      context.output.result(planValue(plan), () => describePlan(plan));
      return undefined;
    }
    const startedMs = context.clock.monotonicMs();
    const result = await context
      .withProgress(
        async onProgress =>
          await backUpVm(
            session,
            repository,
            plan,
            { ...context, journal, endpoint, askForLess: askOnTerminal(context, vm.name) },
            onProgress,
            signal,
          ),
      )
      .catch((error: unknown) => {
        throw withWayOut(error);
      });
    for (const problem of result.problems) context.output.note(describeError(problem));
    const tookMs = context.clock.monotonicMs() - startedMs;
    context.output.result(resultValue(result, tookMs), () => describeResult(result, tookMs));
    return result.problems.length === 0 ? consistencyCode(result.manifest) : leftoversRemain;
  },
};

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

function planValue(plan: BackupPlan): unknown {
  const { vm, request, quiesce, requested, shortfall, predicted, assessment } = plan;
  const { disks, leftOutDisks, previous } = plan;
  return {
    vm: vm.name,
    ...{ policy: request.policy, quiesce, requested, shortfall, predicted, assessment, disks, leftOutDisks },
    previous: previous?.id,
  };
}

function describePlan(plan: BackupPlan): string {
  return [
    `Would back up ${plan.vm.name} through a ${plan.quiesce ? 'quiesced' : 'crash-consistent'} snapshot:`,
    table(
      ['DISK', 'LABEL', 'CAPACITY', 'HOW'],
      [
        ...plan.disks.map(disk => [
          String(disk.deviceKey),
          disk.label,
          formatBytes(disk.capacityBytes),
          disk.readMode === 'first-backup' ? 'read whole' : 'read whole, new chunks stored',
        ]),
        ...plan.leftOutDisks.map(disk => [String(disk.key), disk.label, '', `left out: ${disk.reason}`]),
      ],
      new Set([2]),
    ),
    `  This backup: ${plan.requested}-consistent requested, ${plan.predicted}-consistent predicted`,
    ...describeShortfall(plan),
    describeAssessment(plan.assessment),
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
  { pointId, manifest, receivedBytes, storedBytes, problems }: BackupResult,
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
    ...describeConsistency(manifest.consistency),
    ...manifest.leftOutDisks.map(disk => `  Left out: ${disk.label}, ${disk.reason}`),
  ].join('\n');
}
