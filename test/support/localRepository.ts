import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { inlineSealingPool } from '../../src/core/codec/inlineSealingPool.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import { localHost } from '../../src/core/repository/node/localHost.ts';
import { LocalObjectStore } from '../../src/core/repository/node/localObjectStore.ts';
import {
  createRepository,
  openRepository,
  type RepositoryDeps,
} from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import { anySignal as signal } from './anySignal.ts';
import { Restic } from './restic.ts';
import { temporaryFolder } from './temporaryFolder.ts';

export const localPassword = 'correct horse battery staple';

/** Surroundings of a repository on the disk: real time, real randomness, small packs, one thread. */
export const localDeps: RepositoryDeps = {
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  host: localHost(),
  sealingPool: key => inlineSealingPool(key, 'auto', systemRandom),
  packBytes: 4 * MiB,
};

/** A repository in a temporary folder, and restic to look at it. */
export class LocalRepository {
  readonly folder: string;
  readonly passwordFile: string;
  readonly restic: Restic;

  /** @param folder  of a repository that exists, or is about to */
  constructor(folder = join(temporaryFolder('repository'), 'repository')) {
    this.folder = folder;
    this.passwordFile = `${folder}-password`;
    writeFileSync(this.passwordFile, `${localPassword}\n`, { mode: 0o600 });
    this.restic = new Restic(folder, this.passwordFile);
  }

  get store(): LocalObjectStore {
    return new LocalObjectStore({
      folder: this.folder,
      readOnly: false,
      clock: systemClock,
      random: systemRandom,
    });
  }

  async create(): Promise<Repository> {
    return await createRepository(this.store, new Secret(localPassword), localDeps, signal);
  }

  async open(store: ObjectStore = this.store): Promise<Repository> {
    return await openRepository(store, new Secret(localPassword), localDeps, signal);
  }
}
