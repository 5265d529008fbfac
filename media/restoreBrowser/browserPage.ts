import { never } from '../../src/base/assert.ts';
import { AppError } from '../../src/base/errors.ts';
import type { GuestPath } from '../../src/protocol/guest.ts';
import type { PointRef } from '../../src/protocol/point.ts';
import type { SearchScope } from '../../src/protocol/webview/browserSearch.ts';
import {
  type BackupSetView,
  type BrowserTarget,
  browserChanged,
  enterRepositoryPassword,
  listBackupSets,
  listBrowserRepositories,
  listDisks,
  type RepositoryView,
  type RestoreRequest,
  runRestore,
  showTarget,
} from '../../src/protocol/webview/restoreBrowser.ts';
import { type Failure, failureOf, type Loadable, loading } from '../shared/failure.ts';
import type { Editor } from '../shared/rpc.ts';
import type { Translate } from '../shared/text.ts';
import { FolderPane, type FolderSurroundings } from './folderPane.ts';
import { SearchPane } from './searchPane.ts';
import {
  type BrowserState,
  childPath,
  expand,
  openDisk,
  openPlace,
  openPoint,
  openVolume,
  pointRowId,
  repositoryId,
  setId,
} from './state.ts';
import type { RepositorySets, RowTarget } from './treeRows.ts';
import { BrowserView } from './view.ts';
import {
  type BrowserAction,
  type BrowserModel,
  type Disks,
  enabledActions,
  foundOf,
  isLockedAt,
  onlyPointOf,
  volumeToOpen,
} from './viewModel.ts';

/** What the page does: fetches what the place needs, and takes what a person does to where it belongs. */
export class BrowserPage {
  readonly #editor: Editor;
  readonly #keep: (state: BrowserState) => void;
  readonly #t: Translate;
  readonly #view: BrowserView;
  readonly #folder: FolderPane;
  readonly #search: SearchPane;
  readonly #canRestoreToGuest: boolean;
  readonly #lifetime = new AbortController();
  readonly #sets = new Map<string, Loadable<RepositorySets>>();
  #state: BrowserState;
  #repositories: Loadable<readonly RepositoryView[]> = loading;
  #disks: Loadable<Disks> | undefined;
  #disksWanted = new AbortController();
  #message = '';

  /** @param keep  called whenever something changed that a later page shall go on with */
  constructor(
    root: HTMLElement,
    options: {
      readonly editor: Editor;
      readonly state: BrowserState;
      readonly canRestoreToGuest: boolean;
      readonly keep: (state: BrowserState) => void;
      readonly t: Translate;
    },
  ) {
    this.#editor = options.editor;
    this.#state = options.state;
    this.#canRestoreToGuest = options.canRestoreToGuest;
    this.#keep = options.keep;
    this.#t = options.t;
    this.#view = new BrowserView(
      root,
      {
        onTarget: target => this.#choose(target),
        onExpand: (id, isExpanded) => this.#expand(id, isExpanded),
        onPoint: ({ id }) => {
          const { repository, vmInstanceUuid } = this.#state.place;
          if (repository !== undefined && vmInstanceUuid !== undefined)
            this.#openPoint(repository, vmInstanceUuid, id);
        },
        onDisk: (deviceKey, volumeIndex) => this.#openDisk(deviceKey, volumeIndex),
        onFolder: path => this.#folder.open(path),
        onFilter: filter => this.#folder.filterSoon(filter),
        onTableAction: action => void this.#folder.onTableAction(action),
        onPress: (index, how) => void this.#folder.onPress(index, how),
        onRange: range => this.#folder.need(range),
        onScroll: scrollTopPx => this.#folder.scrolled(scrollTopPx),
        onAction: action => void this.#onAction(action),
        onRetry: failure => void this.#retry(failure),
        onUnlock: () => void this.#unlock(),
        onRefresh: () => this.#refresh(),
        onOpenSearch: () => this.#search.open(this.#searchScope()),
        search: {
          onForm: form => this.#search.onForm(form),
          onSearch: () => void this.#search.onSearch(),
          onClose: () => this.#closeSearch(),
          onShowInFolder: () => this.#search.showInFolder(),
          onWiden: () => void this.#search.widen(),
          onAction: action => void this.#search.onAction(action),
          onPress: (index, how) => void this.#search.onPress(index, how),
        },
      },
      this.#t,
    );
    this.#folder = new FolderPane(this.#surroundings(), this.#t);
    this.#search = new SearchPane(this.#surroundings(), at => this.#showEntry(at));
    this.#editor.on(showTarget, target => void this.show(target));
    this.#editor.on(browserChanged, ({ change }) => {
      if (change === 'points') this.#refreshSets();
      else if (change === 'repositories') void this.#loadRepositories();
      else
        this.#say(
          this.#t(
            'The background worker has ended. What is shown was read before; the next request starts it anew.',
          ),
        );
    });
  }

  /** Shows what the state says, or the target. */
  async start(target: BrowserTarget | undefined): Promise<void> {
    this.#render();
    const loaded = this.#loadRepositories();
    if (target === undefined) {
      const { repository, point } = this.#state.place;
      if (point !== undefined) this.#loadDisks();
      await loaded;
      if (repository !== undefined && point !== undefined) {
        await this.#loadSets(repository);
        this.#view.activateSetRow(pointRowId(repository, point));
      }
      // A page that comes back with its window must not take the focus from where a person works.
      if (point === undefined || document.hasFocus()) this.#view.focusSets();
    } else {
      await loaded;
      await this.show(target);
    }
  }

  /** Goes to a repository, a backup set or a restore point. */
  async show({ repository, vmInstanceUuid, point, search }: BrowserTarget): Promise<void> {
    this.#change(expand(this.#state, repositoryId(repository), true));
    await this.#loadSets(repository);
    const loaded = this.#sets.get(repository);
    const sets = loaded?.kind === 'ready' ? loaded.value.sets : [];
    const set = sets.find(
      candidate =>
        candidate.vmInstanceUuid === vmInstanceUuid || candidate.points.some(({ id }) => id === point),
    );
    let rowId = repositoryId(repository);
    if (set !== undefined && point !== undefined) {
      rowId = pointRowId(repository, point);
      if (this.#state.place.point !== point) this.#openPoint(repository, set.vmInstanceUuid, point);
    } else if (set !== undefined) {
      rowId = setId(repository, set.vmInstanceUuid);
      this.#openSet(repository, set);
    }
    this.#view.activateSetRow(rowId);
    this.#view.focusSets();
    if (search !== undefined && this.#state.place.point !== undefined) this.#search.open(search);
  }

  #model(): BrowserModel {
    return {
      state: this.#state,
      repositories: this.#repositories,
      sets: this.#sets,
      disks: this.#disks,
      pages: this.#folder.pages,
      results: this.#search.results,
      canRestoreToGuest: this.#canRestoreToGuest,
      message: this.#message,
    };
  }

  #surroundings(): FolderSurroundings {
    const state = () => this.#state;
    return {
      editor: this.#editor,
      view: this.#view,
      get state() {
        return state();
      },
      change: next => this.#change(next),
      keep: next => {
        this.#state = next;
        this.#keep(next);
      },
      say: message => this.#say(message),
      render: () => this.#render(),
      asked: async ask => await this.#asked(ask),
    };
  }

  #render(): void {
    this.#view.render(this.#model());
  }

  /** Something a person did: what was said before no longer matters. */
  #change(state: BrowserState): void {
    this.#state = { ...state, isTouched: true };
    this.#message = '';
    this.#keep(this.#state);
    this.#render();
  }

  #say(message: string): void {
    this.#message = message;
    this.#render();
  }

  #choose(target: RowTarget): void {
    switch (target.kind) {
      case 'repository': {
        const id = repositoryId(target.repository);
        this.#expand(id, !this.#state.expanded.includes(id));
        return;
      }
      case 'set': {
        const id = setId(target.repository, target.set.vmInstanceUuid);
        const isExpanded = this.#state.expanded.includes(id);
        const isOpen = this.#state.place.vmInstanceUuid === target.set.vmInstanceUuid;
        if (isExpanded && isOpen) this.#expand(id, false);
        else this.#openSet(target.repository, target.set);
        return;
      }
      case 'point':
        this.#openPoint(target.repository, target.set.vmInstanceUuid, target.point.id);
        return;
      case 'retry':
        void this.#retry({ text: '', needsPassword: target.needsPassword }, target.repository);
        return;
      default:
        never(target);
    }
  }

  #expand(id: string, isExpanded: boolean): void {
    this.#change(expand(this.#state, id, isExpanded));
    const repositories = this.#repositories.kind === 'ready' ? this.#repositories.value : [];
    const repository = repositories.find(({ name }) => repositoryId(name) === id);
    if (isExpanded && repository !== undefined) void this.#loadSets(repository.name);
  }

  /** Its points come into sight; what is open of it stays open. */
  #openSet(repository: string, { vmInstanceUuid }: BackupSetView): void {
    const { place } = this.#state;
    const isOpen = place.repository === repository && place.vmInstanceUuid === vmInstanceUuid;
    if (!isOpen) {
      this.#closePoint();
      this.#change(openPlace(this.#state, { repository, vmInstanceUuid, path: '/' }));
    }
    this.#change(expand(this.#state, setId(repository, vmInstanceUuid), true));
  }

  #openPoint(repository: string, vmInstanceUuid: string, point: string): void {
    this.#closePoint();
    this.#change(openPoint(this.#state, { repository, vmInstanceUuid, point }));
    this.#loadDisks();
  }

  #openDisk(deviceKey: number, volumeIndex: number | undefined): void {
    this.#change(
      volumeIndex === undefined
        ? openDisk(this.#state, deviceKey)
        : openVolume(this.#state, deviceKey, volumeIndex),
    );
    this.#loadFolder();
  }

  /** What is locked has no folder that could be asked for. */
  #loadFolder(): void {
    if (!this.#isLocked()) this.#folder.load();
    else {
      this.#folder.close();
      this.#render();
    }
  }

  #isLocked(): boolean {
    return this.#disks?.kind === 'ready' && isLockedAt(this.#disks.value, this.#state.place);
  }

  #closePoint(): void {
    this.#disksWanted.abort();
    this.#disks = undefined;
    this.#folder.close();
    this.#search.forget();
  }

  async #loadRepositories(): Promise<void> {
    this.#repositories = await this.#loaded(
      async signal => (await this.#editor.request(listBrowserRepositories, {}, signal)).repositories,
    );
    if (this.#repositories.kind === 'ready') this.#repositoriesCame(this.#repositories.value);
    this.#render();
    this.#refreshSets();
  }

  #repositoriesCame(repositories: readonly RepositoryView[]): void {
    const [only, ...others] = repositories;
    if (only !== undefined && others.length === 0)
      this.#state = expand(this.#state, repositoryId(only.name), true);
    const { repository } = this.#state.place;
    if (repository === undefined || repositories.some(({ name }) => name === repository)) return;
    this.#closePoint();
    this.#change(openPlace(this.#state, { path: '/' }));
    this.#message = this.#t('{0} is no longer among the repositories.', repository);
  }

  /** Reads anew what can be seen; what was read before stays until then. */
  #refreshSets(): void {
    if (this.#repositories.kind !== 'ready') return;
    for (const { name } of this.#repositories.value)
      if (this.#state.expanded.includes(repositoryId(name)) || this.#state.place.repository === name)
        void this.#loadSets(name);
  }

  async #loadSets(repository: string): Promise<void> {
    if (this.#sets.get(repository)?.kind !== 'ready') {
      this.#sets.set(repository, loading);
      this.#render();
    }
    this.#sets.set(
      repository,
      await this.#loaded(async signal => await this.#editor.request(listBackupSets, { repository }, signal)),
    );
    this.#setsCame();
    this.#render();
  }

  /** The only backup set is open before anybody looks for it. */
  #setsCame(): void {
    const only = onlyPointOf(this.#model());
    if (only === undefined) return;
    this.#openPoint(only.repository, only.vmInstanceUuid, only.point);
    this.#view.activateSetRow(pointRowId(only.repository, only.point));
  }

  #loadDisks(): void {
    this.#disksWanted.abort();
    const wanted = new AbortController();
    this.#disksWanted = wanted;
    const { repository, point } = this.#state.place;
    if (repository === undefined || point === undefined) return;
    const before = this.#disks?.kind === 'ready' ? this.#disks.value : undefined;
    this.#disks = loading;
    this.#render();
    void this.#loaded<Disks>(
      async () => await this.#editor.request(listDisks, { repository, point }, wanted.signal),
    ).then(disks => {
      if (wanted.signal.aborted) return;
      this.#disks = disks;
      if (disks.kind === 'ready') this.#disksCame(disks.value, before);
      this.#render();
    });
  }

  /** Where there is nothing to choose, nobody is asked. @param before  of the same restore point */
  #disksCame(disks: Disks, before: Disks | undefined): void {
    const { deviceKey, volumeIndex } = this.#state.place;
    const toOpen = volumeToOpen(disks, before, this.#state.place);
    const wasLocked = before !== undefined && isLockedAt(before, this.#state.place);
    if (this.#state.search !== undefined) {
      this.#render();
      void this.#search.goOn();
    } else if (toOpen !== undefined) this.#openDisk(toOpen.deviceKey, toOpen.volumeIndex);
    // Its place is taken by several volumes now.
    else if (deviceKey !== undefined && wasLocked && !this.#isLocked()) this.#openDisk(deviceKey, undefined);
    else if (volumeIndex !== undefined) this.#loadFolder();
  }

  async #unlock(): Promise<void> {
    const { repository, point } = this.#state.place;
    if (repository === undefined || point === undefined) return;
    const wanted: RestoreRequest = { kind: 'unlock', point: { repository, point } };
    await this.#asked(async signal => await this.#editor.request(runRestore, wanted, signal));
    if (point === this.#state.place.point) this.#loadDisks();
  }

  /** The open folder; everywhere as long as none is. */
  #searchScope(): SearchScope {
    const { deviceKey, volumeIndex, path } = this.#state.place;
    return deviceKey === undefined || volumeIndex === undefined
      ? { path: '/' }
      : { deviceKey, volumeIndex, path };
  }

  #closeSearch(): void {
    this.#search.close();
    if (this.#state.place.volumeIndex === undefined) this.#view.focusSets();
    else {
      if (this.#folder.pages === undefined) this.#loadFolder();
      this.#view.table.focus();
    }
  }

  #showEntry({ deviceKey, volumeIndex, path }: GuestPath): void {
    this.#change(openVolume(this.#state, deviceKey, volumeIndex));
    this.#search.forget();
    this.#view.table.focus();
    void this.#folder.showEntry(path);
  }

  async #onAction(action: BrowserAction): Promise<void> {
    const { place, selected } = this.#state;
    if (!enabledActions(this.#model())[action]) return;
    const [first] = selected;
    const found = foundOf(this.#model());
    if (action === 'open') {
      if (found !== undefined) await this.#search.onAction({ kind: 'open' });
      else if (first !== undefined) await this.#folder.openNamed(first.name, first.kind === 'directory');
      return;
    }
    const wanted = this.#restoreRequest(action);
    if (wanted === undefined) return;
    await this.#asked(async signal => await this.#editor.request(runRestore, wanted, signal));
    if (place === this.#state.place) this.#render();
  }

  #restoreRequest(action: Exclude<BrowserAction, 'open'>): RestoreRequest | undefined {
    const { repository, point: pointId, deviceKey, path } = this.#state.place;
    if (repository === undefined || pointId === undefined) return undefined;
    const point: PointRef = { repository, point: pointId };
    if (action === 'vm') return { kind: 'vm', point };
    if (action === 'disk') return deviceKey === undefined ? undefined : { kind: 'disk', point, deviceKey };
    const found = foundOf(this.#model());
    if (found !== undefined) return { kind: action, paths: [found.at] };
    const { selected } = this.#state;
    const names = selected.length === 0 ? [path] : selected.map(({ name }) => childPath(path, name));
    return { kind: action, paths: names.map(name => this.#folder.at(name)).filter(at => at !== undefined) };
  }

  async #retry({ needsPassword }: Failure, repository = this.#state.place.repository): Promise<void> {
    if (needsPassword && repository !== undefined)
      await this.#asked(
        async signal => await this.#editor.request(enterRepositoryPassword, { repository }, signal),
      );
    this.#refresh();
  }

  /** Reads the lists anew, and whatever could not be had. */
  #refresh(): void {
    this.#say('');
    for (const [repository, sets] of this.#sets) if (sets.kind === 'failed') this.#sets.delete(repository);
    void this.#loadRepositories();
    if (this.#disks?.kind === 'failed' || this.#isLocked()) this.#loadDisks();
    this.#folder.pages?.retry();
    this.#render();
  }

  /** What goes wrong is said in the status line. */
  async #asked<R>(ask: (signal: AbortSignal) => Promise<R>): Promise<R | undefined> {
    try {
      return await ask(this.#lifetime.signal);
    } catch (error) {
      if (!AppError.is(error, 'CANCELLED')) this.#say(failureOf(error).text);
      return undefined;
    }
  }

  async #loaded<T>(load: (signal: AbortSignal) => Promise<T>): Promise<Loadable<T>> {
    try {
      return { kind: 'ready', value: await load(this.#lifetime.signal) };
    } catch (error) {
      return { kind: 'failed', failure: failureOf(error) };
    }
  }
}
