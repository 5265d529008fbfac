import { EventEmitter, type Event, type Memento } from 'vscode';

/** A vCenter or ESXi host the user added, without its password. */
export interface KnownVCenter {
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly fingerprint: string;
  /** Ends with this window; starting the lab again brings it back under another address. */
  readonly isLab?: boolean;
}

/** A repository the user added, without its password and without the account of its server. */
export interface KnownRepository {
  readonly name: string;
  /** A folder, or a URL as `protocol/repository.ts` tells. */
  readonly location: string;
  /** Of S3. */
  readonly region?: string;
  /** Certificates of authorities in PEM, for a server that the system does not trust. */
  readonly caFile?: string;
}

/** Whether a repository is reached over the network, by an account of a server. */
export function isOnServer(location: string): boolean {
  return /^(?:s3|rest):/.test(location);
}

/** The account as which files are restored into a VM's guest; its password is among the secrets. */
export interface KnownGuest {
  /** The VM's instance UUID. */
  readonly name: string;
  readonly vmName: string;
  readonly user: string;
}

const keys = { vcenters: 'vcenters', repositories: 'repositories', guests: 'guests' } as const;

/** The servers and repositories the user added, and the guests they restored into, kept by the editor for all windows. */
export class KnownPlaces {
  readonly onDidChange: Event<void>;
  readonly #state: Memento;
  readonly #changed = new EventEmitter<void>();

  constructor(state: Memento) {
    this.#state = state;
    this.onDidChange = this.#changed.event;
  }

  vcenters(): readonly KnownVCenter[] {
    return this.#state.get<readonly KnownVCenter[]>(keys.vcenters, []);
  }

  repositories(): readonly KnownRepository[] {
    // Versions that knew folders alone called the location so.
    return this.#state
      .get<readonly (KnownRepository & { readonly folder?: string })[]>(keys.repositories, [])
      .map(({ folder, ...known }) => ({ ...known, ...(folder !== undefined && { location: folder }) }));
  }

  /** Takes the place of one with the same name. */
  async saveVCenter(vcenter: KnownVCenter): Promise<void> {
    await this.#save(keys.vcenters, [...without(this.vcenters(), vcenter.name), vcenter]);
  }

  /** Takes the place of one with the same name. */
  async saveRepository(repository: KnownRepository): Promise<void> {
    await this.#save(keys.repositories, [...without(this.repositories(), repository.name), repository]);
  }

  guests(): readonly KnownGuest[] {
    return this.#state.get<readonly KnownGuest[]>(keys.guests, []);
  }

  /** Takes the place of the one of the same VM. */
  async saveGuest(guest: KnownGuest): Promise<void> {
    await this.#save(keys.guests, [...without(this.guests(), guest.name), guest]);
  }

  async removeGuest(instanceUuid: string): Promise<void> {
    await this.#save(keys.guests, without(this.guests(), instanceUuid));
  }

  async removeVCenter(name: string): Promise<void> {
    await this.#save(keys.vcenters, without(this.vcenters(), name));
  }

  async removeRepository(name: string): Promise<void> {
    await this.#save(keys.repositories, without(this.repositories(), name));
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #save(key: string, places: readonly { readonly name: string }[]): Promise<void> {
    await this.#state.update(
      key,
      places.toSorted((one, other) => one.name.localeCompare(other.name)),
    );
    this.#changed.fire();
  }
}

/** The wanted name, or the first free one of `NAME 2`, `NAME 3`, … */
export function freeName(wanted: string, taken: readonly { readonly name: string }[]): string {
  const names = new Set(taken.map(({ name }) => name));
  let name = wanted;
  for (let number = 2; names.has(name); number += 1) name = `${wanted} ${number}`;
  return name;
}

function without<T extends { readonly name: string }>(places: readonly T[], name: string): readonly T[] {
  return places.filter(place => place.name !== name);
}
