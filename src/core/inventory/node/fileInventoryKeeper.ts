import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { AppError, CorruptDataError, toAppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Logger } from '../../../base/logger.ts';
import { writeStreamDurably } from '../../../base/node/durableFile.ts';
import { systemErrorCode } from '../../../base/node/fileErrors.ts';
import { MiB } from '../../../base/units.ts';
import type { InventoryKeeper } from '../inventoryKeeper.ts';
import type { InventoryRow, KeptInventory } from '../inventoryModel.ts';

/** Of the lines; whatever changes in a row or in the facts within makes a new one. */
const storedVersion = 2;

/** Some 30,000 VMs. */
const maxFileBytes = 128 * MiB;

/** So many servers and users; who was not asked for longest is forgotten. */
const maxFiles = 16;

/** Read or written without a break. */
const rowsPerTurn = 50;

/** Which inventory: another user may see other VMs, and another certificate is another server. */
export interface InventoryOwner {
  readonly url: string;
  readonly user: string;
  readonly fingerprint: string;
}

/**
 * A file of its own for each server and user, which the user alone may read: a line that says what it is, a line for each
 * VM, and a line with the SHA-256 of all before. What does not fit to the last bit was not written whole by this very
 * version, and is as good as none; so the rows need no other check.
 */
export class FileInventoryKeeper implements InventoryKeeper {
  readonly #folder: string;
  readonly #path: string;
  readonly #product: string;
  readonly #logger: Logger;

  /** @param product  version of the program: what another one has written is not read */
  constructor(folder: string, owner: InventoryOwner, product: string, logger: Logger) {
    const name = createHash('sha256').update([owner.url, owner.user, owner.fingerprint].join('\n'));
    this.#folder = folder;
    this.#path = join(folder, `${name.digest('hex').slice(0, 32)}.jsonl`);
    this.#product = product;
    this.#logger = logger;
  }

  async read(signal: AbortSignal): Promise<KeptInventory | undefined> {
    try {
      const { size } = await stat(this.#path);
      if (size > maxFileBytes) throw new CorruptDataError(`${this.#path} is too large`);
      return await this.#decode(await readFile(this.#path), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (systemErrorCode(error) !== 'ENOENT')
        this.#logger.info('the kept inventory is not used', { reason: toAppError(error).message });
      return undefined;
    }
  }

  async write(asOf: Date, rows: Iterable<InventoryRow>, signal: AbortSignal): Promise<void> {
    await writeStreamDurably(this.#path, this.#lines(asOf, rows), {}, signal);
    await this.#forgetOldest();
  }

  async forget(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async *#lines(asOf: Date, rows: Iterable<InventoryRow>): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const encoded = (lines: readonly unknown[]): Uint8Array => {
      const bytes = Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''));
      sizeBytes += bytes.byteLength;
      if (sizeBytes > maxFileBytes)
        throw new AppError('STORAGE_FULL', 'the inventory is too large to be kept', { object: this.#path });
      hash.update(bytes);
      return bytes;
    };
    yield encoded([{ version: storedVersion, product: this.#product, asOf: asOf.toISOString() }]);
    let waiting: InventoryRow[] = [];
    for (const row of rows) {
      waiting.push(row);
      if (waiting.length < rowsPerTurn) continue;
      yield encoded(waiting);
      waiting = [];
      await nextTurn();
    }
    yield encoded(waiting);
    yield Buffer.from(endLine(hash));
  }

  async #decode(bytes: Buffer, signal: AbortSignal): Promise<KeptInventory> {
    const end = bytes.lastIndexOf('\n', -2) + 1;
    const hash = createHash('sha256').update(bytes.subarray(0, end));
    if (bytes.subarray(end).toString() !== endLine(hash))
      throw new CorruptDataError(`${this.#path} is damaged`);
    let at = bytes.indexOf('\n') + 1;
    const head = JsonReader.parse(bytes.subarray(0, at), this.#path);
    if (head.count('version') !== storedVersion || head.string('product') !== this.#product)
      throw new CorruptDataError(`${this.#path} is of another version`);
    const rows: InventoryRow[] = [];
    while (at < end) {
      const next = bytes.indexOf('\n', at) + 1;
      rows.push(JSON.parse(bytes.toString('utf8', at, next)) as InventoryRow);
      at = next;
      if (rows.length % rowsPerTurn === 0) await nextTurn(undefined, { signal });
    }
    return { asOf: new Date(head.string('asOf')), rows };
  }

  async #forgetOldest(): Promise<void> {
    const names = (await readdir(this.#folder)).filter(name => name.endsWith('.jsonl'));
    if (names.length <= maxFiles) return;
    const files = await Promise.all(
      names.map(async name => {
        const path = join(this.#folder, name);
        return { path, writtenMs: (await stat(path)).mtimeMs };
      }),
    );
    const old = files.sort((one, other) => other.writtenMs - one.writtenMs).slice(maxFiles);
    for (const { path } of old) await rm(path, { force: true });
  }
}

function endLine(hash: Hash): string {
  return `${JSON.stringify({ sha256: hash.digest('hex') })}\n`;
}
