import { never } from '../../base/assert.ts';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type { ApplicationProofDto, PointDto, SnapshotAttemptDto } from '../../protocol/point.ts';
import type {
  GranularityDto,
  PointRecoveryDto,
  RecoverabilityDto,
  TimeEstimateDto,
} from '../../protocol/recovery.ts';
import type {
  AnswerView,
  ApplicationView,
  AttemptView,
  PointDetailsView,
  RecoverabilityView,
  RestoreKind,
} from '../../protocol/webview/recovery.ts';
import { consistencyLabel } from './consistency.ts';
import { diskReadText } from './diskReadText.ts';
import { sentence } from './errorText.ts';
import { evidenceView } from './evidenceText.ts';
import { groupView } from './groupText.ts';
import type { Translate } from './nodeView.ts';
import { basisText } from './recoveryModel.ts';
import { formatMoment } from './time.ts';
import { volumeViews } from './volumeText.ts';

/** How one can recover from a restore point, and what. */
export function pointDetailsView(
  point: PointDto,
  recovery: PointRecoveryDto,
  t: Translate,
): PointDetailsView {
  const { consistency, disks, leftOutDisks, group, vm } = point;
  const { applications, evidence, attempts, downgrades } = consistency;
  return {
    how: howAnswer(recovery, point, t),
    what: whatAnswer(recovery, point, t),
    rows: recovery.rows.map(row => recoverabilityView(row, t)),
    basis: basisText(consistency, t),
    evidence: evidence.map(piece => evidenceView(piece, t)),
    attempts: attempts.map(attempt => attemptView(attempt, t)),
    downgrades: downgrades.map(({ from, to, reason }) =>
      t('Stepped down from {0} to {1}: {2}', consistencyLabel(from, t), consistencyLabel(to, t), reason),
    ),
    applications: applications.map(application => applicationView(application, t)),
    applicationsText: applicationsText(recovery, applications, t),
    volumes: volumeViews(recovery.volumes, consistency.volumes, t),
    disks: [
      ...disks.map(({ label, read }) => ({ label, isIn: true, read: diskReadText(read, t) })),
      ...leftOutDisks.map(({ label, reason }) => ({ label, isIn: false, reason })),
    ],
    ...(group !== undefined && { group: groupView(group, vm.instanceUuid, t) }),
    problems: recovery.problems.map(message => sentence({ message })),
  };
}

function howAnswer({ rows }: PointRecoveryDto, { takenAt }: PointDto, t: Translate): AnswerView {
  const possible = rows.filter(({ isPossible }) => isPossible).length;
  return {
    tone: possible === 0 ? 'bad' : 'good',
    text: t('In {0} of {1} ways, to the moment of {2}', possible, rows.length, formatMoment(takenAt)),
  };
}

function whatAnswer({ volumes }: PointRecoveryDto, point: PointDto, t: Translate): AnswerView {
  const { disks, leftOutDisks } = point;
  const readable = volumes.filter(({ isReadable }) => isReadable).length;
  return {
    tone: disks.length === 0 ? 'bad' : leftOutDisks.length > 0 ? 'warning' : 'good',
    text: t(
      '{0} of {1} disks; files of {2} of {3} volumes',
      disks.length,
      disks.length + leftOutDisks.length,
      readable,
      volumes.length,
    ),
  };
}

function attemptView({ level, call, problem }: SnapshotAttemptDto, t: Translate): AttemptView {
  return {
    text: t('Asked for {0}: {1}', consistencyLabel(level, t), call),
    ...(problem !== undefined && { problem: t('Refused: {0}', sentence({ message: problem })) }),
  };
}

/** Of an application, the files at rest are what can be recovered, or what it makes of them by itself. */
function applicationView({ name, rule, isProven }: ApplicationProofDto, t: Translate): ApplicationView {
  return {
    ...{ name, rule },
    atRest: isProven
      ? { tone: 'good', text: t('was at rest') }
      : { tone: 'warning', text: t('was not at rest') },
    recovery: isProven
      ? t('Its files are complete: restore them or the whole VM, and it opens them as they are.')
      : t('Restore the whole VM: it recovers by itself when it starts, as after a power failure.'),
  };
}

/** Why nothing goes beyond the moment of the snapshot is the same for all of them. */
function applicationsText(
  { rows }: PointRecoveryDto,
  applications: readonly ApplicationProofDto[],
  t: Translate,
): string {
  const forward = rows.find(({ granularity }) => granularity === 'transaction');
  const [why] = forward?.isPossible === false ? forward.caveats : [];
  return [
    ...(applications.length > 0 ? [] : [t('Of no application anything is known by itself.')]),
    ...(why === undefined ? [] : [sentence({ message: why })]),
  ].join(' ');
}

function recoverabilityView(row: RecoverabilityDto, t: Translate): RecoverabilityView {
  const { granularity, isPossible, operation, caveats, time, source } = row;
  const [why = '', ...rest] = caveats;
  return {
    title: granularityLabel(granularity, t),
    isPossible,
    text: sentence({ message: isPossible ? (operation ?? '') : why }),
    caveats: (isPossible ? caveats : rest).map(message => sentence({ message })),
    ...timeTexts(time, isPossible, t),
    source,
    actions: isPossible ? actionsOf(granularity) : [],
  };
}

function timeTexts(
  time: TimeEstimateDto,
  isPossible: boolean,
  t: Translate,
): Pick<RecoverabilityView, 'time' | 'timeBasis' | 'isTimeKnown'> {
  if (!isPossible) return { time: '', timeBasis: '', isTimeKnown: false };
  if (time.kind === 'unknown') return { time: t('Time: unknown'), timeBasis: time.why, isTimeKnown: false };
  const { durationMs, bytesPerSecond, basis } = time;
  return {
    time: t('Time: about {0}', formatDuration(durationMs)),
    isTimeKnown: true,
    timeBasis: t(
      'from {0} restores of {1} in all, at {2} a second',
      basis.transferCount,
      formatBytes(basis.bytes),
      formatBytes(bytesPerSecond),
    ),
  };
}

function actionsOf(granularity: GranularityDto): readonly RestoreKind[] {
  switch (granularity) {
    case 'guest-file':
      return ['files', 'guest', 'browse'];
    case 'disk':
    case 'vm':
      return [granularity];
    case 'transaction':
    case 'datastore':
    case 'site':
      return [];
    default:
      return never(granularity);
  }
}

function granularityLabel(granularity: GranularityDto, t: Translate): string {
  switch (granularity) {
    case 'transaction':
      return t('Up to a certain transaction');
    case 'guest-file':
      return t('One or more guest files');
    case 'disk':
      return t('One or more disks');
    case 'vm':
      return t('One or more VMs');
    case 'datastore':
      return t('One or more datastores');
    case 'site':
      return t('A whole site');
    default:
      return never(granularity);
  }
}
