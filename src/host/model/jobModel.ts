import { never } from '../../base/assert.ts';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type {
  BackupResultDto,
  BottleneckDto,
  CheckResultDto,
  GroupBackupResultDto,
  GuestRestoreResultDto,
  JobDto,
  JobKind,
  JobMemberDto,
  JobResult,
} from '../../protocol/job.ts';
import { trackingReset } from '../../protocol/plan.ts';
import type { DowngradeDto } from '../../protocol/point.ts';
import { commandIds } from '../ids.ts';
import { consistencyLabel, isWeaker, provenText, shortConsistencyLabel } from './consistency.ts';
import { sentence } from './errorText.ts';
import { restoreTarget } from './planText.ts';
import { disksReadText } from './diskReadText.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { skewText } from './groupText.ts';
import { formatMoment } from './time.ts';

type JobProgress = Pick<JobDto, 'phase' | 'doneBytes' | 'totalBytes'>;

/** One of the VMs that a job works on. */
export interface JobMemberNode {
  readonly kind: 'member';
  readonly id: string;
  readonly job: JobDto;
  /** Its place among the VMs of the job. */
  readonly index: number;
  readonly member: JobMemberDto;
}

export type JobTreeNode = JobDto | JobMemberNode;

/** The VMs below a job that works on several. */
export function jobChildren(node: JobTreeNode | undefined): readonly JobTreeNode[] {
  if (node === undefined || node.kind === 'member') return [];
  return (node.members ?? []).map((member, index) => ({
    ...{ kind: 'member', id: `${node.id}/${index}`, job: node, index, member },
  }));
}

export function isRunning({ state }: JobDto): boolean {
  return state === 'running' || state === 'paused' || state === 'cancelling';
}

export function jobView(job: JobTreeNode, t: Translate): NodeView {
  if (job.kind === 'member') return memberView(job, t);
  return {
    id: job.id,
    label: jobTitle(job, t),
    description: isRunning(job) ? progressText(job, t) : endText(job, t),
    tooltip: [
      jobTitle(job, t),
      t('Started {0}', formatMoment(job.startedAt)),
      ...(job.finishedAt === undefined
        ? [progressText(job, t)]
        : [t('Ended {0}', formatMoment(job.finishedAt))]),
      ...(job.error === undefined ? [] : [sentence(job.error)]),
    ],
    icon: jobIcon(job),
    contextValue: [
      `job;state=${job.state}`,
      ...(job.canPause === true ? ['pause'] : []),
      ...(job.canRetry === true ? ['retry'] : []),
    ].join(';'),
    children: job.members === undefined ? 'none' : 'expanded',
    command: { id: commandIds.showJobLog, title: t('Show Job Log') },
  };
}

function memberView({ id, job, member }: JobMemberNode, t: Translate): NodeView {
  const { object, state } = member;
  const icons = {
    running: { name: 'sync~spin' },
    succeeded: { name: 'pass', color: 'testing.iconPassed' },
    failed: { name: 'error', color: 'list.errorForeground' },
    cancelled: { name: 'circle-slash' },
  } as const satisfies Readonly<Record<JobMemberDto['state'], NodeView['icon']>>;
  const texts = {
    running: stepText(member, t),
    succeeded: t('done'),
    failed: t('failed'),
    cancelled: t('cancelled'),
  } as const satisfies Readonly<Record<JobMemberDto['state'], string>>;
  return {
    id,
    label: object,
    description: texts[state],
    icon: icons[state],
    contextValue: [
      `jobMember;state=${isRunning(job) && state === 'running' ? 'running' : 'ended'}`,
      ...(job.canRetry === true && state !== 'succeeded' ? ['retry'] : []),
    ].join(';'),
    children: 'none',
  };
}

/** `Backup of web01`. */
export function jobTitle({ kind, object }: JobDto, t: Translate): string {
  return titleOf(kind, object, t);
}

/** The step with what is known of its progress: `reading disks · 1.2 of 4 GiB (30 %) · 120 MiB/s · 24 s left`. */
export function progressText(job: JobDto, t: Translate): string {
  if (job.state === 'cancelling') return t('cancelling');
  if (job.question !== undefined)
    return t('waits for an answer: is {0} good enough?', shortConsistencyLabel(job.question.to, t));
  if (job.state === 'paused') return pausedText(job, t);
  const { bytesPerSecond, remainingMs, bottleneck } = job;
  return [
    stepText(job, t),
    ...(bytesPerSecond === undefined ? [] : [t('{0}/s', formatBytes(bytesPerSecond))]),
    ...(remainingMs === undefined ? [] : [t('{0} left', formatDuration(remainingMs))]),
    ...(bottleneck === undefined ? [] : [bottleneckText(bottleneck, t)]),
  ].join(' · ');
}

/** Also what it still holds; a job that is past reading ends all the same. */
function pausedText({ phase }: JobDto, t: Translate): string {
  return phase.startsWith('Paused') ? phase : t('pausing · {0}', phase);
}

function bottleneckText(bottleneck: BottleneckDto, t: Translate): string {
  switch (bottleneck) {
    case 'source':
      return t('limited by the source');
    case 'cpu':
      return t('limited by the CPU');
    case 'target':
      return t('limited by the target');
    default:
      return never(bottleneck);
  }
}

function stepText(progress: JobProgress, t: Translate): string {
  const { phase, doneBytes, totalBytes } = progress;
  const percent = percentDone(progress);
  if (percent !== undefined && totalBytes !== undefined)
    return [phase, t('{0} of {1} ({2} %)', formatBytes(doneBytes), formatBytes(totalBytes), percent)].join(
      ' · ',
    );
  return [phase, ...(doneBytes > 0 ? [formatBytes(doneBytes)] : [])].join(' · ');
}

/** What the status bar says of the jobs that run to whoever stops at it. */
export function statusTooltip(jobs: readonly JobDto[], t: Translate): string {
  const lines = jobs.filter(isRunning).map(job => t('{0}: {1}', jobTitle(job, t), progressText(job, t)));
  return [t('Show the jobs of Quiesce'), ...lines].join('\n');
}

/** The status bar's text while jobs run; nothing otherwise. `$(…)` is a product icon. */
export function statusText(jobs: readonly JobDto[], t: Translate): string | undefined {
  const running = jobs.filter(isRunning);
  const [only] = running;
  if (only === undefined) return undefined;
  const icon = running.every(({ state }) => state === 'paused') ? '$(debug-pause)' : '$(sync~spin)';
  if (running.length > 1) return `${icon} ${t('Quiesce: {0} jobs', running.length)}`;
  const percent = percentDone(only);
  return percent === undefined
    ? `${icon} ${jobTitle(only, t)}`
    : `${icon} ${t('{0}: {1} %', jobTitle(only, t), percent)}`;
}

/** What came of a job, as a sentence for a message and the row. */
export function resultText(result: JobResult, t: Translate): string {
  switch (result.kind) {
    case 'backup':
      return backupText(result, t);
    case 'backupGroup':
      return groupText(result, t);
    case 'snapshot':
      return withDowngrades(
        result.isQuiesced
          ? t('quiesced snapshot {0}', result.name)
          : t('snapshot {0}, not quiesced', result.name),
        result.downgrades,
        t,
      );
    case 'restoreFiles':
      return result.problems.length === 0
        ? t('{0} items, {1} in {2}', result.itemCount, formatBytes(result.totalBytes), restoreTarget(result))
        : t(
            '{0} items in {1}, {2} problems',
            result.itemCount,
            restoreTarget(result),
            result.problems.length,
          );
    case 'restoreToGuest':
      return guestRestoreText(result, t);
    case 'restoreDisk':
      return t('{0} in {1}', formatBytes(result.capacityBytes), result.targetPath);
    case 'restoreVm':
      return t('{0} on {1}, powered off', result.vm.name, result.vm.vcenter);
    case 'check':
      return checkText(result, t);
    case 'forget':
      return t('{0} restore points forgotten; Prune gives their space back', result.removedCount);
    case 'prune':
      return t('{0} freed, {1} packs removed', formatBytes(result.freedBytes), result.removedPackCount);
    case 'guard':
      return t(
        '{0} leftovers given back',
        result.leftovers.filter(({ outcome }) => outcome === 'removed').length,
      );
    case 'remedy':
      if (result.isGone && result.rule === trackingReset)
        return t('changed block tracking has begun anew: the next backup reads all of the disks');
      return result.isGone
        ? t('rule {0} finds nothing any more', result.rule)
        : t('done, but rule {0} still finds something', result.rule);
    default:
      return never(result);
  }
}

/** Asked for and proven are never one word: what was not reached is said, and why. */
function backupText(
  { requested, proven, claimed, downgrades, storedBytes, disks, warnings }: BackupResultDto,
  t: Translate,
): string {
  const read = disksReadText(disks, t);
  const bytes = t('{0} stored', formatBytes(storedBytes));
  const stored = read === undefined ? bytes : `${read}, ${bytes}`;
  const text =
    requested === proven
      ? `${consistencyLabel(proven, t)}, ${stored}`
      : t(
          'asked for {0}, proven {1}, {2}',
          consistencyLabel(requested, t),
          provenText(proven, claimed, t),
          stored,
        );
  const told = withDowngrades(text, downgrades, t);
  return [told, ...warnings.map(({ message }) => message)].join('; ');
}

/** How near together they came out is always said, and what that is not. */
function groupText({ group, members }: GroupBackupResultDto, t: Translate): string {
  const backups = members.flatMap(({ backup }) => (backup === undefined ? [] : [backup]));
  const weaker = backups.filter(({ requested, proven }) => isWeaker(proven, requested)).length;
  const failed = members.flatMap(({ vm, error }) => (error === undefined ? [] : [vm.name]));
  return [
    t('{0} of {1} VMs backed up', backups.length, members.length),
    skewText(group.skewMs, t),
    ...(weaker === 0 ? [] : [t('{0} not proven as asked for', weaker)]),
    ...(failed.length === 0 ? [] : [t('no restore point of {0}', failed.join(', '))]),
  ].join('; ');
}

function withDowngrades(text: string, downgrades: readonly DowngradeDto[], t: Translate): string {
  const [first] = downgrades;
  const last = downgrades.at(-1);
  if (first === undefined || last === undefined) return text;
  return t(
    '{0}; stepped down from {1} to {2}: {3}',
    text,
    shortConsistencyLabel(first.from, t),
    shortConsistencyLabel(last.to, t),
    last.reason,
  );
}

/** What was looked at is said too: a quick check has not read the data. */
function checkText(result: CheckResultDto, t: Translate): string {
  const { errorCount, warningCount, damagedPoints, snapshotCount, packBytes, readData } = result;
  const looked = readData
    ? t('{0} restore points, all {1} read', snapshotCount, formatBytes(packBytes))
    : t('{0} restore points, data not read', snapshotCount);
  if (errorCount > 0)
    return t('{0} errors, {1} restore points damaged ({2})', errorCount, damagedPoints.length, looked);
  return warningCount > 0
    ? t('no errors, {0} warnings ({1})', warningCount, looked)
    : t('no errors ({0})', looked);
}

/** What was replaced still exists, which is said as long as there is room. */
function guestRestoreText(
  { vm, restoredCount, skippedCount, keptAside, keptAsideCount, problems }: GuestRestoreResultDto,
  t: Translate,
): string {
  const [aside] = keptAside;
  const parts = [t('{0} files in the guest of {1}', restoredCount, vm.name)];
  if (skippedCount > 0) parts.push(t('{0} there already', skippedCount));
  if (keptAsideCount === 1 && aside !== undefined) parts.push(t('the former one is {0}', aside.asidePath));
  else if (keptAsideCount > 1) parts.push(t('{0} former ones kept beside them', keptAsideCount));
  if (problems.length > 0) parts.push(t('{0} problems', problems.length));
  return parts.join(', ');
}

/** It ended well, but not with all that was asked for. */
export function needsAttention(result: JobResult): boolean {
  if (result.kind === 'backup') return isLess(result);
  if (result.kind === 'backupGroup')
    return result.members.some(({ backup }) => backup === undefined || isLess(backup));
  if (result.kind === 'snapshot')
    return result.downgrades.length > 0 || (isWeaker('crash', result.requested) && !result.isQuiesced);
  if (result.kind === 'check') return result.errorCount > 0;
  if (result.kind === 'remedy') return !result.isGone;
  return (result.kind === 'restoreFiles' || result.kind === 'restoreToGuest') && result.problems.length > 0;
}

function isLess({ problems, warnings, proven, requested }: BackupResultDto): boolean {
  return problems.length > 0 || warnings.length > 0 || isWeaker(proven, requested);
}

function titleOf(kind: JobKind, object: string, t: Translate): string {
  switch (kind) {
    case 'backup':
      return t('Backup of {0}', object);
    case 'backupGroup':
      return t('Backup of the group {0}', object);
    case 'snapshot':
      return t('Snapshot of {0}', object);
    case 'restoreFiles':
      return t('Restore of files: {0}', object);
    case 'restoreToGuest':
      return t('Restore into the guest of {0}', object);
    case 'restoreDisk':
      return t('Restore of a disk: {0}', object);
    case 'restoreVm':
      return t('Restore of a VM: {0}', object);
    case 'check':
      return t('Check of repository {0}', object);
    case 'forget':
      return t('Forgetting restore points of {0}', object);
    case 'prune':
      return t('Prune of repository {0}', object);
    case 'guard':
      return t('Clean-up: {0}', object);
    case 'remedy':
      return t('Remedy for {0}', object);
    default:
      return never(kind);
  }
}

function endText(job: JobDto, t: Translate): string {
  if (job.state === 'cancelled') return t('cancelled');
  if (job.state === 'failed')
    return job.error === undefined ? t('failed') : t('failed: {0}', job.error.message);
  return job.result === undefined ? t('done') : resultText(job.result, t);
}

function jobIcon({ state, result }: JobDto): NodeView['icon'] {
  switch (state) {
    case 'running':
    case 'cancelling':
      return { name: 'sync~spin' };
    case 'paused':
      return { name: 'debug-pause' };
    case 'succeeded':
      return result !== undefined && needsAttention(result)
        ? { name: 'warning', color: 'list.warningForeground' }
        : { name: 'pass', color: 'testing.iconPassed' };
    case 'failed':
      return { name: 'error', color: 'list.errorForeground' };
    case 'cancelled':
      return { name: 'circle-slash' };
    default:
      return never(state);
  }
}

/** Never 100 before the end: that would be taken for it. */
function percentDone({ doneBytes, totalBytes }: JobProgress): number | undefined {
  if (totalBytes === undefined || totalBytes === 0) return undefined;
  return Math.min(99, Math.floor((doneBytes / totalBytes) * 100));
}
