import { createHash } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { AppError, toAppError } from '../../../base/errors.ts';
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

export interface AuditLogDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: LocalHost;
}

/** Who did what: files of ours beside the format's own, sealed like them, written once and removed by nothing here. */
export class AuditLog {
  readonly #deps: AuditLogDeps;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
  }

  async record({ action, subject, ids }: AuditEvent, signal: AbortSignal): Promise<void> {
    const { store, sealer, clock, random, host } = this.#deps;
    const { username, hostname } = host;
    const time = clock.now().toISOString();
    const json = JSON.stringify({ version: entryVersion, time, username, hostname, action, subject, ids });
    const sealed = await sealJson(json, sealer, random);
    const id = createHash('sha256').update(sealed).digest('hex');
    await store.put({ kind: 'audit', id }, sealed, signal);
  }

  async *list(signal: AbortSignal): AsyncGenerator<AuditListing, void, undefined> {
    for await (const { id } of this.#deps.store.list('audit', signal)) {
      try {
        yield await this.#load(id as AuditEntryId, signal);
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'NOT_FOUND')) throw error;
        yield { id: id as AuditEntryId, problem: toAppError(error) };
      }
    }
  }

  async #load(id: AuditEntryId, signal: AbortSignal): Promise<AuditEntry> {
    const { store, sealer } = this.#deps;
    const what = `${store.location}: audit entry ${id}`;
    const sealed = await store.get({ kind: 'audit', id }, maxFileBytes, signal);
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
  };
}
