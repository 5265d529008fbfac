import type { GuestNodeDto, GuestNodeKind, GuestPath } from './guest.ts';
import { type Empty, request } from './message.ts';
import type { PointRef } from './point.ts';

/** What is looked for; at least a name or a text. */
export interface SearchParams extends PointRef {
  /** Only on this disk, and this volume of it; else on all that can be read. */
  readonly deviceKey?: number;
  readonly volumeIndex?: number;
  /** At and below it. */
  readonly path: string;
  /** A part of the name, or a whole one with `*`, `?` and `[a-z]`. */
  readonly name?: string;
  /** What a line of a file has. */
  readonly text?: string;
  /** Whether the text is a regular expression. */
  readonly isExpression: boolean;
  /** Of names and text. */
  readonly isCaseSensitive: boolean;
}

export interface SearchRef {
  /** Of this client alone. */
  readonly search: number;
}

/** What was found since the last page. */
export interface SearchPageDto {
  readonly found: readonly FoundNodeDto[];
  readonly unsearched: readonly UnsearchedNodeDto[];
  /** Files and folders looked at so far. */
  readonly lookedAtCount: number;
  readonly isEnd: boolean;
}

export interface FoundNodeDto {
  readonly at: GuestPath;
  readonly kind: GuestNodeKind;
  /** Missing for what cannot be read but has the name. */
  readonly node?: GuestNodeDto;
  /** At most `maxFoundLines`. */
  readonly lines: readonly FoundLineDto[];
  readonly hasMoreLines: boolean;
}

export interface FoundLineDto {
  /** From 1 on. */
  readonly number: number;
  /** Of a long line what is around the match. */
  readonly text: string;
  /** Where the match lies in the text, in UTF-16 units. */
  readonly column: number;
  readonly length: number;
}

export interface UnsearchedNodeDto {
  readonly at: GuestPath;
  readonly reason: 'binary' | 'large' | 'longLine' | 'unreadable';
  /** Empty but for what cannot be read. */
  readonly problem: string;
}

export const maxFoundLines = 20;

/** Begins a search; nothing is looked at until more of it is asked for. Fails with INVALID_INPUT for a broken expression. */
export const beginSearch = request<SearchParams, SearchRef>('search/begin');

/**
 * Goes on until there is something to tell, or for a second. One at a time; a search of which one is cancelled or fails is
 * over. Fails with NOT_FOUND for a search that is over, and for a path that no volume has.
 */
export const continueSearch = request<SearchRef, SearchPageDto>('search/more');

/** Gives up a search; one that is over already is left alone. */
export const endSearch = request<SearchRef, Empty>('search/end');
