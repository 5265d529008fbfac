import type { GuestNodeKind } from '../../src/protocol/guest.ts';
import type { SearchForm, SearchScope } from '../../src/protocol/webview/browserSearch.ts';
import type { BrowserPlace } from '../../src/protocol/webview/restoreBrowser.ts';

/** What is open, from the outside to the inside; what is not chosen yet is missing. */
export interface Place {
  readonly repository?: string;
  readonly vmInstanceUuid?: string;
  readonly point?: string;
  readonly deviceKey?: number;
  readonly volumeIndex?: number;
  /** Of the open folder in the volume. */
  readonly path: string;
}

/** A search that is open; what it has found is found again. */
export interface SearchState {
  readonly scope: SearchScope;
  readonly form: SearchForm;
  readonly isStarted: boolean;
  /** Row that the keyboard is on; -1 for none. */
  readonly activeIndex: number;
}

export interface SelectedEntry {
  readonly name: string;
  readonly kind: GuestNodeKind;
}

/** Where the page stands. It is kept across hiding and reloads, so it is plain and small. */
export interface BrowserState {
  readonly place: Place;
  /** Rows of the tree of backup sets. */
  readonly expanded: readonly string[];
  readonly filter: string;
  /** Of the open folder. */
  readonly selected: readonly SelectedEntry[];
  /** Row that the keyboard is on; -1 for none. */
  readonly activeIndex: number;
  readonly scrollTopPx: number;
  /** In the place of the folder, if there is one. */
  readonly search: SearchState | undefined;
  /** Whether somebody has gone anywhere; from then on the page goes nowhere by itself. */
  readonly isTouched: boolean;
}

const savedVersion = 1;

/** More would be a list nobody has read; their folder can be restored as a whole. */
export const maxSelected = 1000;

export const initialState: BrowserState = {
  place: { path: '/' },
  expanded: [],
  filter: '',
  selected: [],
  activeIndex: -1,
  scrollTopPx: 0,
  search: undefined,
  isTouched: false,
};

export function repositoryId(repository: string): string {
  return `repository/${repository}`;
}

export function setId(repository: string, vmInstanceUuid: string): string {
  return `set/${repository}/${vmInstanceUuid}`;
}

export function pointRowId(repository: string, point: string): string {
  return `point/${repository}/${point}`;
}

/** Another place; what was selected belongs to the old one. */
export function openPlace(state: BrowserState, place: Place): BrowserState {
  return { ...state, search: undefined, place, filter: '', selected: [], activeIndex: -1, scrollTopPx: 0 };
}

export function openPoint(
  state: BrowserState,
  { repository, vmInstanceUuid, point }: Required<BrowserPlace>,
) {
  const opened = openPlace(state, { repository, vmInstanceUuid, point, path: '/' });
  return expand(expand(opened, repositoryId(repository), true), setId(repository, vmInstanceUuid), true);
}

export function openVolume(state: BrowserState, deviceKey: number, volumeIndex: number): BrowserState {
  return openPlace(state, { ...state.place, deviceKey, volumeIndex, path: '/' });
}

/** A disk that is chosen without a volume can be restored as a whole. */
export function openDisk(state: BrowserState, deviceKey: number): BrowserState {
  const { repository, vmInstanceUuid, point } = state.place;
  return openPlace(state, {
    ...(repository !== undefined && { repository }),
    ...(vmInstanceUuid !== undefined && { vmInstanceUuid }),
    ...(point !== undefined && { point }),
    deviceKey,
    path: '/',
  });
}

export function openFolder(state: BrowserState, path: string): BrowserState {
  return openPlace(state, { ...state.place, path });
}

export const emptyForm: SearchForm = { name: '', text: '', isExpression: false, isCaseSensitive: false };

export function openSearch(state: BrowserState, scope: SearchScope, form: SearchForm): BrowserState {
  return withSearch(state, { scope, form, isStarted: false, activeIndex: -1 });
}

/** Another state of the search, or none: the folder that was open is still there. */
export function withSearch(state: BrowserState, search: SearchState | undefined): BrowserState {
  return { ...state, search };
}

/** The selection stays: names that no longer match are selected all the same, and counted. */
export function withFilter(state: BrowserState, filter: string): BrowserState {
  return { ...state, filter, activeIndex: -1, scrollTopPx: 0 };
}

export function expand(state: BrowserState, id: string, isExpanded: boolean): BrowserState {
  const others = state.expanded.filter(other => other !== id);
  return { ...state, expanded: isExpanded ? [...others, id] : others };
}

export function childPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** The folder around a path; the root is in itself. */
export function parentPath(path: string): string {
  const end = path.lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

/** What the editor keeps for the page. */
export function savedState(state: BrowserState): unknown {
  return { version: savedVersion, ...state };
}

/** What was kept, as far as it makes sense: another version of this page may have written it. */
export function restoredState(saved: unknown): BrowserState {
  if (!isRecord(saved) || saved['version'] !== savedVersion || !isRecord(saved['place'])) return initialState;
  const { place, expanded, filter, selected, activeIndex, scrollTopPx } = saved;
  const search = restoredSearch(saved['search']);
  return {
    place: restoredPlace(place),
    expanded: listOf(expanded).filter(id => typeof id === 'string'),
    filter: typeof filter === 'string' ? filter : '',
    selected: listOf(selected).filter(isSelectedEntry).slice(0, maxSelected),
    activeIndex: wholeNumber(activeIndex) ?? -1,
    scrollTopPx: typeof scrollTopPx === 'number' && scrollTopPx > 0 ? scrollTopPx : 0,
    search,
    // Only what somebody did is kept.
    isTouched: true,
  };
}

/** What is missing ends the way to the inside. */
function restoredPlace(saved: Readonly<Record<string, unknown>>): Place {
  const { repository, vmInstanceUuid, point, path } = saved;
  if (typeof repository !== 'string' || typeof vmInstanceUuid !== 'string') return { path: '/' };
  if (typeof point !== 'string') return { repository, vmInstanceUuid, path: '/' };
  const [deviceKey, volumeIndex] = [wholeNumber(saved['deviceKey']), wholeNumber(saved['volumeIndex'])];
  if (deviceKey === undefined) return { repository, vmInstanceUuid, point, path: '/' };
  if (volumeIndex === undefined) return { repository, vmInstanceUuid, point, deviceKey, path: '/' };
  return {
    ...{ repository, vmInstanceUuid, point, deviceKey, volumeIndex },
    path: typeof path === 'string' && path.startsWith('/') ? path : '/',
  };
}

function restoredSearch(saved: unknown): SearchState | undefined {
  if (!isRecord(saved) || !isRecord(saved['scope']) || !isRecord(saved['form'])) return undefined;
  const { scope, form, isStarted, activeIndex } = saved;
  const [deviceKey, volumeIndex] = [wholeNumber(scope['deviceKey']), wholeNumber(scope['volumeIndex'])];
  const { path, name, text } = { ...scope, ...form } as Readonly<Record<string, unknown>>;
  if (typeof path !== 'string' || typeof name !== 'string' || typeof text !== 'string') return undefined;
  return {
    scope: {
      ...(deviceKey !== undefined && { deviceKey }),
      ...(volumeIndex !== undefined && { volumeIndex }),
      path,
    },
    form: {
      ...{ name, text },
      isExpression: form['isExpression'] === true,
      isCaseSensitive: form['isCaseSensitive'] === true,
    },
    isStarted: isStarted === true,
    activeIndex: wholeNumber(activeIndex) ?? -1,
  };
}

function isSelectedEntry(entry: unknown): entry is SelectedEntry {
  return isRecord(entry) && typeof entry['name'] === 'string' && typeof entry['kind'] === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
