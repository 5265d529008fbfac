import { never } from '../../base/assert.ts';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type { PointDto } from '../../protocol/point.ts';
import type {
  GranularityDto,
  PointRecoveryDto,
  RecoverabilityDto,
  TimeEstimateDto,
} from '../../protocol/recovery.ts';
import type {
  AnswerView,
  PointDetailsView,
  RecoverabilityView,
  RestoreKind,
} from '../../protocol/webview/recovery.ts';
import { consistencyLabel } from './consistency.ts';
import { diskReadText } from './diskReadText.ts';
import { sentence } from './errorText.ts';
import { groupView } from './groupText.ts';
import type { Translate } from './nodeView.ts';
import { basisText } from './recoveryModel.ts';
import { formatMoment } from './time.ts';

/** Of evidence: the restore point says it of itself. */
const manifestSource = { title: 'Manifest of the restore point' };

/** How one can recover from a restore point, and what. */
export function pointDetailsView(
  point: PointDto,
  recovery: PointRecoveryDto,
  t: Translate,
): PointDetailsView {
  const { consistency, disks, leftOutDisks, group, vm } = point;
  const { volumes, problems } = recovery;
  const { applications } = consistency;
  return {
    how: howAnswer(recovery, point, t),
    what: whatAnswer(recovery, point, t),
    rows: recovery.rows.map(row => recoverabilityView(row, t)),
    basis: basisText(consistency, t),
    evidence: consistency.evidence.map(({ rule, statement }) => ({
      ...{ rule, source: manifestSource },
      text: sentence({ message: statement }),
    })),
    downgrades: consistency.downgrades.map(({ from, to, reason }) =>
      t('Stepped down from {0} to {1}: {2}', consistencyLabel(from, t), consistencyLabel(to, t), reason),
    ),
    applications: applications.map(({ name, rule, isProven }) => ({
      text: isProven ? t('{0}: was at rest ({1})', name, rule) : t('{0}: was not at rest ({1})', name, rule),
      isGood: isProven,
    })),
    applicationsText: applications.length > 0 ? '' : t('Of no application anything is known by itself.'),
    fileSystems: [
      ...volumes.map(({ name, fileSystem, isReadable }) => ({
        text: isReadable
          ? t('{0}: {1}, files can be read', name, fileSystem ?? '')
          : t('{0}: {1}, files cannot be read here', name, fileSystem ?? t('content not recognized')),
        isGood: isReadable,
      })),
      ...consistency.volumes.map(({ name, state, statement, rule }) => ({
        text: t('{0}: {1} ({2})', name, sentence({ message: statement }), rule),
        isGood: state === 'clean',
      })),
    ],
    disks: [
      ...disks.map(({ label, read }) => ({ label, isIn: true, read: diskReadText(read, t) })),
      ...leftOutDisks.map(({ label, reason }) => ({ label, isIn: false, reason })),
    ],
    ...(group !== undefined && { group: groupView(group, vm.instanceUuid, t) }),
    problems: problems.map(message => sentence({ message })),
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

function recoverabilityView(row: RecoverabilityDto, t: Translate): RecoverabilityView {
  const { granularity, isPossible, operation, caveats, time, source } = row;
  const [why = '', ...rest] = caveats;
  const action = isPossible ? actionOf(granularity) : undefined;
  return {
    title: granularityLabel(granularity, t),
    isPossible,
    text: sentence({ message: isPossible ? (operation ?? '') : why }),
    caveats: (isPossible ? caveats : rest).map(message => sentence({ message })),
    ...timeTexts(time, isPossible, t),
    source,
    ...(action !== undefined && { action }),
  };
}

function timeTexts(
  time: TimeEstimateDto,
  isPossible: boolean,
  t: Translate,
): Pick<RecoverabilityView, 'time' | 'timeBasis'> {
  if (!isPossible) return { time: '', timeBasis: '' };
  if (time.kind === 'unknown') return { time: t('Time: unknown'), timeBasis: time.why };
  const { durationMs, bytesPerSecond, basis } = time;
  return {
    time: t('Time: about {0}', formatDuration(durationMs)),
    timeBasis: t(
      'from {0} restores of {1} in all, at {2} a second',
      basis.transferCount,
      formatBytes(basis.bytes),
      formatBytes(bytesPerSecond),
    ),
  };
}

function actionOf(granularity: GranularityDto): RestoreKind | undefined {
  switch (granularity) {
    case 'guest-file':
      return 'files';
    case 'disk':
    case 'vm':
      return granularity;
    case 'transaction':
    case 'datastore':
    case 'site':
      return undefined;
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
