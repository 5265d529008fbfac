import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError } from '../base/errors.ts';
import { JsonReader } from '../base/jsonReader.ts';
import { writeFileDurably } from '../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../base/node/fileErrors.ts';
import type { CommandArguments } from './command.ts';
import type { Config } from './config/config.ts';

/** What a run of `backup` is for; the next one for the same is its successor. */
export interface RunSubject {
  readonly vcenter: string;
  readonly repository: string;
  /** A group is the same one whatever VMs it has. */
  readonly group: string | undefined;
  /** As they are typed. */
  readonly vms: readonly string[];
}

interface LastRun {
  readonly at: Date;
  /** VMs that it has left without a restore point, as they were typed; all of them until it has ended. */
  readonly failed: readonly string[];
}

const storedVersion = 1;

/** How runs of `backup` have ended, one file for each subject, so that what has failed can be done again. */
export class LastRuns {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws NOT_FOUND if no run for that is known */
  async read(subject: RunSubject): Promise<LastRun> {
    const path = this.#pathOf(subject);
    try {
      return decode(await readFile(path, 'utf8'), path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw AppError.is(error) ? error : fileError(path, error);
      const what = subject.group === undefined ? subject.vms.join(', ') : `group ${subject.group}`;
      throw new AppError('NOT_FOUND', `no earlier run of this backup of ${what} is known here`, {
        object: what,
        remedy: 'Run it without --retry-failed',
      });
    }
  }

  async write(subject: RunSubject, { at, failed }: LastRun): Promise<void> {
    const record = { version: storedVersion, at: at.toISOString(), failed };
    await writeFileDurably(this.#pathOf(subject), `${JSON.stringify(record)}\n`);
  }

  #pathOf({ vcenter, repository, group, vms }: RunSubject): string {
    const key = JSON.stringify([vcenter, repository, group ?? vms.toSorted()]);
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  }
}

export function runSubject({ vcenters, repositories }: Config, args: CommandArguments): RunSubject {
  return {
    vcenter: args.option('vcenter') ?? onlyName(vcenters),
    repository: args.option('repo') ?? onlyName(repositories),
    group: args.option('group'),
    vms: args.operandsFrom(0),
  };
}

/**
 * The VMs that a run backs up: those that are named, or, for `--retry-failed`, those of them that the last run has left without
 * a restore point. A group that is tried again need not name its VMs.
 * @throws INVALID_INPUT if there is nothing to go by; NOT_FOUND if no earlier run is known
 */
export async function vmsOfRun(
  runs: LastRuns,
  subject: RunSubject,
  isRetry: boolean,
): Promise<readonly string[]> {
  const { group, vms } = subject;
  if (vms.length === 0 && !(isRetry && group !== undefined))
    throw new AppError('INVALID_INPUT', 'backup: VM is missing', {
      object: 'backup',
      remedy: 'Name one or more VMs, or give --group with --retry-failed; see "quiesce backup --help"',
    });
  if (!isRetry) return vms;
  const { failed } = await runs.read(subject);
  return vms.length === 0 ? failed : failed.filter(name => vms.includes(name));
}

/** Empty where it has to be said which one, which whoever opens it says. */
function onlyName(entries: Readonly<Record<string, unknown>>): string {
  const [name = '', another] = Object.keys(entries);
  return another === undefined ? name : '';
}

function decode(text: string, path: string): LastRun {
  const json = JsonReader.parse(text, path);
  json.integer('version', { min: storedVersion, max: storedVersion });
  return { at: json.date('at'), failed: json.strings('failed') };
}
