import { plainName } from '../vsphere/entityName.ts';
import { readAllOfType } from '../vsphere/propertyCollector.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import type { HostProduct } from './assessmentFacts.ts';

/** The folders, datacenters and vApps above the VMs, and the clusters and hosts that run them. */
export class InventoryTree {
  readonly #rootFolder: MoRef;
  readonly #entries: ReadonlyMap<string, TreeEntry>;

  /** @param entries  by id; what changes in them later counts from then on */
  constructor(rootFolder: MoRef, entries: ReadonlyMap<string, TreeEntry>) {
    this.#rootFolder = rootFolder;
    this.#entries = entries;
  }

  /** `/datacenter/vm/folder/name` or `/datacenter/host/cluster/host/name` from the given parent; what may not be seen is left out. */
  pathOf(name: string, parent: MoRef | undefined): string {
    const parts = [name];
    // Bounded: a server that reports a loop must not hang us.
    for (let at = parent, depth = 0; at !== undefined && depth < 64; depth += 1) {
      if (at.value === this.#rootFolder.value) break;
      const entry = this.#entries.get(at.value);
      if (entry === undefined) break;
      parts.unshift(entry.name);
      at = entry.parent;
    }
    return `/${parts.join('/')}`;
  }

  /** `Europe/Paris`: the folders and the name of the datacenter above an object; undefined if it may not be seen. */
  datacenterPathOf(parent: MoRef | undefined): string | undefined {
    let at = parent;
    for (let depth = 0; at !== undefined && depth < 64; depth += 1) {
      const entry = this.#entries.get(at.value);
      if (at.type === 'Datacenter') return entry && this.pathOf(entry.name, entry.parent).slice(1);
      at = entry?.parent;
    }
    return undefined;
  }

  /** Undefined for a host that may not be seen, or does not say what it runs. */
  productOf(host: MoRef | undefined): HostProduct | undefined {
    return host === undefined ? undefined : this.#entries.get(host.value)?.product;
  }

  nameOf(object: MoRef): string | undefined {
    return this.#entries.get(object.value)?.name;
  }

  knows(object: MoRef): boolean {
    return this.#entries.has(object.value);
  }
}

export interface TreeEntry {
  readonly name: string;
  readonly parent: MoRef | undefined;
  readonly product?: HostProduct | undefined;
}

export async function readInventoryTree(session: VimSession, signal: AbortSignal): Promise<InventoryTree> {
  const entries = new Map<string, TreeEntry>();
  for (const type of ['Folder', 'Datacenter', 'ComputeResource'] as const) {
    for (const { object, properties } of await readAllOfType(session, type, ['name', 'parent'], signal))
      entries.set(object.value, { name: plainName(properties.name), parent: properties.parent });
  }
  const vApps = await readAllOfType(session, 'VirtualApp', ['name', 'parentFolder', 'parent'], signal);
  for (const { object, properties } of vApps) {
    const parent = properties.parentFolder ?? properties.parent;
    entries.set(object.value, { name: plainName(properties.name), parent });
  }
  const hosts = await readAllOfType(
    session,
    'HostSystem',
    ['name', 'parent', 'summary.config.product'],
    signal,
  );
  for (const { object, properties } of hosts) {
    const product = hostProduct(properties['summary.config.product']);
    entries.set(object.value, { name: plainName(properties.name), parent: properties.parent, product });
  }
  return new InventoryTree(session.content.rootFolder, entries);
}

export function hostProduct(about: Vim<'AboutInfo'> | undefined): HostProduct | undefined {
  if (about === undefined) return undefined;
  const build = Number(about.build);
  return {
    version: about.version,
    build: Number.isInteger(build) ? build : undefined,
    ...(/arm/i.test(about.osType) && { isArm: true }),
  };
}
