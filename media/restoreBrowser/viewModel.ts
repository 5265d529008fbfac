import { never } from '../../src/base/assert.ts';
import type { VolumeRef } from '../../src/protocol/guest.ts';
import type { ResultRow, SearchScope } from '../../src/protocol/webview/browserSearch.ts';
import type {
  BackupSetView,
  BrowserPlace,
  DiskView,
  NoticeView,
  RepositoryView,
} from '../../src/protocol/webview/restoreBrowser.ts';
import { visibleName } from '../shared/dom.ts';
import type { Failure, Loadable } from '../shared/failure.ts';
import type { Translate } from '../shared/text.ts';
import { maxRowCount } from '../shared/virtualList.ts';
import type { FolderPages } from './folderPages.ts';
import type { SearchResults } from './searchResults.ts';
import type { SearchContent } from './searchView.ts';
import { type BrowserState, childPath } from './state.ts';
import type { RepositorySets } from './treeRows.ts';

export interface Disks {
  readonly disks: readonly DiskView[];
  readonly notices: readonly NoticeView[];
}

/** Everything that is shown. */
export interface BrowserModel {
  readonly state: BrowserState;
  readonly repositories: Loadable<readonly RepositoryView[]>;
  readonly sets: ReadonlyMap<string, Loadable<RepositorySets>>;
  /** Of the open restore point. */
  readonly disks: Loadable<Disks> | undefined;
  /** Of the open folder. */
  readonly pages: Pick<FolderPages, 'totalCount' | 'notices' | 'failure' | 'entry'> | undefined;
  /** Of the open search. */
  readonly results: SearchResults;
  readonly canRestoreToGuest: boolean;
  /** The last thing that happened, if it is worth saying. */
  readonly message: string;
}

export type BrowserAction = 'open' | 'files' | 'guest' | 'details' | 'compare' | 'disk' | 'vm';

export function openSetOf({ state, sets }: BrowserModel): BackupSetView | undefined {
  const { repository, vmInstanceUuid } = state.place;
  if (repository === undefined) return undefined;
  const loaded = sets.get(repository);
  if (loaded?.kind !== 'ready') return undefined;
  return loaded.value.sets.find(set => set.vmInstanceUuid === vmInstanceUuid);
}

/** The newest restore point where there is nothing to choose from, as long as nobody has gone anywhere. */
export function onlyPointOf({
  state,
  repositories,
  sets,
}: Pick<BrowserModel, 'state' | 'repositories' | 'sets'>): Required<BrowserPlace> | undefined {
  if (state.isTouched || repositories.kind !== 'ready') return undefined;
  const [repository, ...otherRepositories] = repositories.value;
  if (repository === undefined || otherRepositories.length > 0) return undefined;
  const loaded = sets.get(repository.name);
  const [set, ...otherSets] = loaded?.kind === 'ready' ? loaded.value.sets : [];
  const [newest] = set?.points ?? [];
  if (set === undefined || newest === undefined || otherSets.length > 0) return undefined;
  return { repository: repository.name, vmInstanceUuid: set.vmInstanceUuid, point: newest.id };
}

interface Crumb {
  readonly text: string;
  /** Of a folder that can be opened. */
  readonly path?: string;
}

/** Of a place, as far as it is chosen. */
type VolumePlace = Pick<VolumeRef, 'deviceKey' | 'volumeIndex'>;

/** Whether what is open is encrypted, and its passphrase has not been given. */
export function isLockedAt({ disks }: Disks, place: Partial<VolumePlace>): boolean {
  const disk = disks.find(({ deviceKey }) => deviceKey === place.deviceKey);
  const volume = disk?.volumes.find(({ volumeIndex }) => volumeIndex === place.volumeIndex);
  return volume?.isLocked === true;
}

/**
 * The volume that is opened although nobody has chosen it, where there is one alone.
 * @param before  of the same restore point; what has come since came out of encrypted volumes
 */
export function volumeToOpen(
  now: Disks,
  before: Disks | undefined,
  { deviceKey }: Partial<VolumePlace>,
): VolumePlace | undefined {
  if (before === undefined && deviceKey !== undefined) return undefined;
  const known = before === undefined ? [] : browsableVolumes(before);
  const isKnown = (volume: VolumePlace): boolean =>
    known.some(other => other.deviceKey === volume.deviceKey && other.volumeIndex === volume.volumeIndex);
  const [only, ...others] = browsableVolumes(now).filter(volume => !isKnown(volume));
  return others.length === 0 ? only : undefined;
}

function browsableVolumes({ disks }: Disks): readonly VolumePlace[] {
  return disks.flatMap(({ deviceKey, volumes }) =>
    volumes.filter(({ isBrowsable }) => isBrowsable).map(({ volumeIndex }) => ({ deviceKey, volumeIndex })),
  );
}

/** The way from the VM to the open folder. */
export function crumbsOf(model: BrowserModel): readonly Crumb[] {
  const { place } = model.state;
  const set = openSetOf(model);
  if (set === undefined) return [];
  const point = set.points.find(({ id }) => id === place.point);
  const disk =
    model.disks?.kind === 'ready'
      ? model.disks.value.disks.find(({ deviceKey }) => deviceKey === place.deviceKey)
      : undefined;
  const volume = disk?.volumes.find(({ volumeIndex }) => volumeIndex === place.volumeIndex);
  const folders = place.path.split('/').filter(name => name !== '');
  return [
    { text: visibleName(set.vmName) },
    ...(point === undefined ? [] : [{ text: point.moment }]),
    ...(disk === undefined ? [] : [{ text: visibleName(disk.label) }]),
    ...(volume === undefined ? [] : [{ text: visibleName(volume.name), path: '/' }]),
    ...(volume === undefined
      ? []
      : folders.map((name, index) => ({
          text: visibleName(name),
          path: folders.slice(0, index + 1).reduce(childPath, '/'),
        }))),
  ];
}

export function noticesOf({ disks, pages }: BrowserModel, t: Translate): readonly NoticeView[] {
  const totalCount = pages?.totalCount ?? 0;
  return [
    ...(disks?.kind === 'ready' ? disks.value.notices : []),
    ...(pages?.notices ?? []),
    ...(totalCount > maxRowCount
      ? [
          {
            severity: 'warning' as const,
            text: t(
              'Only the first {0} of {1} entries can be shown. Filter names to see the others.',
              maxRowCount,
              totalCount,
            ),
          },
        ]
      : []),
  ];
}

/** Rows that the table has: the keyboard shall not go where nothing can be shown. */
export function rowCountOf({ pages }: Pick<BrowserModel, 'pages'>): number {
  return Math.min(pages?.totalCount ?? 0, maxRowCount);
}

interface EmptyText {
  /** Empty when there is something better to show. */
  readonly text: string;
  readonly failure?: Failure;
  readonly isLoading?: boolean;
  /** What is missing is a passphrase. */
  readonly isLocked?: boolean;
}

export function emptyTextOf({ state, disks, pages }: BrowserModel, t: Translate): EmptyText {
  if (state.search !== undefined && disks?.kind === 'ready') return { text: '' };
  const { place, filter } = state;
  if (place.point === undefined)
    return { text: t('Choose a restore point on the left to see its disks, volumes and files.') };
  if (disks === undefined || disks.kind === 'loading')
    return { text: t('Reading the disks of the restore point…'), isLoading: true };
  if (disks.kind === 'failed') return { text: disks.failure.text, failure: disks.failure };
  if (place.volumeIndex === undefined) return { text: t('Choose a volume above to see its files.') };
  if (isLockedAt(disks.value, place))
    return {
      text: t(
        'This volume is encrypted. The passphrase that the guest asks for when it starts opens it, in all restore points of the VM.',
      ),
      isLocked: true,
    };
  if (pages?.failure !== undefined) return { text: pages.failure.text, failure: pages.failure };
  if (pages?.totalCount === undefined) return { text: t('Reading the folder…'), isLoading: true };
  if (pages.totalCount > 0) return { text: '' };
  return {
    text: filter === '' ? t('The folder is empty.') : t('No name in this folder contains "{0}".', filter),
  };
}

export function enabledActions(model: BrowserModel): Readonly<Record<BrowserAction, boolean>> {
  const { state, pages } = model;
  if (state.search !== undefined) {
    const found = foundOf(model);
    const isFile = found !== undefined;
    return {
      ...{ open: isFile, files: isFile, guest: isFile, details: isFile },
      ...{ disk: false, vm: state.place.point !== undefined },
      compare: found?.kind === 'file' && found.nodeKind === 'directory',
    };
  }
  const { place, selected } = state;
  const isFolderOpen = place.volumeIndex !== undefined && pages?.totalCount !== undefined;
  const [first, ...others] = selected;
  return {
    open:
      isFolderOpen &&
      others.length === 0 &&
      (first?.kind === 'file' || first?.kind === 'symlink' || first?.kind === 'directory'),
    files: isFolderOpen,
    guest: isFolderOpen,
    details: isFolderOpen && others.length === 0,
    compare: isFolderOpen && (first === undefined || (others.length === 0 && first.kind === 'directory')),
    disk: place.deviceKey !== undefined,
    vm: place.point !== undefined,
  };
}

/** What a press on a button would be about, or what has just happened. */
export function statusText(model: BrowserModel, t: Translate): string {
  const { state, pages, message } = model;
  if (message !== '') return message;
  if (state.search !== undefined) return searchStatus(model.results, t);
  const { place, selected } = state;
  if (place.volumeIndex === undefined || pages?.totalCount === undefined) return '';
  const count = pages.totalCount === 1 ? t('1 entry') : t('{0} entries', pages.totalCount);
  if (selected.length === 0)
    return t('{0}. Nothing selected: restore takes the whole folder {1}', count, visibleName(place.path));
  const [first, ...others] = selected;
  return others.length === 0
    ? t('{0}. Selected: {1}', count, visibleName(first?.name ?? ''))
    : t('{0}. {1} selected', count, selected.length);
}

/** What of the results the keyboard is on. */
export function foundOf({ state, results }: Pick<BrowserModel, 'state' | 'results'>): ResultRow | undefined {
  return results.rows[state.search?.activeIndex ?? -1];
}

/** Undefined while no search is open. */
export function searchContentOf(model: BrowserModel, t: Translate): SearchContent | undefined {
  const { state, disks, results } = model;
  const { search } = state;
  if (search === undefined || disks?.kind !== 'ready') return undefined;
  const { scope, form, activeIndex } = search;
  return {
    ...{ form, activeIndex, rows: results.rows, isRunning: results.phase === 'running' },
    isEverywhere: scope.volumeIndex === undefined,
    scopeText: scopeText(disks.value.disks, scope, t),
    volumeOf: ({ at }) => (scope.volumeIndex === undefined ? volumeName(disks.value.disks, at) : ''),
  };
}

function scopeText(disks: readonly DiskView[], scope: SearchScope, t: Translate): string {
  const { deviceKey, volumeIndex, path } = scope;
  if (deviceKey === undefined || volumeIndex === undefined) return t('In all volumes of the restore point');
  const volume = visibleName(volumeName(disks, { deviceKey, volumeIndex }));
  return path === '/' ? t('In {0}', volume) : t('In {0}, folder {1}', volume, visibleName(path));
}

function volumeName(
  disks: readonly DiskView[],
  { deviceKey, volumeIndex }: Pick<VolumeRef, 'deviceKey' | 'volumeIndex'>,
): string {
  const disk = disks.find(candidate => candidate.deviceKey === deviceKey);
  const volume = disk?.volumes.find(candidate => candidate.volumeIndex === volumeIndex);
  return `${disk?.label ?? deviceKey} › ${volume?.name ?? volumeIndex}`;
}

function searchStatus(
  { phase, fileCount, unsearchedCount, lookedAtCount }: SearchResults,
  t: Translate,
): string {
  if (phase === 'none') return t('Fill in a name, a text, or both.');
  const found = t('{0} found among {1} files and folders', fileCount, lookedAtCount);
  const unsearched = unsearchedCount === 0 ? '' : ` ${t('{0} not searched, at the end.', unsearchedCount)}`;
  switch (phase) {
    case 'running':
      return t('{0} so far…', found);
    case 'stopped':
      return `${t('{0} before it was stopped.', found)}${unsearched}`;
    case 'full':
      return `${t('{0}; there is more. Narrow the search to see the rest.', found)}${unsearched}`;
    case 'ended':
      return `${t('{0}.', found)}${unsearched}`;
    default:
      return never(phase);
  }
}
