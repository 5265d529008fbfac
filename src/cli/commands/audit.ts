import {
  type AuditEntry,
  type AuditEntryId,
  type AuditListing,
  missingEntries,
} from '../../core/repository/audit.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exitCodes.ts';
import { table } from '../output.ts';
import { repositoryOption } from './options.ts';

const shownDigits = 8;

export const auditCommand: Command = {
  name: 'audit',
  summary: 'Show who backed up, restored, forgot, pruned or changed passwords, and when',
  operands: [],
  options: { ...repositoryOption },
  run: async (context, args) => {
    await using repository = await openChosenRepository(context, args);
    const listed: AuditListing[] = [];
    for await (const listing of repository.listAudit(context.signal)) listed.push(listing);
    const entries = listed.flatMap(listing => ('problem' in listing ? [] : [listing]));
    const damaged = listed.flatMap(listing => ('problem' in listing ? [listing.problem] : []));
    const missing = missingEntries(listed);
    for (const { message } of damaged) context.output.note(`Cannot be read: ${message}`);
    for (const { id, followedBy } of missing) context.output.note(describeMissing(id, followedBy));
    const oldestFirst = entries
      .toSorted((a, b) => a.time.getTime() - b.time.getTime())
      .map(({ id, time, username, hostname, action, subject, ids }) => ({
        ...{ id, time, username, hostname, action, subject, ids },
      }));
    context.output.result(oldestFirst, () =>
      table(
        ['TIME', 'WHO', 'WHAT', 'OF', ''],
        oldestFirst.map(({ time, username, hostname, action, subject, ids }) => [
          time.toISOString(),
          `${username}@${hostname}`,
          action,
          subject,
          ids.map(id => id.slice(0, shownDigits)).join(' '),
        ]),
      ),
    );
    return damaged.length + missing.length === 0 ? undefined : exitCodes.CORRUPT_DATA;
  },
};

function describeMissing(
  id: AuditEntryId,
  { time, username, hostname, action, subject }: AuditEntry,
): string {
  return `Missing: entry ${id}, which was there when ${username}@${hostname} wrote “${action} ${subject}” at ${time.toISOString()}`;
}
