import { availableParallelism } from 'node:os';

import { heldPassword } from '../base/credentialSource.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import type { InventoryKeeper } from '../core/inventory/inventoryKeeper.ts';
import { FileInventoryKeeper, type InventoryOwner } from '../core/inventory/node/fileInventoryKeeper.ts';
import { WorkerSealingPool } from '../core/codec/node/workerSealingPool.ts';
import { parseLocation } from '../core/repository/location.ts';
import { fileSegmentStores } from '../core/repository/node/fileSegmentStore.ts';
import { localHost } from '../core/repository/node/localHost.ts';
import { openObjectStore } from '../core/repository/node/openObjectStore.ts';
import { createRepository, openRepository, type RepositoryDeps } from '../core/repository/openRepository.ts';
import type { Repository } from '../core/repository/repository.ts';
import { packBytesOf, usualStoring } from '../core/repository/storing.ts';
import { parseAccount } from '../core/repository/storeAccount.ts';
import { threadArgon2 } from '../core/volume/luks/node/threadArgon2.ts';
import type { Argon2 } from '../core/volume/luks/openKeyslot.ts';
import { connectVCenter, type VCenterConnection } from '../core/vsphere/node/connectVCenter.ts';
import { readAttachedTags } from '../core/vsphere/node/tags.ts';
import type { MoRef } from '../core/vsphere/schema/moRef.ts';
import type { RepositoryParams } from '../protocol/repository.ts';
import type { VCenterParams } from '../protocol/vcenter.ts';
import { LiveInventory, type RowChanges } from './liveInventory.ts';
import type { OpenPlaces } from './openPlaces.ts';
import { productVersion } from './version.ts';

/** A server with what is known of it. */
export interface VCenterPlace extends VCenterConnection {
  readonly inventory: LiveInventory;
}

export type OpenVCenters = OpenPlaces<VCenterParams, VCenterPlace>;
export type OpenRepositories = OpenPlaces<RepositoryParams, Repository>;

/** How the worker gets at the outside world. */
export interface Openers {
  /** Derives the keys of encrypted volumes. */
  readonly argon2: Argon2;
  /** Keeps what is known of a server. */
  inventoryKeeper(owner: InventoryOwner): InventoryKeeper;
  openVCenter(params: VCenterParams, signal: AbortSignal): Promise<VCenterPlace>;
  openRepository(params: RepositoryParams, signal: AbortSignal): Promise<Repository>;
  createRepository(params: RepositoryParams, signal: AbortSignal): Promise<Repository>;
}

export interface OpenerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where inventories are kept. */
  readonly inventoryFolder: string;
  /** Where indexes of large repositories are kept. */
  readonly indexFolder: string;
  readonly onRowsChanged: (vcenter: string, changes: RowChanges) => void;
}

export function createOpeners(deps: OpenerDeps): Openers {
  const repositoryDeps = ({ compression, packMiB }: RepositoryParams): RepositoryDeps => ({
    ...deps,
    ...(packMiB !== undefined && { packBytes: packBytesOf(packMiB, 'packMiB') }),
    host: localHost(),
    indexSegments: fileSegmentStores({ ...deps, folder: deps.indexFolder }),
    sealingPool: key =>
      new WorkerSealingPool(key, {
        script: threadUrl('../core/codec/node', 'sealWorker'),
        threadCount: availableParallelism(),
        compression: compression ?? usualStoring.compression,
      }),
  });
  const inventoryKeeper = (owner: InventoryOwner): InventoryKeeper =>
    new FileInventoryKeeper(deps.inventoryFolder, owner, productVersion, deps.logger);
  const storeOf = async ({ name, location, server = {}, ...params }: RepositoryParams) => {
    const { account, ...options } = server;
    const { uploadBytesPerSecond, downloadBytesPerSecond } = params;
    return await openObjectStore(
      location,
      {
        ...options,
        ...(account !== undefined && {
          account: parseAccount(account, parseLocation(location), `the store of repository ${name}`),
        }),
        limits: {
          ...(uploadBytesPerSecond !== undefined && { uploadBytesPerSecond }),
          ...(downloadBytesPerSecond !== undefined && { downloadBytesPerSecond }),
        },
      },
      deps,
    );
  };
  return {
    argon2: threadArgon2(threadUrl('../core/volume/luks/node', 'argon2Thread')),
    inventoryKeeper,
    openVCenter: async ({ name, url, user, fingerprint, password }, signal) => {
      const source = heldPassword(new Secret(password));
      const connection = await connectVCenter({ name, url, fingerprint, user, source }, deps, signal);
      const { rest } = connection;
      const inventory = new LiveInventory(connection.session, {
        ...deps,
        keeper: inventoryKeeper({ url, user, fingerprint }),
        readTags:
          rest === undefined
            ? undefined
            : async (vmIds, stop) => await readAttachedTags(rest, vmIds.map(vmRef), stop),
        onChanged: changes => {
          deps.onRowsChanged(name, changes);
        },
      });
      return {
        ...{ session: connection.session, endpoint: connection.endpoint, account: connection.account },
        ...{ rest, inventory },
        [Symbol.asyncDispose]: async () => {
          await inventory[Symbol.asyncDispose]();
          await connection[Symbol.asyncDispose]();
        },
      };
    },
    openRepository: async (params, signal) =>
      await openRepository(
        await storeOf(params),
        new Secret(params.password),
        repositoryDeps(params),
        signal,
      ),
    createRepository: async (params, signal) =>
      await createRepository(
        await storeOf(params),
        new Secret(params.password),
        repositoryDeps(params),
        signal,
      ),
  };
}

function vmRef(id: string): MoRef {
  return { type: 'VirtualMachine', value: id };
}

/** Beside the bundle in the shipped program, in its own stage in the sources. */
function threadUrl(folder: string, name: string): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `${folder}/${name}.ts` : `./${name}.mjs`, import.meta.url);
}
