import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { openFileLeaseJournal } from '../core/journal/node/fileLeaseJournal.ts';
import { WorkerSealingPool } from '../core/codec/node/workerSealingPool.ts';
import { fileSegmentStores } from '../core/repository/node/fileSegmentStore.ts';
import { localHost } from '../core/repository/node/localHost.ts';
import { openObjectStore } from '../core/repository/node/openObjectStore.ts';
import { createRepository, openRepository, type RepositoryDeps } from '../core/repository/openRepository.ts';
import type { TransferLimits } from '../core/repository/limitedObjectStore.ts';
import type { Storing } from '../core/repository/storing.ts';
import { threadArgon2 } from '../core/volume/luks/node/threadArgon2.ts';
import { connectVCenter } from '../core/vsphere/node/connectVCenter.ts';
import type { RepositoryConfig } from './config/config.ts';
import type { Places } from './config/places.ts';
import type { CommandContext } from './context.ts';
import { credentialSource } from './passwordPlaces.ts';
import { storeAccount } from './storeAccount.ts';
import { configuredStoring } from './storing.ts';

interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** How a command gets at the outside world; each call opens anew, and the command closes what it opened. */
export function createOpeners(
  places: Places,
  surroundings: Surroundings,
): Pick<CommandContext, 'argon2' | 'openJournal' | 'openSession' | 'openRepository' | 'createRepository'> {
  const { signal } = surroundings;
  const repositoryDeps = ({ compression, packBytes }: Storing): RepositoryDeps => ({
    ...surroundings,
    packBytes,
    host: localHost(),
    indexSegments: fileSegmentStores({ ...surroundings, folder: join(places.stateFolder, 'index') }),
    sealingPool: key =>
      new WorkerSealingPool(key, {
        script: threadUrl('../core/codec/node', 'sealWorker'),
        threadCount: availableParallelism(),
        compression,
      }),
  });
  const storeOf = async (name: string, configured: RepositoryConfig, limits: TransferLimits = {}) => {
    const { location, region, caFile } = configured;
    const account = await storeAccount(name, configured, process.env, signal);
    const options = {
      limits,
      ...(account !== undefined && { account }),
      ...(region !== undefined && { region }),
      ...(caFile !== undefined && { caFile }),
    };
    return await openObjectStore(location, options, surroundings);
  };
  return {
    argon2: threadArgon2(threadUrl('../core/volume/luks/node', 'argon2Thread')),
    openJournal: async () => await openFileLeaseJournal(join(places.stateFolder, 'journal'), surroundings),
    openSession: async (name, { url, user, fingerprint, password }) => {
      const source = credentialSource(password, `vCenter ${name}`);
      return await connectVCenter({ name, url, fingerprint, user, source }, surroundings, signal);
    },
    openRepository: async (name, configured, { toRepair = false, limits, storing } = {}) => {
      const secret = await credentialSource(configured.password, `repository ${name}`).password(signal);
      const store = await storeOf(name, configured, limits);
      const deps = repositoryDeps({ ...configuredStoring(configured), ...storing });
      return await openRepository(store, secret, { ...deps, toRepair }, signal);
    },
    createRepository: async (name, configured) => {
      const secret = await credentialSource(configured.password, `repository ${name}`).password(signal);
      const deps = repositoryDeps(configuredStoring(configured));
      return await createRepository(await storeOf(name, configured), secret, deps, signal);
    },
  };
}

/** Beside the bundle in the shipped program, in its own stage in the sources. */
function threadUrl(folder: string, name: string): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `${folder}/${name}.ts` : `./${name}.mjs`, import.meta.url);
}
