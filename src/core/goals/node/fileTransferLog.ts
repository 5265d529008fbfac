import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { toAppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Logger } from '../../../base/logger.ts';
import { writeFileDurably } from '../../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../../base/node/fileErrors.ts';
import { type Random, toHex } from '../../../base/random.ts';
import { type MeasuredTransfer, type TransferKind, transferKinds, type TransferLog } from '../transferLog.ts';

const storedVersion = 1;

/** Of each kind; older ones tell of machines and networks of the past. */
const keptTransfers = 20;

/** Measured restores as files of a folder, `<kind>-<time>-<random>.json`, whose names sort by time. */
export class FileTransferLog implements TransferLog {
  readonly #folder: string;
  readonly #random: Random;
  readonly #logger: Logger;

  constructor(folder: string, random: Random, logger: Logger) {
    this.#folder = folder;
    this.#random = random;
    this.#logger = logger;
  }

  async read(kind: TransferKind, signal: AbortSignal): Promise<readonly MeasuredTransfer[]> {
    const found: MeasuredTransfer[] = [];
    for (const path of await this.#paths(kind)) {
      signal.throwIfAborted();
      try {
        found.push(decode(await readFile(path, 'utf8'), path));
      } catch (error) {
        // One measurement less makes an estimate no worse.
        this.#logger.warn(`a measured restore cannot be read: ${toAppError(error).message}`);
      }
    }
    return found;
  }

  async add(transfer: MeasuredTransfer): Promise<void> {
    const time = transfer.at.toISOString().replaceAll(/[^0-9]/g, '');
    const path = join(this.#folder, `${transfer.kind}-${time}-${toHex(this.#random.bytes(4))}.json`);
    await writeFileDurably(path, `${JSON.stringify({ version: storedVersion, ...transfer })}\n`);
    const old = (await this.#paths(transfer.kind)).slice(0, -keptTransfers);
    for (const forgotten of old) await rm(forgotten, { force: true });
  }

  async #paths(kind: TransferKind): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#folder);
      return names
        .filter(name => name.startsWith(`${kind}-`) && name.endsWith('.json'))
        .toSorted()
        .map(name => join(this.#folder, name));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw fileError(this.#folder, error);
    }
  }
}

function decode(text: string, path: string): MeasuredTransfer {
  const reader = JsonReader.parse(text, path);
  reader.integer('version', { min: storedVersion, max: storedVersion });
  return {
    kind: reader.oneOf('kind', transferKinds),
    at: reader.date('at'),
    bytes: reader.count('bytes'),
    durationMs: reader.count('durationMs'),
  };
}
