import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toAppError } from '../../../../base/errors.ts';
import { JsonReader } from '../../../../base/jsonReader.ts';
import type { Logger } from '../../../../base/logger.ts';
import { writeFileDurably } from '../../../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../../../base/node/fileErrors.ts';
import type { VmRecord } from '../metrics.ts';
import type { NamedVm } from '../notice.ts';

const storedVersion = 2;
const outcomes = ['succeeded', 'degraded', 'failed'] as const;

/** One file for each VM, so that the command line and the worker do not overwrite each other's. */
export class VmRecords {
  readonly #folder: string;
  readonly #logger: Logger;

  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  /** What cannot be read is told and left out. */
  async all(): Promise<readonly VmRecord[]> {
    const found: VmRecord[] = [];
    for (const name of await this.#names()) {
      const path = join(this.#folder, name);
      try {
        found.push(decode(await readFile(path, 'utf8'), path));
      } catch (error) {
        this.#logger.warn(`what is known of a VM's backups cannot be read: ${toAppError(error).message}`);
      }
    }
    return found;
  }

  /** @returns what was known before */
  async change({ vcenter, vmName }: NamedVm, changes: Partial<VmRecord>): Promise<VmRecord> {
    const known = (await this.all()).find(record => record.vcenter === vcenter && record.vmName === vmName);
    const before = known ?? { vcenter, vmName, isMissed: false };
    const name = createHash('sha256').update(`${vcenter}/${vmName}`).digest('hex').slice(0, 32);
    const record = { version: storedVersion, ...before, ...changes };
    await writeFileDurably(join(this.#folder, `${name}.json`), `${JSON.stringify(record)}\n`);
    return before;
  }

  async #names(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#folder)).filter(name => /^[0-9a-f]{32}\.json$/.test(name));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw fileError(this.#folder, error);
    }
  }
}

function decode(text: string, path: string): VmRecord {
  const json = JsonReader.parse(text, path);
  json.integer('version', { min: storedVersion, max: storedVersion });
  return {
    vcenter: json.string('vcenter'),
    vmName: json.string('vmName'),
    ...(json.has('lastRunAt') && { lastRunAt: json.date('lastRunAt') }),
    ...(json.has('lastSuccessAt') && { lastSuccessAt: json.date('lastSuccessAt') }),
    ...(json.has('lastOutcome') && { lastOutcome: json.oneOf('lastOutcome', outcomes) }),
    isMissed: json.boolean('isMissed'),
  };
}
