import type { ResultRow } from '../../src/protocol/webview/browserSearch.ts';

/** What has been found so far; a later page searches again. */
export interface SearchResults {
  readonly rows: readonly ResultRow[];
  readonly fileCount: number;
  readonly unsearchedCount: number;
  readonly lookedAtCount: number;
  readonly phase: 'none' | 'running' | 'stopped' | 'full' | 'ended';
}

export const noResults: SearchResults = {
  rows: [],
  fileCount: 0,
  unsearchedCount: 0,
  lookedAtCount: 0,
  phase: 'none',
};
