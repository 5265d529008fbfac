import { formatBytes, formatMode } from '../../base/units.ts';
import type { GuestRestoreItemDto, GuestRestorePlanDto } from '../../protocol/plan.ts';
import type { Translate } from './nodeView.ts';
import { type PlanText, shown } from './planText.ts';
import { formatMoment } from './time.ts';

/** What will be written into a guest, with what is there now, as a person reads it before saying yes. */
export function guestRestoreText(plan: GuestRestorePlanDto, t: Translate): PlanText {
  const { vmName, user, items, itemCount, totalBytes, replacedCount, skippedCount, problems, warnings } =
    plan;
  const written = items.filter(({ action }) => action !== 'skip');
  const [only, ...others] = written;
  const what =
    only !== undefined && others.length === 0 && itemCount - skippedCount === 1
      ? only.guestPath
      : t('{0} items', itemCount - skippedCount);
  return {
    question: t(
      'Restore {0} ({1}) into the guest of {2} as {3}?',
      what,
      formatBytes(totalBytes),
      vmName,
      user,
    ),
    lines: [
      replacedCount === 0
        ? t('Nothing that exists is replaced.')
        : t(
            'Files replaced: {0}. What is there now stays beside them as NAME.quiesce-before-TIME.',
            replacedCount,
          ),
      ...shown(
        written.map(item => itemText(item, t)),
        itemCount - skippedCount,
        t,
      ),
      ...(skippedCount === 0 ? [] : [t('{0} files are there already and stay as they are.', skippedCount)]),
      ...warnings.map(warning => t('Warning: {0}', warning)),
      ...(problems.length === 0
        ? []
        : [
            t('{0} items cannot be restored; the others are:', problems.length),
            ...shown(problems, problems.length, t),
          ]),
    ],
    action: replacedCount === 0 ? t('Restore') : t('Restore and Replace'),
  };
}

/** What the guest has now. */
export function liveText({ live }: GuestRestoreItemDto, t: Translate): string {
  if (live === undefined) return t('nothing is there');
  const time = live.modifiedAt === undefined ? t('time unknown') : formatMoment(live.modifiedAt);
  return t('now {0}, {1}', formatBytes(live.sizeBytes), time);
}

/** What it will have. */
export function wantedText(
  { sizeBytes, modifiedAt, uid, gid, mode }: GuestRestoreItemDto,
  t: Translate,
): string {
  const parts = [formatBytes(sizeBytes)];
  if (modifiedAt !== undefined) parts.push(formatMoment(modifiedAt));
  if (uid !== undefined) parts.push(t('owner {0}', gid === undefined ? String(uid) : `${uid}:${gid}`));
  if (mode !== undefined) parts.push(t('mode {0}', formatMode(mode)));
  return parts.join(', ');
}

function itemText(item: GuestRestoreItemDto, t: Translate): string {
  const { kind, action, guestPath } = item;
  if (kind === 'folder') return t('{0} (new folder)', guestPath);
  if (action === 'create') return t('{0}: {1}', guestPath, wantedText(item, t));
  if (action === 'attributes')
    return t('{0}: only owner, permissions or time: {1}', guestPath, wantedText(item, t));
  return t('{0}: {1} → {2}', guestPath, liveText(item, t), wantedText(item, t));
}
