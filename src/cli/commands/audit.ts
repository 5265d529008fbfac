import { toAppError } from '../../base/errors.ts';
import type { AuditEntry } from '../../core/repository/audit.ts';
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
    const entries: AuditEntry[] = [];
    let damagedCount = 0;
    for await (const listed of repository.listAudit(context.signal)) {
      if (!('problem' in listed)) entries.push(listed);
      else {
        damagedCount += 1;
        context.output.note(`Cannot be read: ${toAppError(listed.problem).message}`);
      }
    }
    const oldestFirst = entries.toSorted((a, b) => a.time.getTime() - b.time.getTime());
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
    return damagedCount === 0 ? undefined : exitCodes.CORRUPT_DATA;
  },
};
