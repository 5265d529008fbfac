import type { GuestNodeKind, GuestPath } from '../guest.ts';
import { type Empty, notification, request } from '../message.ts';
import type { ConsistencyLevelDto, PointRef } from '../point.ts';
import type { SearchScope } from './browserSearch.ts';

// What the page of the restore browser and the editor say to each other. The editor answers with words that are ready
// to be read, in its language and time zone; the page arranges them.

/** A repository, a backup set in it, or a restore point. */
export interface BrowserPlace {
  readonly repository: string;
  readonly vmInstanceUuid?: string;
  readonly point?: string;
}

/** What to show. */
export interface BrowserTarget extends BrowserPlace {
  /** Files are to be looked for there, in the restore point. */
  readonly search?: SearchScope;
}

export interface RepositoryView {
  readonly name: string;
  readonly location: string;
}

/** The restore points of one VM, newest first. */
export interface BackupSetView {
  readonly vmInstanceUuid: string;
  readonly vmName: string;
  readonly points: readonly PointView[];
}

export interface PointView {
  readonly id: string;
  readonly takenAt: string;
  /** `2026-11-22 14:03` */
  readonly moment: string;
  /** `3 h ago` */
  readonly age: string;
  /** Proven; missing if nothing is known. */
  readonly level?: ConsistencyLevelDto;
  /** What is claimed, and what was asked for where that was more, among it. */
  readonly levelText: string;
  /** Less is proven than was asked for. */
  readonly isBelowRequest?: true;
}

export interface DiskView {
  readonly deviceKey: number;
  readonly label: string;
  /** Size and partition table. */
  readonly description: string;
  readonly volumes: readonly VolumeView[];
  readonly problems: readonly string[];
}

export interface VolumeView {
  readonly volumeIndex: number;
  readonly name: string;
  /** Content and size. */
  readonly description: string;
  /** False where no file system was recognized, and for what other volumes are made of. */
  readonly isBrowsable: boolean;
  /** Encrypted, and its passphrase has not been given. */
  readonly isLocked?: true;
}

export interface FolderParams extends GuestPath {
  readonly offset: number;
  /** At most `maxListedEntries`. */
  readonly limit: number;
  readonly nameContains: string;
}

export interface FolderPageView {
  /** What the content depends on: a journal that was replayed, damage of the file system or of this folder. */
  readonly notices: readonly NoticeView[];
  /** Folders first, then by name; every place of the page is filled. */
  readonly entries: readonly EntryView[];
  /** All entries that match, however few were asked for. */
  readonly totalCount: number;
}

export interface NoticeView {
  readonly severity: 'info' | 'warning';
  readonly text: string;
}

export interface EntryView {
  readonly name: string;
  readonly kind: GuestNodeKind;
  readonly kindText: string;
  /** Empty for what has none, like the others of an entry that cannot be read. */
  readonly size: string;
  readonly modified: string;
  /** `rw-r--r--` */
  readonly mode: string;
  /** `0:0` */
  readonly owner: string;
  /** Of a symbolic link. */
  readonly linkTarget?: string;
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** What is to be restored or looked at; the editor asks for the rest, shows the plan and waits for a yes. */
export type RestoreRequest =
  | { readonly kind: 'files' | 'guest' | 'compare' | 'details'; readonly paths: readonly GuestPath[] }
  | { readonly kind: 'disk'; readonly point: PointRef; readonly deviceKey: number }
  /** `unlock`: the encrypted volumes, by their passphrase. */
  | { readonly kind: 'vm' | 'unlock'; readonly point: PointRef };

export interface BrowserStart {
  /** Translations by English text; empty for English. */
  readonly texts: Readonly<Record<string, string>>;
  /** What the page was opened for; missing if it goes on where it was. */
  readonly target?: BrowserTarget;
  /** Whether files can go back into the guest they came from. */
  readonly canRestoreToGuest: boolean;
}

/** First word of a page; it gets its target once. */
export const startBrowser = request<Empty, BrowserStart>('browser/start');

export const listBrowserRepositories = request<Empty, { readonly repositories: readonly RepositoryView[] }>(
  'browser/repositories',
);

/** Opens the repository with the kept password. Fails with AUTHENTICATION if none is kept or it is wrong. */
export const listBackupSets = request<
  { readonly repository: string },
  { readonly sets: readonly BackupSetView[]; readonly problems: readonly string[] }
>('browser/sets');

export const listDisks = request<
  PointRef,
  { readonly disks: readonly DiskView[]; readonly notices: readonly NoticeView[] }
>('browser/disks');

/** A page of a folder. Fails with INVALID_INPUT for what is not a folder. */
export const listFolder = request<FolderParams, FolderPageView>('browser/folder');

/** Opens a file in an editor; symbolic links are followed, and one that leads to a folder gives the folder's path. */
export const openEntry = request<GuestPath, { readonly folder?: string }>('browser/open');

/** Runs the editor's own command; answers when it has ended, whether something was restored or not. */
export const runRestore = request<RestoreRequest, Empty>('browser/restore');

/** Asks the person for the password of a repository. */
export const enterRepositoryPassword = request<{ readonly repository: string }, Empty>(
  'browser/enterPassword',
);

/** Told to the page: it shall show something else. */
export const showTarget = notification<BrowserTarget>('browser/show');

/** Restore points were added, repositories were added or removed, or the worker and all that was open in it is gone. */
export type BrowserChange = 'points' | 'repositories' | 'worker-lost';

/** Told to the page: what it shows is no longer all there is. */
export const browserChanged = notification<{ readonly change: BrowserChange }>('browser/changed');
