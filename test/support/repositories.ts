import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { blobIdOf, type BlobId } from '../../src/core/codec/blobId.ts';
import { inlineSealingPool } from '../../src/core/codec/inlineSealingPool.ts';
import type { MasterKey } from '../../src/core/codec/masterKey.ts';
import { openSealer, type Sealer } from '../../src/core/codec/sealer.ts';
import { encodeKeyFile } from '../../src/core/repository/internal/keyFile.ts';
import type { LocalHost } from '../../src/core/repository/localHost.ts';
import { fileSegmentStores } from '../../src/core/repository/node/fileSegmentStore.ts';
import { MemoryObjectStore } from '../../src/core/repository/memoryObjectStore.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import { createRepository, type RepositoryDeps } from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import type { TreeNode } from '../../src/core/repository/tree.ts';
import { underLock } from '../../src/core/repository/underLock.ts';
import { anySignal as signal } from './anySignal.ts';
import { collect } from './collect.ts';
import { ImpatientClock } from './manualClock.ts';
import { memoryJournal } from './memoryJournal.ts';
import { seededRandom } from './seededRandom.ts';

export const testPassword = new Secret('a password of a test');

export const testHost: LocalHost = {
  hostname: 'backup-host',
  username: 'backup',
  pid: 4711,
  uid: 1000,
  gid: 1000,
  isAlive: pid => pid === 4711,
};

/** Surroundings of a repository that lives in one test: seeded, in one thread, with time at a stand unless told. */
export function testDeps(
  overrides: Partial<RepositoryDeps> & { readonly seed?: number } = {},
): RepositoryDeps {
  const random = overrides.random ?? seededRandom(overrides.seed ?? 1);
  return {
    clock: new ImpatientClock(),
    random,
    logger: silentLogger,
    host: testHost,
    sealingPool: key => inlineSealingPool(key, 'auto', random),
    packBytes: 4 * MiB,
    ...overrides,
  };
}

/**
 * An index that goes to disk at once and is put together all the time. Whoever opens the same repository, or a copy of it,
 * finds what others have left in the folder, as several processes of one user do.
 */
export function indexOnDisk(folder: string): NonNullable<RepositoryDeps['indexSegments']> {
  const deps = { folder, clock: systemClock, random: systemRandom, logger: silentLogger };
  return fileSegmentStores(deps, { maxRecordsInMemory: 8, minRecordsToKeep: 2 });
}

/** A new repository in memory whose key costs nothing to open, and the means to look into its files. */
export async function createTestRepository(
  deps: RepositoryDeps,
): Promise<{ store: MemoryObjectStore; sealer: Sealer }> {
  const store = new MemoryObjectStore();
  const keys: MasterKey[] = [];
  const sealingPool = (key: MasterKey) => {
    keys.push(key);
    return deps.sealingPool(key);
  };
  const repository = await createRepository(store, testPassword, { ...deps, sealingPool }, signal);
  await repository[Symbol.asyncDispose]();
  const key = keys[0]!;
  for (const { id } of await collect(store.list('key', signal)))
    await store.remove({ kind: 'key', id }, signal);
  const cost = { blocks: 2, blockSize: 1, parallel: 1 };
  const origin = { host: testHost, random: deps.random, created: deps.clock.now() };
  const keyFile = await encodeKeyFile(key, testPassword, cost, origin);
  await store.put({ kind: 'key', id: blobIdOf(keyFile) }, keyFile, signal);
  return { store, sealer: await openSealer(key) };
}

/** An independent copy of what a store holds. */
export async function copyOf(store: ObjectStore): Promise<MemoryObjectStore> {
  const copy = new MemoryObjectStore();
  await copyInto(copy, store);
  return copy;
}

export async function copyInto(copy: ObjectStore, store: ObjectStore): Promise<void> {
  for (const kind of ['config', 'key', 'lock', 'snapshot', 'index', 'pack', 'audit'] as const) {
    for (const { id, sizeBytes } of await collect(store.list(kind, signal)))
      await copy.put({ kind, id }, await store.get({ kind, id }, sizeBytes, signal), signal);
  }
}

const time = '2026-03-01T12:00:00Z';
export const nodeMetadata = { permissions: 0o600, mtime: time, atime: time, ctime: time, uid: 0, gid: 0 };

/** Stores files, cut in chunks, and one snapshot of a folder that holds them, as a job does. */
export async function saveFiles(
  repository: Repository,
  files: Readonly<Record<string, Uint8Array>>,
  chunkBytes: number,
): Promise<SnapshotId> {
  const sharing = { mode: 'shared', journal: memoryJournal() } as const;
  return await underLock(repository, sharing, signal, async (lock, held) => {
    const nodes: TreeNode[] = [];
    for (const [name, bytes] of Object.entries(files)) {
      const content: BlobId[] = [];
      for (let offset = 0; offset < bytes.length; offset += chunkBytes)
        content.push((await repository.saveBlob('data', bytes.slice(offset, offset + chunkBytes), held)).id);
      nodes.push({ ...nodeMetadata, type: 'file', name, sizeBytes: bytes.length, content });
    }
    const { id: tree } = await repository.saveTree({ nodes }, held);
    const snapshot = {
      time,
      tree,
      paths: ['/vm'],
      hostname: 'vcenter',
      username: 'backup',
      tags: ['quiesce'],
    };
    return await repository.saveSnapshot(snapshot, lock, held);
  });
}

/** Reads back every file of every snapshot, as its name and bytes; anything missing or damaged throws. */
export async function readEverything(repository: Repository): Promise<Map<SnapshotId, Map<string, Buffer>>> {
  const snapshots = new Map<SnapshotId, Map<string, Buffer>>();
  for await (const entry of repository.listSnapshots(signal)) {
    if ('problem' in entry) throw entry.problem;
    const files = new Map<string, Buffer>();
    for (const node of (await repository.loadTree(entry.snapshot.tree, signal)).nodes) {
      if (node.type !== 'file') continue;
      const parts = [];
      for (const id of node.content) parts.push(await repository.loadBlob('data', id, signal));
      files.set(node.name, Buffer.concat(parts));
    }
    snapshots.set(entry.id, files);
  }
  return snapshots;
}
