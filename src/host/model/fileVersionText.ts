import { defined } from '../../base/assert.ts';
import { formatBytes } from '../../base/units.ts';
import type { FileVersionDto, FileVersionsResult, GuestPath, SeenFileDto } from '../../protocol/guest.ts';
import type { Choice } from '../ui/ui.ts';
import type { Translate } from './nodeView.ts';
import { formatMoment } from './time.ts';

/** The contents of a file to choose from; the one it was asked of is marked. */
export function versionChoices(
  { versions }: FileVersionsResult,
  start: GuestPath,
  t: Translate,
): readonly Choice<FileVersionDto>[] {
  return versions.map(version => ({
    label: t('{0}, changed {1}', formatBytes(version.sizeBytes), versionMoment(version)),
    description: has(version, start) ? t('where you started') : '',
    detail: seenText(version, t),
    icon: has(version, start) ? 'file' : 'history',
    value: version,
  }));
}

/** What can be done with a version: opened, or compared with another one or with the file as it is in the guest now. */
export type VersionMove = 'open' | 'guest' | FileVersionDto;

export function actionChoices(
  versions: readonly FileVersionDto[],
  chosen: FileVersionDto,
  start: GuestPath,
  t: Translate,
): readonly Choice<VersionMove>[] {
  const others = versions.filter(version => version !== chosen);
  return [
    { label: t('Open This Version'), icon: 'go-to-file', value: 'open' },
    ...others.map(version => ({
      label: t('Compare With: {0}, changed {1}', formatBytes(version.sizeBytes), versionMoment(version)),
      description: has(version, start) ? t('where you started') : '',
      detail: seenText(version, t),
      icon: 'diff',
      isPreselected: has(version, start),
      value: version,
    })),
    {
      label: t('Compare With the Running Guest…'),
      detail: t('As an account of the guest, which only reads'),
      icon: 'vm-connect',
      value: 'guest',
    },
  ];
}

/** The restore point it is shown from: the one it was asked of where that has it. */
export function shownIn(version: FileVersionDto, start: GuestPath): GuestPath {
  return has(version, start) ? start : newest(version).at;
}

/** Restore points without the file, and those in which it cannot be read; undefined if there are none. */
export function otherPointsText(
  { absentCount, unreadable }: FileVersionsResult,
  t: Translate,
): string | undefined {
  const [first] = unreadable;
  const texts = [
    ...(absentCount > 0 ? [t('{0} restore points do not have the file.', absentCount)] : []),
    ...(first === undefined
      ? []
      : [t('In {0} restore points it cannot be read: {1}', unreadable.length, first.problem)]),
  ];
  return texts.length === 0 ? undefined : texts.join(' ');
}

/** The older one comes first, as in every comparison. */
export function inOrder(
  one: FileVersionDto,
  other: FileVersionDto,
): readonly [FileVersionDto, FileVersionDto] {
  return firstSeen(one).takenAt <= firstSeen(other).takenAt ? [one, other] : [other, one];
}

export function versionMoment(version: FileVersionDto): string {
  return formatMoment(newest(version).modifiedAt);
}

function seenText(version: FileVersionDto, t: Translate): string {
  const [from, until] = [firstSeen(version).takenAt, newest(version).takenAt].map(formatMoment);
  return version.seen.length === 1
    ? t('first seen {0}', from ?? '')
    : t('first seen {0}, last seen {1}, in {2} restore points', from ?? '', until ?? '', version.seen.length);
}

function has({ seen }: FileVersionDto, { point }: GuestPath): boolean {
  return seen.some(({ at }) => at.point === point);
}

function newest({ seen }: FileVersionDto): SeenFileDto {
  return defined(seen[0], 'a version was seen somewhere');
}

function firstSeen({ seen }: FileVersionDto): SeenFileDto {
  return defined(seen.at(-1), 'a version was seen somewhere');
}
