import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Secret } from '../../base/secret.ts';
import { generateMasterKey, type MasterKey } from '../codec/masterKey.ts';
import { openSealer } from '../codec/sealer.ts';
import type { SealingPool } from '../codec/sealingPool.ts';
import { AuditLog } from './internal/auditLog.ts';
import { encodeConfig, parseConfig } from './internal/configFile.ts';
import { HeldLocks } from './internal/heldLocks.ts';
import { IndexKeeper } from './internal/indexKeeper.ts';
import { findKey, type FoundKey, KeyStore, saveKey } from './internal/keyStore.ts';
import { LockStore } from './internal/lockStore.ts';
import { PackWriter } from './internal/packWriter.ts';
import { SnapshotStore } from './internal/snapshotStore.ts';
import { StoredRepository } from './internal/storedRepository.ts';
import { unsealJson } from './internal/unpacked.ts';
import type { SegmentStore, SegmentStores } from './indexSegment.ts';
import { LayeredBlobIndex } from './layeredBlobIndex.ts';
import type { LocalHost } from './localHost.ts';
import { configName, type ObjectStore } from './objectStore.ts';
import type { Repository } from './repository.ts';
import { usualStoring } from './storing.ts';

/** What a repository needs of its surroundings. */
export interface RepositoryDeps {
  readonly clock: Clock;
  /** Cryptographically strong outside tests. */
  readonly random: Random;
  readonly logger: Logger;
  readonly host: LocalHost;
  /** Called once per opened repository, which disposes of the pool with itself. */
  readonly sealingPool: (key: MasterKey) => SealingPool;
  /** `Storing.packBytes`; by default the usual. */
  readonly packBytes?: number;
  /** Where the index of blobs goes when it is too large for memory; without, all of it is in memory. */
  readonly indexSegments?: (repositoryId: string) => SegmentStores;
  /** Opens also with index files that cannot be read, to repair it: what they name is not found. Never back up like that. */
  readonly toRepair?: boolean;
}

const maxConfigBytes = 65_536;

/**
 * Makes a new repository of format version 2 in an empty store and opens it. The config comes last: a store without
 * one is no repository, and can be tried again.
 * @throws AppError CONFLICT if there is a repository already
 */
export async function createRepository(
  store: ObjectStore,
  password: Secret,
  deps: RepositoryDeps,
  signal: AbortSignal,
): Promise<Repository> {
  if (await hasConfig(store, signal)) {
    throw new AppError('CONFLICT', `${store.location}: there is a repository already`, {
      object: store.location,
      remedy: 'Open it, or choose another place',
    });
  }
  await store.prepare(signal);
  const found = await keyForNewRepository(store, password, deps, signal);
  const sealer = await openSealer(found.key);
  await store.put(configName, sealer.seal(Buffer.from(encodeConfig(deps.random)), deps.random), signal);
  return await openWithKey(store, found, deps, signal);
}

/**
 * Opens a repository that this product or another client of the format has made, and reads its index.
 * @throws AppError NOT_FOUND if there is none; AUTHENTICATION if no key opens with the password; UNSUPPORTED_FORMAT
 *   for another version of the format
 */
export async function openRepository(
  store: ObjectStore,
  password: Secret,
  deps: RepositoryDeps,
  signal: AbortSignal,
): Promise<Repository> {
  if (!(await hasConfig(store, signal))) {
    throw new AppError('NOT_FOUND', `${store.location}: there is no repository`, {
      object: store.location,
      remedy: 'Check the place, mount it if it is a share, or create a repository there',
    });
  }
  const { found, keysTried } = await findKey(store, password, deps.logger, signal);
  if (found === undefined) {
    throw new AppError(
      'AUTHENTICATION',
      `${store.location}: the password opens none of its ${keysTried} keys`,
      {
        object: store.location,
        remedy: 'Enter the password of this repository',
      },
    );
  }
  return await openWithKey(store, found, deps, signal);
}

/** The key that an interrupted creation has left, else a new one: two keys for one password would be ambiguous. */
async function keyForNewRepository(
  store: ObjectStore,
  password: Secret,
  deps: RepositoryDeps,
  signal: AbortSignal,
): Promise<FoundKey> {
  const left = await findKey(store, password, deps.logger, signal);
  if (left.found !== undefined) return left.found;
  if (left.keysTried > 0) {
    throw new AppError('CONFLICT', `${store.location}: there are keys of a repository without its config`, {
      object: store.location,
      remedy: 'Use the password with which its creation was begun, or choose another place',
    });
  }
  const key = generateMasterKey(deps.random);
  return { id: await saveKey(store, key, password, false, deps, signal), key };
}

async function hasConfig(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  try {
    await store.sizeBytes(configName, signal);
    return true;
  } catch (error) {
    if (AppError.is(error, 'NOT_FOUND')) return false;
    throw error;
  }
}

async function openWithKey(
  store: ObjectStore,
  found: FoundKey,
  deps: RepositoryDeps,
  signal: AbortSignal,
): Promise<Repository> {
  const { clock, random, logger, host } = deps;
  const { key } = found;
  const sealer = await openSealer(key);
  const config = await store.get(configName, maxConfigBytes, signal);
  const id = parseConfig(
    await unsealJson(config, sealer, maxConfigBytes, `${store.location}: config`),
    store.location,
  );
  const held = new HeldLocks();
  const stores = deps.indexSegments?.(id);
  const optionsFor = (segments: SegmentStore | undefined) => ({
    ...stores?.limits,
    logger,
    ...(segments !== undefined && { segments }),
  });
  const index = new IndexKeeper({
    ...{ store, sealer, clock, random, logger },
    filed: await LayeredBlobIndex.open(optionsFor(stores?.kept), signal),
    locksLapsed: async lapseSignal => await held.takeLapses(lapseSignal),
    onPacksLost: async reason => await held.giveUpAll(reason),
    emptyIndex: () => new LayeredBlobIndex({ logger }),
    ...(deps.toRepair === true && {
      onDamagedFile: (indexId: string, { message }: AppError) => {
        logger.warn('an index file cannot be read', {
          repository: store.location,
          index: indexId,
          problem: message,
        });
      },
    }),
  });
  try {
    await index.refresh(signal);
  } catch (error) {
    await index[Symbol.asyncDispose]();
    throw error;
  }
  const packs = new PackWriter({
    store,
    sealer,
    random,
    packBytes: deps.packBytes ?? usualStoring.packBytes,
    onStored: async (pack, uploadSignal) => await index.add(pack, uploadSignal),
  });
  const locks = new LockStore({ store, sealer, repositoryId: id, host, clock, random, logger });
  return new StoredRepository({
    ...{ id, store, sealer, clock, random },
    scratchIndex: () => new LayeredBlobIndex(optionsFor(stores?.scratch)),
    pool: deps.sealingPool(key),
    keys: new KeyStore(store, found, deps),
    audit: new AuditLog({ store, sealer, clock, random, host }),
    index,
    packs,
    locks,
    lockContext: {
      ...{ locks, location: store.location, clock, logger },
      // A pack that arrives later might be named by an index file after somebody has removed it.
      onRelease: async () => {
        if (!held.any()) await packs.rest();
      },
    },
    snapshots: new SnapshotStore(store, sealer, random),
    held,
  });
}
