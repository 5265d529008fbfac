import { createHash } from 'node:crypto';
import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { Semaphore } from '../../../base/async/semaphore.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError, CorruptDataError, toAppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Random } from '../../../base/random.ts';
import type { Sealer } from '../../codec/sealer.ts';
import {
  auditActions,
  type AuditEntry,
  type AuditEntryId,
  type AuditEvent,
  type AuditListing,
} from '../audit.ts';
import type { LocalHost } from '../localHost.ts';
import type { ObjectStore } from '../objectStore.ts';
import { sealJson, unsealJson } from './unpacked.ts';

const entryVersion = 1;
const maxFileBytes = 1024 * 1024;

/** Entries that no large one covers: more are covered by the next to be written. */
const maxLooseEntries = 256;
const maxCoveredEntries = 8000;
/** What names hundreds of others is larger. */
const ordinaryFileBytes = 8192;
const readsAtOnce = 8;

/** What an entry says of others. */
interface AuditLinks {
  readonly previous: readonly AuditEntryId[];
  /** More of what was there, so that whoever comes later need not read it. */
  readonly covers?: readonly AuditEntryId[];
}

export interface AuditLogDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: LocalHost;
}

/**
 * Who did what: files of ours beside the format's own, sealed like them, written once and removed by nothing here. Each
 * names those it follows, by the SHA-256 of their bytes: the one that was written before it through this handle, or, if it
 * is the first, all that no other names. So writers that know nothing of each other are joined by whoever comes next.
 */
export class AuditLog {
  readonly #deps: AuditLogDeps;
  readonly #oneAtATime = new Semaphore(1);
  #last: AuditEntryId | undefined;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
  }

  async record({ action, subject, ids }: AuditEvent, signal: AbortSignal): Promise<void> {
    await this.#oneAtATime.use(signal, async () => {
      const { store, sealer, clock, random, host } = this.#deps;
      const { username, hostname } = host;
      const links: AuditLinks =
        this.#last === undefined ? await this.#ends(signal) : { previous: [this.#last] };
      const time = clock.now().toISOString();
      const event = { time, username, hostname, action, subject, ids };
      const sealed = await sealJson(
        JSON.stringify({ version: entryVersion, ...event, ...links }),
        sealer,
        random,
      );
      const id = hashOf(sealed);
      await store.put({ kind: 'audit', id }, sealed, signal);
      this.#last = id;
    });
  }

  async *list(signal: AbortSignal): AsyncGenerator<AuditListing, void, undefined> {
    for await (const { id } of this.#deps.store.list('audit', signal))
      yield await this.#listing(id as AuditEntryId, signal);
  }

  /**
   * The entries that none other follows. Those that an entry covers are not read: large ones are read first, for what
   * covers many is large, so that a record of years is joined after some hundred reads.
   */
  async #ends(signal: AbortSignal): Promise<AuditLinks> {
    const left = new Map<AuditEntryId, number>();
    for await (const { id, sizeBytes } of this.#deps.store.list('audit', signal))
      left.set(id as AuditEntryId, sizeBytes);
    const ends = new Set(left.keys());
    const large = [...left].filter(([, sizeBytes]) => sizeBytes > ordinaryFileBytes).map(([id]) => id);
    for (const covered of await this.#followedBy(large, signal)) {
      ends.delete(covered);
      left.delete(covered);
    }
    for (const id of large) left.delete(id);
    for (const followed of await this.#followedBy([...left.keys()], signal)) ends.delete(followed);
    const covers = left.size > maxLooseEntries ? [...left.keys()].slice(0, maxCoveredEntries) : undefined;
    return { previous: [...ends], ...(covers !== undefined && { covers }) };
  }

  /** What these entries follow; of one that cannot be read nobody knows. */
  async #followedBy(ids: readonly AuditEntryId[], signal: AbortSignal): Promise<ReadonlySet<AuditEntryId>> {
    const followed = new Set<AuditEntryId>();
    const listings = mapOrdered(ids, readsAtOnce, async id => await this.#listing(id, signal));
    for await (const listing of listings)
      if (!('problem' in listing)) for (const id of listing.follows) followed.add(id);
    return followed;
  }

  async #listing(id: AuditEntryId, signal: AbortSignal): Promise<AuditListing> {
    try {
      return await this.#load(id, signal);
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'NOT_FOUND')) throw error;
      return { id, problem: toAppError(error) };
    }
  }

  async #load(id: AuditEntryId, signal: AbortSignal): Promise<AuditEntry> {
    const { store, sealer } = this.#deps;
    const what = `${store.location}: audit entry ${id}`;
    const sealed = await store.get({ kind: 'audit', id }, maxFileBytes, signal);
    if (hashOf(sealed) !== id) {
      throw new CorruptDataError(`${what}: its bytes are not those it was written with`, { object: what });
    }
    return parseAuditEntry(await unsealJson(sealed, sealer, maxFileBytes, what), id, what);
  }
}

/** @throws CorruptDataError; AppError UNSUPPORTED_FORMAT for an entry of a newer version */
export function parseAuditEntry(text: Uint8Array, id: AuditEntryId, what: string): AuditEntry {
  const json = JsonReader.parse(text, what);
  if (json.count('version') !== entryVersion) {
    throw new AppError('UNSUPPORTED_FORMAT', `${what} is of version ${json.count('version')}`, {
      object: what,
      remedy: 'Use a newer version of this product',
    });
  }
  return {
    id,
    time: json.date('time'),
    username: json.string('username'),
    hostname: json.string('hostname'),
    action: json.oneOf('action', auditActions),
    subject: json.string('subject'),
    ids: json.strings('ids'),
    follows: [...linksIn(json, 'previous'), ...linksIn(json, 'covers')],
  };
}

/** None in entries of versions that did not name any. */
function linksIn(json: JsonReader, field: keyof AuditLinks): readonly AuditEntryId[] {
  return json.has(field) ? (json.strings(field) as readonly AuditEntryId[]) : [];
}

function hashOf(sealed: Uint8Array): AuditEntryId {
  return createHash('sha256').update(sealed).digest('hex') as AuditEntryId;
}
