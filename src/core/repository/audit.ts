import type { Brand } from '../../base/brand.ts';
import type { AppError } from '../../base/errors.ts';

/** The name of an entry's file: SHA-256 of its stored bytes, lower-case hexadecimal. */
export type AuditEntryId = Brand<string, 'AuditEntryId'>;

export const auditActions = [
  'backup',
  'restore',
  'forget',
  'pin',
  'unpin',
  'prune',
  'repair',
  'copy',
  'add-key',
  'remove-key',
  'change-password',
  'confirm-kit',
  'decline-kit',
] as const;

export type AuditAction = (typeof auditActions)[number];

/** What somebody did, or began to do, with a repository. */
export interface AuditEvent {
  readonly action: AuditAction;
  /** Of what, for people: a VM's name, a path, a number of packs. */
  readonly subject: string;
  /** Restore points, keys it was about. */
  readonly ids: readonly string[];
}

export interface AuditEntry extends AuditEvent {
  readonly id: AuditEntryId;
  /** Entries that were there when this one was written: none of them may ever be missing. */
  readonly follows: readonly AuditEntryId[];
  readonly time: Date;
  readonly username: string;
  readonly hostname: string;
}

/** One file of the record: a damaged one is a problem of its own and hides no other. */
export type AuditListing = AuditEntry | { readonly id: AuditEntryId; readonly problem: AppError };

/** An entry that is not there, though another one says that it was. */
export interface MissingEntry {
  readonly id: AuditEntryId;
  readonly followedBy: AuditEntry;
}

/** What was removed from a record, as far as what is left tells: nothing follows the newest entries yet. */
export function missingEntries(listed: readonly AuditListing[]): readonly MissingEntry[] {
  const there = new Set(listed.map(({ id }) => id));
  const missing = new Map<AuditEntryId, MissingEntry>();
  for (const entry of listed) {
    if ('problem' in entry) continue;
    for (const id of entry.follows)
      if (!there.has(id) && !missing.has(id)) missing.set(id, { id, followedBy: entry });
  }
  return [...missing.values()];
}
