// A repository in a folder as the command line and the worker open it, for programs that are measured.
import { availableParallelism } from 'node:os';

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { openRestorePoint } from '../../src/core/catalog/restorePoint.ts';
import { WorkerSealingPool } from '../../src/core/codec/node/workerSealingPool.ts';
import { localHost } from '../../src/core/repository/node/localHost.ts';
import { LocalObjectStore } from '../../src/core/repository/node/localObjectStore.ts';
import { createRepository, openRepository } from '../../src/core/repository/openRepository.ts';

export const { signal } = new AbortController();
export const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: console.error, error: console.error };
const surroundings = { clock: systemClock, random: systemRandom, logger };

export function benchStore(folder, { readOnly = false } = {}) {
  return new LocalObjectStore({ ...surroundings, folder, readOnly });
}

/** The password comes from QUIESCE_BENCH_PASSWORD. */
export async function openBenchRepository(store, { create = false, compression = 'auto' } = {}) {
  const deps = {
    ...surroundings,
    host: localHost(),
    sealingPool: key =>
      new WorkerSealingPool(key, {
        script: sealWorkerUrl(),
        threadCount: availableParallelism(),
        compression,
      }),
  };
  const open = create ? createRepository : openRepository;
  return await open(store, new Secret(process.env.QUIESCE_BENCH_PASSWORD), deps, signal);
}

export async function newestRestorePoint(repository) {
  let newest;
  for await (const { id, snapshot } of repository.listSnapshots(signal))
    if (newest === undefined || snapshot.time > newest.snapshot.time) newest = { id, snapshot };
  return await openRestorePoint(repository, newest.id, signal);
}

/** Beside a bundle, or among the sources. */
function sealWorkerUrl() {
  const isBundle = !import.meta.url.endsWith('benchRepository.mjs');
  return new URL(isBundle ? './sealWorker.mjs' : '../../src/core/codec/node/sealWorker.ts', import.meta.url);
}
