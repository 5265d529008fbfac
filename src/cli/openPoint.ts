import { findRestorePoint } from '../core/catalog/backupSet.ts';
import { openRestorePoint, type RestorePoint } from '../core/catalog/restorePoint.ts';
import type { LeaseJournal } from '../core/journal/leaseJournal.ts';
import type { Repository } from '../core/repository/repository.ts';
import { lockForReading } from '../core/repository/underLock.ts';
import { openChosenRepository } from './chosen.ts';
import type { CommandArguments } from './command.ts';
import type { CommandContext } from './context.ts';

/** A restore point open for reading; nobody prunes what it consists of until it is disposed of. */
export interface OpenPoint extends AsyncDisposable {
  readonly repository: Repository;
  readonly point: RestorePoint;
  readonly journal: LeaseJournal;
  /** Aborted when the command is cancelled or the lock cannot be kept: what is read after that may be gone. */
  readonly signal: AbortSignal;
}

/** The restore point that the first operand names, in the repository the options choose. */
export async function openNamedPoint(context: CommandContext, args: CommandArguments): Promise<OpenPoint> {
  const opened: AsyncDisposable[] = [];
  const dispose = async (): Promise<void> => {
    for (const disposable of opened.toReversed()) await disposable[Symbol.asyncDispose]();
  };
  try {
    const journal = await context.openJournal();
    opened.push(journal);
    const repository = await openChosenRepository(context, args);
    opened.push(repository);
    const onUnlocked = (reason: string) => context.output.note(reason);
    const lock = await context.withProgress(async onProgress => {
      const patience = { clock: context.clock, onProgress };
      return await lockForReading(repository, { journal, patience, onUnlocked }, context.signal);
    });
    if (lock !== undefined) opened.push(lock);
    const signal = lock === undefined ? context.signal : AbortSignal.any([context.signal, lock.lost]);
    const { point, unreadable } = await findRestorePoint(repository, args.operand(0), signal);
    for (const problem of unreadable)
      context.output.note(`Cannot be read, and may be newer: ${problem.message}`);
    return {
      repository,
      point: await openRestorePoint(repository, point.id, signal),
      journal,
      signal,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
