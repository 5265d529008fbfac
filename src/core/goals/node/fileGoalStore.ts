import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError } from '../../../base/errors.ts';
import { syncFolder, writeFileDurably } from '../../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../../base/node/fileErrors.ts';
import { type Random, toHex } from '../../../base/random.ts';
import { decodeRecord, encodeRecord, type StoredRecord } from '../goalText.ts';
import {
  type AcceptanceRecord,
  type GoalBook,
  type GoalRecord,
  type GoalScope,
  type GoalStore,
  scopeKey,
} from '../recoveryGoals.ts';

/**
 * Goals and acceptances as files of a folder, one record each, so that two processes that write at the same time cannot
 * lose each other's:
 * ```
 * goal-<hash of the scope>.json    the goal of a VM, or of those that belong together
 * acceptance-<random>.json         an acceptance; it is never changed
 * ```
 * It is read anew each time, for the other process may have written.
 */
export class FileGoalStore implements GoalStore {
  readonly #folder: string;
  readonly #random: Random;

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  async read(signal: AbortSignal): Promise<GoalBook> {
    const records: StoredRecord[] = [];
    const problems: AppError[] = [];
    for (const path of await this.#paths()) {
      signal.throwIfAborted();
      try {
        records.push(decodeRecord(await readFile(path, 'utf8'), path));
      } catch (error) {
        // Removed since the folder was listed.
        if (systemErrorCode(error) === 'ENOENT') continue;
        problems.push(damagedRecord(path, error));
      }
    }
    return {
      goals: records.flatMap(({ kind, record }) => (kind === 'goal' ? [record] : [])),
      acceptances: records
        .flatMap(({ kind, record }) => (kind === 'acceptance' ? [record] : []))
        .toSorted((one, other) => one.at.getTime() - other.at.getTime()),
      problems,
    };
  }

  async set(record: GoalRecord): Promise<void> {
    await writeFileDurably(this.#goalPath(record.scope), encodeRecord({ kind: 'goal', record }));
  }

  async remove(scope: GoalScope): Promise<void> {
    const path = this.#goalPath(scope);
    try {
      await rm(path);
      await syncFolder(this.#folder);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw fileError(path, error);
    }
  }

  async accept(record: AcceptanceRecord): Promise<void> {
    const name = `acceptance-${toHex(this.#random.bytes(8))}.json`;
    await writeFileDurably(join(this.#folder, name), encodeRecord({ kind: 'acceptance', record }));
  }

  async #paths(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#folder);
      return names
        .filter(name => /^(goal|acceptance)-[0-9a-f]+\.json$/.test(name))
        .toSorted()
        .map(name => join(this.#folder, name));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw fileError(this.#folder, error);
    }
  }

  #goalPath(scope: GoalScope): string {
    const hash = createHash('sha256')
      .update(JSON.stringify(scopeKey(scope)))
      .digest('hex')
      .slice(0, 32);
    return join(this.#folder, `goal-${hash}.json`);
  }
}

function damagedRecord(path: string, cause: unknown): AppError {
  return new AppError('CORRUPT_DATA', `a goal or acceptance cannot be read: ${path}`, {
    object: path,
    remedy: 'Remove the file and set the goal anew',
    cause,
  });
}
