import { createHash } from 'node:crypto';
import { AppError, toAppError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import { MiB } from '../../../base/units.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { Snapshot, SnapshotEntry, SnapshotId } from '../snapshot.ts';
import { encodeSnapshot, parseSnapshot } from './snapshotFile.ts';
import { sealJson, unsealJson } from './unpacked.ts';

const maxStoredBytes = 16 * MiB;
const maxJsonBytes = 64 * MiB;
const namedInMessage = 10;

/** The snapshot files. */
export class SnapshotStore {
  readonly #store: ObjectStore;
  readonly #sealer: Sealer;
  readonly #random: Random;

  constructor(store: ObjectStore, sealer: Sealer, random: Random) {
    this.#store = store;
    this.#sealer = sealer;
    this.#random = random;
  }

  async save(snapshot: Snapshot, signal: AbortSignal): Promise<SnapshotId> {
    const sealed = await sealJson(encodeSnapshot(snapshot), this.#sealer, this.#random);
    const id = createHash('sha256').update(sealed).digest('hex');
    await this.#store.put({ kind: 'snapshot', id }, sealed, signal);
    return id as SnapshotId;
  }

  async load(id: SnapshotId, signal: AbortSignal): Promise<Snapshot> {
    const what = `${this.#store.location}: snapshot ${id}`;
    const sealed = await this.#store.get({ kind: 'snapshot', id }, maxStoredBytes, signal);
    return parseSnapshot(await unsealJson(sealed, this.#sealer, maxJsonBytes, what), what);
  }

  async *list(signal: AbortSignal): AsyncGenerator<SnapshotEntry, void, undefined> {
    for await (const { id } of this.#store.list('snapshot', signal)) {
      const entry = await this.#entry(id as SnapshotId, signal);
      if (entry !== undefined) yield entry;
    }
  }

  async find(prefix: string, signal: AbortSignal): Promise<SnapshotId> {
    const candidates: string[] = [];
    for await (const { id } of this.#store.list('snapshot', signal))
      if (id.startsWith(prefix)) candidates.push(id);
    const [first] = candidates;
    if (first !== undefined && candidates.length === 1) return first as SnapshotId;
    if (first === undefined) {
      throw new AppError('NOT_FOUND', `${this.#store.location}: no snapshot begins with “${prefix}”`, {
        object: this.#store.location,
      });
    }
    const shown = candidates.toSorted().slice(0, namedInMessage).join(', ');
    const rest = candidates.length > namedInMessage ? ` and ${candidates.length - namedInMessage} more` : '';
    throw new AppError('CONFLICT', `“${prefix}” begins several snapshots: ${shown}${rest}`, {
      object: this.#store.location,
      remedy: 'Give more digits',
    });
  }

  async remove(id: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#store.remove({ kind: 'snapshot', id }, signal);
  }

  /** Undefined for a snapshot that was removed since it was listed. */
  async #entry(id: SnapshotId, signal: AbortSignal): Promise<SnapshotEntry | undefined> {
    try {
      return { id, snapshot: await this.load(id, signal) };
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return undefined;
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
      return { id, problem: toAppError(error) };
    }
  }
}
