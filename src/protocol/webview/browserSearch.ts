import type { GuestNodeKind, GuestPath } from '../guest.ts';
import type { SearchRef } from '../guestSearch.ts';
import { type Empty, request } from '../message.ts';
import type { PointRef } from '../point.ts';

// A search on the page of the restore browser.

/** Where in a restore point: everywhere, or at a path of a volume and below it. */
export interface SearchScope {
  readonly deviceKey?: number;
  readonly volumeIndex?: number;
  readonly path: string;
}

/** What a person filled in; empty for what is not wanted. */
export interface SearchForm {
  readonly name: string;
  readonly text: string;
  readonly isExpression: boolean;
  readonly isCaseSensitive: boolean;
}

export interface BrowserSearchParams extends PointRef {
  readonly scope: SearchScope;
  readonly form: SearchForm;
}

/** A row of the results: a file, a line of the file above it, or a remark on it. */
export type ResultRow = FileRow | LineRow | RemarkRow;

export interface FileRow {
  readonly kind: 'file';
  readonly at: GuestPath;
  readonly nodeKind: GuestNodeKind;
  readonly kindText: string;
  readonly name: string;
  /** Around it. */
  readonly folder: string;
  /** Empty for what has none. */
  readonly size: string;
  readonly modified: string;
}

export interface LineRow {
  readonly kind: 'line';
  readonly at: GuestPath;
  /** From 1 on. */
  readonly number: number;
  readonly text: string;
  /** Where the match lies in the text. */
  readonly column: number;
  readonly length: number;
}

export interface RemarkRow {
  readonly kind: 'remark';
  readonly at: GuestPath;
  readonly text: string;
}

export interface SearchPageView {
  readonly rows: readonly ResultRow[];
  /** What was not searched, with the reason. */
  readonly unsearched: readonly RemarkRow[];
  /** So far. */
  readonly lookedAtCount: number;
  readonly isEnd: boolean;
}

/** Begins a search; fails with INVALID_INPUT for a broken expression. */
export const beginBrowserSearch = request<BrowserSearchParams, SearchRef>('browserSearch/begin');

/** What was found since the last time, within about a second. */
export const continueBrowserSearch = request<SearchRef, SearchPageView>('browserSearch/more');

export const endBrowserSearch = request<SearchRef, Empty>('browserSearch/end');

/** Opens a file in an editor, at the line. */
export const openFoundLine = request<LineRow, Empty>('browserSearch/openLine');
