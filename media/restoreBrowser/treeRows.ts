import type {
  BackupSetView,
  DiskView,
  PointView,
  RepositoryView,
} from '../../src/protocol/webview/restoreBrowser.ts';
import { visibleName } from '../shared/dom.ts';
import type { Failure, Loadable } from '../shared/failure.ts';
import type { IconName } from '../shared/icons.ts';
import { levelIcon } from '../shared/levels.ts';
import type { Translate } from '../shared/text.ts';
import type { TreeRow } from '../shared/tree.ts';
import { type BrowserState, pointRowId, repositoryId, setId } from './state.ts';

export interface RepositorySets {
  readonly sets: readonly BackupSetView[];
  readonly problems: readonly string[];
}

/** What a row stands for, found again by its id. */
export type RowTarget =
  | { readonly kind: 'repository'; readonly repository: string }
  | { readonly kind: 'set'; readonly repository: string; readonly set: BackupSetView }
  | {
      readonly kind: 'point';
      readonly repository: string;
      readonly set: BackupSetView;
      readonly point: PointView;
    }
  | { readonly kind: 'retry'; readonly repository?: string; readonly needsPassword: boolean };

/** A row that only tells something has no target. */
export interface TargetRow extends TreeRow {
  readonly target?: RowTarget;
}

/** Repositories with their backup sets and these with their restore points, as far as they are expanded. */
export function backupRows(
  repositories: Loadable<readonly RepositoryView[]>,
  setsOf: (repository: string) => Loadable<RepositorySets> | undefined,
  state: BrowserState,
  t: Translate,
): readonly TargetRow[] {
  if (repositories.kind === 'loading') return [waitingRow('repositories', 1, t)];
  if (repositories.kind === 'failed')
    return [failureRow('repositories', 1, repositories.failure, undefined, t)];
  if (repositories.value.length === 0)
    return [
      noteRow('none', 1, t('No repository has been added. "Quiesce: Create Repository…" makes one.'), 'info'),
    ];
  return repositories.value.flatMap(repository => {
    const row = repositoryRow(repository, state);
    return row.isExpanded === true
      ? [row, ...setRows(repository.name, setsOf(repository.name), state, t)]
      : [row];
  });
}

function repositoryRow({ name, location }: RepositoryView, { expanded }: BrowserState): TargetRow {
  const id = repositoryId(name);
  return {
    id,
    level: 1,
    label: visibleName(name),
    description: visibleName(location),
    icon: 'repository',
    isExpanded: expanded.includes(id),
    target: { kind: 'repository', repository: name },
  };
}

function setRows(
  repository: string,
  sets: Loadable<RepositorySets> | undefined,
  state: BrowserState,
  t: Translate,
): readonly TargetRow[] {
  const id = repositoryId(repository);
  if (sets === undefined || sets.kind === 'loading') return [waitingRow(id, 2, t)];
  if (sets.kind === 'failed') return [failureRow(id, 2, sets.failure, repository, t)];
  const { value } = sets;
  return [
    ...(value.sets.length === 0 ? [noteRow(`${id}#none`, 2, t('No restore points yet.'), 'info')] : []),
    ...value.sets.flatMap(set => setWithPoints(repository, set, state, t)),
    ...value.problems.map((text, index) => noteRow(`${id}#${index}`, 2, text, 'warning')),
  ];
}

function setWithPoints(
  repository: string,
  set: BackupSetView,
  { expanded, place }: BrowserState,
  t: Translate,
): readonly TargetRow[] {
  const id = setId(repository, set.vmInstanceUuid);
  const isExpanded = expanded.includes(id);
  const [newest] = set.points;
  const isOpen = place.repository === repository && place.vmInstanceUuid === set.vmInstanceUuid;
  const count = set.points.length === 1 ? t('1 restore point') : t('{0} restore points', set.points.length);
  const row: TargetRow = {
    id,
    level: 2,
    label: visibleName(set.vmName),
    description: newest === undefined ? count : t('{0}, {1}', count, newest.age),
    icon: 'vm',
    isExpanded,
    isSelected: isOpen && place.point === undefined,
    target: { kind: 'set', repository, set },
  };
  if (!isExpanded) return [row];
  return [
    row,
    ...set.points.map((point): TargetRow => ({
      id: pointRowId(repository, point.id),
      level: 3,
      label: point.moment,
      description: t('{0}, {1}', point.levelText, point.age),
      icon: pointIcon(point),
      isTall: true,
      isSelected: place.repository === repository && place.point === point.id,
      target: { kind: 'point', repository, set, point },
    })),
  ];
}

export interface DiskRow extends TreeRow {
  readonly deviceKey?: number;
  /** Of a volume. */
  readonly volumeIndex?: number;
}

/** Disks with their volumes, and what is wrong with either. */
export function diskRows(
  disks: readonly DiskView[],
  { place }: BrowserState,
  t: Translate,
): readonly DiskRow[] {
  return disks.flatMap(disk => {
    const { deviceKey, label, description, volumes, problems } = disk;
    const isOpen = place.deviceKey === deviceKey;
    return [
      {
        id: `disk/${deviceKey}`,
        level: 1,
        label: visibleName(label),
        description,
        icon: 'disk',
        isSelected: isOpen && place.volumeIndex === undefined,
        deviceKey,
      } satisfies DiskRow,
      ...volumes.map((volume): DiskRow => ({
        id: `volume/${deviceKey}/${volume.volumeIndex}`,
        level: 2,
        label: visibleName(volume.name),
        description: volume.description,
        icon: volume.isLocked === true ? 'locked' : 'volume',
        isSelected: isOpen && place.volumeIndex === volume.volumeIndex,
        ...(!volume.isBrowsable && { tone: 'quiet' }),
        deviceKey,
        volumeIndex: volume.volumeIndex,
      })),
      ...(volumes.length === 0 && problems.length === 0
        ? [noteRow(`disk/${deviceKey}#none`, 2, t('No volume was found on this disk.'), 'info')]
        : []),
      ...problems.map((text, index) => noteRow(`disk/${deviceKey}#${index}`, 2, text, 'warning')),
    ];
  });
}

/** Less than what was asked for is never shown as good. */
export function pointIcon({ level, isBelowRequest }: Pick<PointView, 'level' | 'isBelowRequest'>): IconName {
  return isBelowRequest === true ? 'warning' : levelIcon(level);
}

function waitingRow(parentId: string, level: number, t: Translate): TargetRow {
  return { id: `${parentId}#waiting`, level, label: t('Loading…'), icon: 'waiting', tone: 'quiet' };
}

/** Enter, or a click, tries again. */
function failureRow(
  parentId: string,
  level: number,
  { text, needsPassword }: Failure,
  repository: string | undefined,
  t: Translate,
): TargetRow {
  const action = needsPassword ? t('Enter Password…') : t('Try Again');
  return {
    id: `${parentId}#failure`,
    level,
    label: text,
    description: action,
    spoken: t('{0} Press Enter: {1}', text, action),
    icon: 'warning',
    tone: 'warning',
    target: { kind: 'retry', needsPassword, ...(repository !== undefined && { repository }) },
  };
}

function noteRow(id: string, level: number, text: string, icon: 'info' | 'warning'): TargetRow {
  return { id, level, label: text, icon, tone: icon === 'info' ? 'quiet' : 'warning' };
}
