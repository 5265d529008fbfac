import { createHash } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Random } from '../../../base/random.ts';
import type { Secret } from '../../../base/secret.ts';
import { defaultScryptCost } from '../../codec/keyDerivation.ts';
import type { MasterKey } from '../../codec/masterKey.ts';
import type { KeyEntry, KeyId } from '../keys.ts';
import type { LocalHost } from '../localHost.ts';
import type { ObjectStore } from '../objectStore.ts';
import { encodeKeyFile, openKeyFile, parseKeyFile } from './keyFile.ts';

const maxKeyFileBytes = 65_536;

/** Each costs a tenth of a second or more: a folder full of them must not keep anybody waiting for an hour. */
const maxKeyFiles = 50;

export interface KeyFileDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly host: LocalHost;
  readonly logger: Logger;
}

export interface FoundKey {
  readonly id: KeyId;
  readonly key: MasterKey;
}

/** @returns the first key that the password opens, and how many were tried */
export async function findKey(
  store: ObjectStore,
  password: Secret,
  logger: Logger,
  signal: AbortSignal,
): Promise<{ readonly found: FoundKey | undefined; readonly keysTried: number }> {
  let keysTried = 0;
  for await (const { id } of store.list('key', signal)) {
    if (keysTried === maxKeyFiles) break;
    keysTried += 1;
    try {
      const key = await openKeyFile(await loadKeyFile(store, id, signal), password, `key ${id}`);
      return { found: { id: id as KeyId, key }, keysTried };
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'NOT_FOUND')) throw error;
      logger.debug('a key file does not open', {
        repository: store.location,
        key: id,
        problem: error.message,
      });
    }
  }
  return { found: undefined, keysTried };
}

/** Stores the master key sealed with a password, and proves that the password opens it again. */
export async function saveKey(
  store: ObjectStore,
  key: MasterKey,
  password: Secret,
  isRecoveryKit: boolean,
  { host, random, clock }: KeyFileDeps,
  signal: AbortSignal,
): Promise<KeyId> {
  if (password.reveal() === '') {
    throw new AppError('INVALID_INPUT', `${store.location}: a password must not be empty`, {
      object: store.location,
    });
  }
  const origin = { host, random, created: clock.now(), isRecoveryKit };
  const keyFile = await encodeKeyFile(key, password, defaultScryptCost, origin);
  const id = createHash('sha256').update(keyFile).digest('hex');
  await store.put({ kind: 'key', id }, keyFile, signal);
  await openKeyFile(await loadKeyFile(store, id, signal), password, `key ${id}`);
  return id as KeyId;
}

/** The key files of an open repository. */
export class KeyStore {
  readonly #store: ObjectStore;
  readonly #key: MasterKey;
  readonly #deps: KeyFileDeps;
  #currentId: KeyId;

  constructor(store: ObjectStore, { id, key }: FoundKey, deps: KeyFileDeps) {
    this.#store = store;
    this.#key = key;
    this.#deps = deps;
    this.#currentId = id;
  }

  /** Key files that cannot be read are left out and logged. */
  async list(signal: AbortSignal): Promise<readonly KeyEntry[]> {
    const entries: KeyEntry[] = [];
    for await (const { id } of this.#store.list('key', signal)) {
      try {
        const { username, hostname, createdAt, isRecoveryKit } = await loadKeyFile(this.#store, id, signal);
        const isCurrent = id === this.#currentId;
        entries.push({ id: id as KeyId, username, hostname, createdAt, isRecoveryKit, isCurrent });
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'NOT_FOUND')) throw error;
        this.#deps.logger.warn('a key file cannot be read', { key: id, problem: error.message });
      }
    }
    return entries;
  }

  async find(password: Secret, signal: AbortSignal): Promise<KeyEntry | undefined> {
    const { found } = await findKey(this.#store, password, this.#deps.logger, signal);
    return found && (await this.list(signal)).find(({ id }) => id === found.id);
  }

  async add(password: Secret, isRecoveryKit: boolean, signal: AbortSignal): Promise<KeyId> {
    return await saveKey(this.#store, this.#key, password, isRecoveryKit, this.#deps, signal);
  }

  /** @throws NOT_FOUND, CONFLICT for the one this handle was opened with: whoever removes it proves another one first */
  async remove(prefix: string, signal: AbortSignal): Promise<KeyId> {
    const ids: string[] = [];
    for await (const { id } of this.#store.list('key', signal)) if (id.startsWith(prefix)) ids.push(id);
    const [id] = ids;
    if (id === undefined || ids.length > 1) {
      const problem = id === undefined ? `no key begins with “${prefix}”` : `“${prefix}” begins several keys`;
      throw new AppError(id === undefined ? 'NOT_FOUND' : 'CONFLICT', `${this.#store.location}: ${problem}`, {
        object: this.#store.location,
        remedy: 'List the keys there are',
      });
    }
    if (id === this.#currentId) {
      throw new AppError('CONFLICT', `key ${id.slice(0, 8)} is the one the repository was opened with`, {
        object: id,
        remedy: 'Change the password instead, or open the repository with another one',
      });
    }
    await this.#store.remove({ kind: 'key', id }, signal);
    return id as KeyId;
  }

  /** The new key is proven to open before the old one goes. */
  async replace(password: Secret, signal: AbortSignal): Promise<KeyId> {
    const old = this.#currentId;
    this.#currentId = await this.add(password, false, signal);
    await this.#store.remove({ kind: 'key', id: old }, signal);
    return this.#currentId;
  }
}

async function loadKeyFile(store: ObjectStore, id: string, signal: AbortSignal) {
  return parseKeyFile(await store.get({ kind: 'key', id }, maxKeyFileBytes, signal), `key ${id}`);
}
