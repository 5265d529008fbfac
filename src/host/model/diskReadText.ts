import { never } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type { DiskReadDto, FullReasonDto, StoredDiskDto, TransportKindDto } from '../../protocol/point.ts';
import type { Translate } from './nodeView.ts';

/** How a disk got into a restore point, and what of it was read. */
export function diskReadText(
  { transport, passedOver = [], mode, fullReason, fullDetail, ...counts }: DiskReadDto,
  t: Translate,
): string {
  const { readBytes, changedBytes, storedBytes, audit } = counts;
  const how =
    mode === 'changed-areas'
      ? t('incremental')
      : fullReason === undefined
        ? t('full')
        : t('full, because {0}', fullReasonText(fullReason, t));
  return [
    fullDetail === undefined ? how : t('{0} ({1})', how, fullDetail),
    ...(changedBytes === undefined ? [] : [t('{0} changed', formatBytes(changedBytes))]),
    ...(readBytes === undefined ? [] : [t('{0} read', formatBytes(readBytes))]),
    t('{0} stored', formatBytes(storedBytes)),
    ...(audit === undefined
      ? []
      : audit.mismatches === 0
        ? [t('{0} unchanged chunks compared', audit.chunks)]
        : [t('{0} of {1} unchanged chunks had changed', audit.mismatches, audit.chunks)]),
    t('by {0}', transportText(transport, t)),
    ...passedOver.map(({ kind, reason }) => t('not by {0}: {1}', transportText(kind, t), reason)),
  ].join(', ');
}

export function transportText(kind: TransportKindDto, t: Translate): string {
  switch (kind) {
    case 'nfc-lease':
      return t('an export lease');
    case 'datastore-files':
      return t('ranges of its file');
    case 'nbd':
      return t('an NBD program');
    case 'hot-add':
      return t('hot-adding');
    default:
      return never(kind);
  }
}

/** The disks together; a reason is named if it is that of one of them. Nothing for a VM without disks. */
export function disksReadText(disks: readonly StoredDiskDto[], t: Translate): string | undefined {
  if (disks.length === 0) return undefined;
  const whole = disks.filter(({ read }) => read.mode === 'whole');
  const [first] = whole;
  if (first === undefined) return t('incremental');
  const { fullReason } = first.read;
  if (whole.length < disks.length)
    return t('incremental but for {0}', whole.map(({ label }) => label).join(', '));
  return fullReason === undefined ? t('full') : t('full, because {0}', fullReasonText(fullReason, t));
}

/** Of a list of restore points, in a word. */
export function readKindText(kind: 'full' | 'incremental' | 'mixed', t: Translate): string {
  switch (kind) {
    case 'full':
      return t('full');
    case 'incremental':
      return t('incremental');
    case 'mixed':
      return t('incremental, some disks full');
    default:
      return never(kind);
  }
}

export function fullReasonText(reason: FullReasonDto, t: Translate): string {
  switch (reason) {
    case 'first-backup':
      return t('it is the first backup of this VM');
    case 'requested':
      return t('a full backup was asked for');
    case 'previous-gone':
      return t('the previous restore point is gone or cannot be read');
    case 'disk-added':
      return t('the previous restore point does not have this disk');
    case 'disk-replaced':
      return t('it is another disk than in the previous restore point');
    case 'capacity-changed':
      return t('its size has changed');
    case 'tracking-not-reset':
      return t('its size has changed, and changed block tracking has not begun anew since');
    case 'geometry-changed':
      return t('it is stored in chunks of another size now');
    case 'tracking-off':
      return t('changed block tracking is off');
    case 'tracking-not-begun':
      return t('changed block tracking is on, but has not begun yet');
    case 'previous-untracked':
      return t('its changes were not tracked yet at the time of the previous restore point');
    case 'tracking-reset':
      return t('what was tracked of its changes was lost since the previous restore point');
    case 'reverted':
      return t('the VM went back to a snapshot since the previous restore point');
    case 'verification-failed':
      return t('blocks had changed that changed block tracking did not tell of');
    case 'scheduled':
      return t('a full comparison was due');
    case 'change-id-unknown':
      return t('the server does not know the moment of the previous restore point');
    case 'file-fault':
      return t('the host cannot read its list of changed blocks');
    case 'query-denied':
      return t('the account may not ask which blocks have changed');
    case 'query-unsupported':
      return t('the server cannot tell which blocks have changed');
    case 'query-refused':
      return t('the server refused to tell which blocks have changed');
    case 'answer-invalid':
      return t('what the server told of changed blocks contradicts itself');
    default:
      return never(reason);
  }
}
