import { l10n } from 'vscode';

import { AppError } from '../base/errors.ts';
import { type GuestDiskDto, listVolumes, unlockVolumes } from '../protocol/guest.ts';
import { type PointRef, readPoint } from '../protocol/point.ts';
import {
  createRepository,
  listRepositories,
  openRepository,
  type RepositoryDto,
  type RepositoryParams,
} from '../protocol/repository.ts';
import {
  closeVCenter,
  listVCenters,
  openVCenter,
  type VCenterDto,
  type VCenterParams,
} from '../protocol/vcenter.ts';
import { isOnServer, type KnownPlaces, type KnownRepository, type KnownVCenter } from './knownPlaces.ts';
import { isLocked } from './model/volumeLock.ts';
import type { Credentials, PasswordKey } from './secrets.ts';
import type { RepositoryUse } from './settings.ts';
import type { Worker } from './workerLink.ts';

/** What opens a repository: its own password, and the account of the server it is on. */
export interface RepositorySecrets {
  readonly password: string;
  readonly account: string | undefined;
}

/**
 * Opens in the worker what a view or command is about to use, with the password that was kept. What is open already,
 * for instance by another window, is left as it is.
 */
export class OpenPlaces {
  readonly #worker: Worker;
  readonly #known: KnownPlaces;
  readonly #credentials: Credentials;
  readonly #use: () => RepositoryUse;

  constructor(worker: Worker, known: KnownPlaces, credentials: Credentials, use: () => RepositoryUse) {
    this.#worker = worker;
    this.#known = known;
    this.#credentials = credentials;
    this.#use = use;
  }

  /**
   * One that cannot be reached now goes on being tried by the worker, which tells what comes of it.
   * @throws AUTHENTICATION if no password was kept; what the worker says otherwise
   */
  async vcenter(name: string, signal: AbortSignal): Promise<VCenterDto> {
    const open = await this.openVCenter(name, signal);
    if (open !== undefined) return open;
    const known = this.#known.vcenters().find(vcenter => vcenter.name === name);
    if (known === undefined) throw unknownPlace(name);
    const password = await this.#password(`vcenter/${name}`, signal);
    return await this.#worker.request(
      openVCenter,
      { ...paramsOf(known, password), keepTrying: true },
      signal,
    );
  }

  /** The vCenter if it is open already; nothing is sent to it. */
  async openVCenter(name: string, signal: AbortSignal): Promise<VCenterDto | undefined> {
    const { vcenters } = await this.#worker.request(listVCenters, {}, signal);
    return vcenters.find(vcenter => vcenter.name === name);
  }

  /** @throws AUTHENTICATION if no password was kept; what the worker says otherwise */
  async repository(name: string, signal: AbortSignal): Promise<RepositoryDto> {
    const { repositories } = await this.#worker.request(listRepositories, {}, signal);
    const open = repositories.find(repository => repository.name === name);
    if (open !== undefined) return open;
    const known = this.#known.repositories().find(repository => repository.name === name);
    if (known === undefined) throw unknownPlace(name);
    const password = await this.#password(`repository/${name}`, signal);
    const account = await this.account(known, signal);
    return await this.openRepositoryWith(known, { password, account }, signal);
  }

  /** The disks of a restore point; encrypted volumes are opened with the passphrase that was kept, if that opens them. */
  async disks(point: PointRef, signal: AbortSignal): Promise<readonly GuestDiskDto[]> {
    const { disks } = await this.#worker.request(listVolumes, point, signal);
    return (await this.#unlocked(point, disks, signal)) ?? disks;
  }

  /** For a worker that was started anew and has no keys; whether it has got one. */
  async unlock(point: PointRef, signal: AbortSignal): Promise<boolean> {
    const { disks } = await this.#worker.request(listVolumes, point, signal);
    return (await this.#unlocked(point, disks, signal)) !== undefined;
  }

  async #unlocked(
    { repository, point }: PointRef,
    disks: readonly GuestDiskDto[],
    signal: AbortSignal,
  ): Promise<readonly GuestDiskDto[] | undefined> {
    if (!disks.some(({ volumes }) => volumes.some(isLocked))) return undefined;
    const ref = { repository, point };
    const { vm } = await this.#worker.request(readPoint, ref, signal);
    const passphrase = await this.#credentials.find(`volumes/${vm.instanceUuid}`, signal);
    if (passphrase === undefined) return undefined;
    try {
      return (await this.#worker.request(unlockVolumes, { ...ref, passphrase }, signal)).disks;
    } catch (error) {
      if (!AppError.is(error, 'AUTHENTICATION', 'NOT_FOUND')) throw error;
      return undefined;
    }
  }

  async openVCenterWith(vcenter: KnownVCenter, password: string, signal: AbortSignal): Promise<VCenterDto> {
    return await this.#worker.request(openVCenter, paramsOf(vcenter, password), signal);
  }

  /** With what is kept of it. @throws CONFLICT while a job uses it */
  async closeVCenter(name: string, signal: AbortSignal): Promise<void> {
    const known = this.#known.vcenters().find(vcenter => vcenter.name === name);
    const owner = known && { url: known.url, user: known.user, fingerprint: known.fingerprint };
    await this.#worker.request(closeVCenter, { name, ...(owner && { owner }) }, signal);
  }

  async openRepositoryWith(
    known: KnownRepository,
    secrets: RepositorySecrets,
    signal: AbortSignal,
  ): Promise<RepositoryDto> {
    return await this.#worker.request(openRepository, this.#params(known, secrets), signal);
  }

  async createRepositoryWith(
    known: KnownRepository,
    secrets: RepositorySecrets,
    signal: AbortSignal,
    { withoutKit = false } = {},
  ): Promise<RepositoryDto> {
    const params = { ...this.#params(known, secrets), ...(withoutKit && { withoutKit }) };
    return await this.#worker.request(createRepository, params, signal);
  }

  /** The account that was kept for the server of a repository, if it needs one. */
  async account({ name, location }: KnownRepository, signal: AbortSignal): Promise<string | undefined> {
    return isOnServer(location) ? await this.#credentials.find(`store/${name}`, signal) : undefined;
  }

  #params(
    { name, location, region, caFile }: KnownRepository,
    { password, account }: RepositorySecrets,
  ): RepositoryParams {
    const server = {
      ...(account !== undefined && { account }),
      ...(region !== undefined && { region }),
      ...(caFile !== undefined && { caFile }),
    };
    return { name, location, password, ...(isOnServer(location) && { server }), ...this.#use() };
  }

  async #password(key: PasswordKey, signal: AbortSignal): Promise<string> {
    const password = await this.#credentials.find(key, signal);
    if (password !== undefined) return password;
    throw new AppError('AUTHENTICATION', l10n.t('no password is kept for {0}', key), {
      object: key,
      remedy: l10n.t('Enter it with "Quiesce: Enter Password…"'),
    });
  }
}

/** Asks again where an encrypted volume is not there, since the worker was started anew and has no key of it. */
export async function unlocking<T>(
  places: Pick<OpenPlaces, 'unlock'>,
  point: PointRef,
  ask: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND') || !(await places.unlock(point, signal))) throw error;
    return await ask();
  }
}

function paramsOf({ name, url, user, fingerprint }: KnownVCenter, password: string): VCenterParams {
  return { name, url, user, fingerprint, password };
}

function unknownPlace(name: string): AppError {
  return new AppError('NOT_FOUND', l10n.t('{0} has been removed', name), {
    object: name,
    remedy: l10n.t('Add it again'),
  });
}
