import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { isSubtype } from '../../core/vsphere/schema/schema.ts';
import { formatDatastorePath, parseDatastorePath } from '../datastore/datastorePath.ts';
import { filesOfDisk } from '../datastore/vmFiles.ts';
import type { LabContext } from '../labContext.ts';
import { fileFault, invalidArgument, VimFault } from '../soap/vimFault.ts';
import type { DiskChain } from './diskChain.ts';
import type { FileHome } from './fileHome.ts';
import type { LabVm } from './labVm.ts';
import { textIn, type PlainObject } from './managedObject.ts';

export interface DiskMove {
  readonly chain: DiskChain;
  /** Undefined for a disk that stays where it is. */
  readonly target: FileHome | undefined;
  readonly isThin: boolean;
}

/** Where a VM and its files shall be, every choice made. */
export interface RelocationPlan {
  readonly host: MoRef;
  readonly resourcePool: MoRef;
  readonly folder: MoRef;
  /** Of the configuration; undefined if its files stay where they are. */
  readonly home: FileHome | undefined;
  readonly disks: readonly DiskMove[];
}

/** How files are moved that the lab can do: every file of a disk goes along. */
const knownMoveTypes = [
  undefined,
  'moveAllDiskBackingsAndAllowSharing',
  'moveAllDiskBackingsAndDisallowSharing',
];

/**
 * Works out a VirtualMachineRelocateSpec. Without a host, a pool or a datastore the VM stays on what it has, where that goes
 * together with what is wanted.
 * @throws VimFault InvalidArgument for places that do not go together; InvalidDatastore for one the host does not have;
 * NoDiskSpace; NotSupported for another server, and for disks that are to be joined or shared on the way
 */
export function planRelocation(lab: LabContext, vm: LabVm, spec: PlainObject): RelocationPlan {
  requireSupported(spec);
  const { host, resourcePool } = planCompute(lab, vm, spec);
  const folder = (spec['folder'] ?? vm.home.folder) as MoRef;
  if (lab.registry.find(folder)?.ref.type !== 'Folder') throw invalidArgument('spec.folder');
  const wanted = (spec['datastore'] ?? vm.home.datastore) as MoRef;
  const staysHome = wanted.value === vm.home.datastore.value;
  const homes = new FreeHomes(lab, vm, staysHome);
  const home = staysHome ? undefined : homes.on(wanted, 'spec.datastore');
  const disks = chainsOf(vm).map(chain => planDisk(chain, vm, spec, homes));
  for (const { value } of [
    wanted,
    ...disks.map(disk => disk.target?.datastore ?? datastoreOf(disk.chain, vm)),
  ])
    requireReachable(lab, host, value);
  requireSpace(lab, disks);
  return { host, resourcePool, folder, home, disks };
}

function requireSupported(spec: PlainObject): void {
  const locators = (spec['disk'] ?? []) as readonly PlainObject[];
  const isKnown = [spec, ...locators].every(({ diskMoveType }) =>
    knownMoveTypes.some(known => known === diskMoveType),
  );
  const changes = (spec['deviceChange'] ?? []) as readonly PlainObject[];
  const isCard = ({ operation, device }: PlainObject) =>
    operation === 'edit' &&
    isSubtype(textIn(device as PlainObject, '_type') ?? 'VirtualDevice', 'VirtualEthernetCard');
  if (!changes.every(isCard)) throw invalidArgument('spec.deviceChange');
  if (spec['service'] === undefined && isKnown) return;
  throw new VimFault('NotSupported', 'The operation is not supported on the object.');
}

function planCompute(
  { registry }: LabContext,
  vm: LabVm,
  spec: PlainObject,
): Pick<RelocationPlan, 'host' | 'resourcePool'> {
  const named = (name: string) => spec[name] as MoRef | undefined;
  const find = (name: string) => {
    const ref = named(name);
    const object = ref === undefined ? undefined : registry.find(ref);
    if (ref !== undefined && object === undefined) throw invalidArgument(`spec.${name}`);
    return object;
  };
  const pool = find('pool');
  const clusterOf = (host: MoRef) => registry.get(host).property('parent') as MoRef;
  const ofPool = pool?.property('owner') as MoRef | undefined;
  const ofHost = find('host')?.property('parent') as MoRef | undefined;
  const stays = clusterOf(vm.home.host);
  const cluster = ofHost ?? ofPool ?? stays;
  // A pool gives what its own hosts have, so that a VM that leaves its cluster needs one there.
  if ((ofPool ?? stays).value !== cluster.value) throw invalidArgument('spec.pool');
  const [firstHost] = registry.get(cluster).property('host') as readonly MoRef[];
  const host = named('host') ?? (cluster.value === stays.value ? vm.home.host : firstHost);
  if (host === undefined) throw invalidArgument('spec.host');
  return { host, resourcePool: named('pool') ?? vm.home.resourcePool };
}

/** The disks of the VM, and those that only a snapshot of it still has. */
function chainsOf(vm: LabVm): DiskChain[] {
  const frozen = vm.snapshots.flatMap(({ facts }) => facts.config.disks.map(({ chain }) => chain));
  return [...new Set([...vm.disks, ...frozen])];
}

/** A disk goes where its locator says, or with the VM, or stays. */
function planDisk(chain: DiskChain, vm: LabVm, spec: PlainObject, homes: FreeHomes): DiskMove {
  const locators = (spec['disk'] ?? []) as readonly PlainObject[];
  const known = (locator: PlainObject) => vm.disks.some(({ key }) => key === locator['diskId']);
  if (!locators.every(known)) throw invalidArgument('spec.disk.diskId');
  const locator = locators.find(({ diskId }) => diskId === chain.key);
  const wanted = (locator?.['datastore'] ?? spec['datastore']) as MoRef | undefined;
  const stays = wanted === undefined || wanted.value === datastoreOf(chain, vm).value;
  const backing = locator?.['diskBackingInfo'] as PlainObject | undefined;
  const transform = spec['transform'];
  return {
    chain,
    target: stays ? undefined : homes.on(wanted, 'spec.disk.datastore'),
    isThin:
      (backing?.['thinProvisioned'] as boolean | undefined) ??
      (transform === undefined ? chain.isThin : transform === 'sparse'),
  };
}

export function datastoreOf(chain: DiskChain, vm: LabVm): MoRef {
  return chain.datastore ?? vm.home.datastore;
}

/** Folders of the VM's name, one on each datastore; where there is one of that name, another. */
class FreeHomes {
  readonly #lab: LabContext;
  readonly #vm: LabVm;
  readonly #found = new Map<string, FileHome>();

  constructor(lab: LabContext, vm: LabVm, staysHome: boolean) {
    this.#lab = lab;
    this.#vm = vm;
    if (staysHome) this.#found.set(vm.home.datastore.value, vm.home);
  }

  on(datastore: MoRef, parameter: string): FileHome {
    const known = this.#found.get(datastore.value);
    if (known !== undefined) return known;
    const { registry, datastores } = this.#lab;
    const object = registry.find(datastore);
    if (object?.ref.type !== 'Datastore') throw invalidArgument(parameter);
    const place = (path: string) => ({ datastore: String(object.property('name')), path });
    let name = this.#vm.name;
    const isTaken = () => datastores.isFolder(place(name)) || datastores.file(place(name)) !== undefined;
    for (let number = 1; isTaken(); number += 1) name = `${this.#vm.name}_${number}`;
    const home = { datastore, path: `${formatDatastorePath(place(name))}/` };
    this.#found.set(datastore.value, home);
    return home;
  }
}

function requireReachable({ registry }: LabContext, host: MoRef, datastore: string): void {
  const reachable = registry.get(host).property('datastore') as readonly MoRef[];
  if (reachable.some(({ value }) => value === datastore)) return;
  const ref = { type: 'Datastore', value: datastore };
  const name = String(registry.find(ref)?.property('name'));
  throw new VimFault('InvalidDatastore', `Invalid datastore '${name}'.`, { datastore: ref, name });
}

function requireSpace({ inventory }: LabContext, disks: readonly DiskMove[]): void {
  const neededBytes = new Map<string, number>();
  for (const { chain, target } of disks) {
    if (target === undefined) continue;
    const name = parseDatastorePath(target.path)?.datastore ?? '';
    const files = filesOfDisk(chain, false, new Date(0));
    const sizeBytes = files.reduce((sum, { bytes }) => sum + bytes.sizeBytes, neededBytes.get(name) ?? 0);
    neededBytes.set(name, sizeBytes);
    if (sizeBytes <= inventory.freeBytes(name)) continue;
    const { fileName } = chain.current;
    const { fields } = fileFault('NoDiskSpace', fileName);
    throw new VimFault('NoDiskSpace', `Insufficient disk space on datastore '${name}'.`, {
      ...fields,
      datastore: name,
    });
  }
}
