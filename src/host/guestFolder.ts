import { l10n } from 'vscode';

import { AppError } from '../base/errors.ts';
import {
  type GuestListResult,
  type GuestNodeDto,
  type GuestPath,
  listGuestFolder,
  maxListedEntries,
  statGuestNode,
  type UnreadableEntryDto,
} from '../protocol/guest.ts';
import { linkTarget } from './model/guestPath.ts';
import type { Worker } from './workerLink.ts';

/** A tree with more rows helps nobody; the rest of a larger folder is said to be missing. */
const maxShownEntries = 10_000;

/** As many links as Linux follows. */
const maxLinks = 40;

/** All entries of a folder, page by page, up to a number that a person can still look through. */
export async function listWholeFolder(
  worker: Worker,
  folder: GuestPath,
  signal: AbortSignal,
): Promise<GuestListResult> {
  const entries: GuestNodeDto[] = [];
  const unreadable: UnreadableEntryDto[] = [];
  for (let offset = 0; ; offset = entries.length + unreadable.length) {
    const page = await worker.request(
      listGuestFolder,
      { ...folder, offset, limit: maxListedEntries },
      signal,
    );
    entries.push(...page.entries);
    unreadable.push(...page.unreadable);
    const listedCount = entries.length + unreadable.length;
    if (listedCount === offset || listedCount >= Math.min(page.totalCount, maxShownEntries))
      return { ...page, entries, unreadable };
  }
}

/**
 * What a path names in the end, symbolic links followed.
 * @throws NOT_FOUND for a link that leads nowhere or in a circle
 */
export async function followLinks(
  worker: Worker,
  path: GuestPath,
  signal: AbortSignal,
): Promise<{ readonly at: GuestPath; readonly node: GuestNodeDto; readonly isLink: boolean }> {
  let at = path;
  for (let links = 0; links <= maxLinks; links += 1) {
    const node = await worker.request(statGuestNode, at, signal);
    if (node.kind !== 'symlink' || node.linkTarget === undefined) return { at, node, isLink: links > 0 };
    at = { ...at, path: linkTarget(at.path, node.linkTarget) };
  }
  throw new AppError('NOT_FOUND', l10n.t('the symbolic links of {0} lead in a circle', path.path), {
    object: path.path,
  });
}
