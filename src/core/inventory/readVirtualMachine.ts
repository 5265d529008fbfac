import { AppError } from '../../base/errors.ts';
import { plainName } from '../vsphere/entityName.ts';
import { isReadOnlyByLicense } from '../vsphere/license.ts';
import { readObject, readProperties } from '../vsphere/propertyCollector.ts';
import type { ManagedType } from '../vsphere/propertyCollector.ts';
import { isManagedSubtype } from '../vsphere/schema/schema.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import { assessmentFacts } from './assessmentFacts.ts';
import type { AssessmentFacts } from './assessmentFacts.ts';
import { readInventoryTree } from './inventoryPath.ts';
import type { VmIdentity } from './listVirtualMachines.ts';
import { readLastPowerOff } from './powerHistory.ts';
import { flattenSnapshots } from './snapshotTree.ts';
import type { SnapshotFacts } from './snapshotTree.ts';
import { virtualDisks } from './virtualDisk.ts';
import type { VirtualDiskFacts } from './virtualDisk.ts';

/** An object of the inventory with its name at the time of reading: ids mean nothing on another server. */
export interface NamedRef {
  readonly ref: MoRef;
  readonly name: string;
}

/** Everything a backup keeps of a VM, and its assessment looks at. Plain values: safe to serialize as JSON. */
export interface VirtualMachineFacts extends VmIdentity {
  readonly inventoryPath: string;
  /** `Europe/Paris`, as paths of datastores want it; undefined if the datacenter may not be seen. */
  readonly datacenterPath: string | undefined;
  readonly config: Vim<'VirtualMachineConfigInfo'>;
  readonly runtime: Vim<'VirtualMachineRuntimeInfo'>;
  readonly guest: Vim<'GuestInfo'> | undefined;
  readonly capability: Vim<'VirtualMachineCapability'> | undefined;
  readonly disks: readonly VirtualDiskFacts[];
  /** Parents before children. */
  readonly snapshots: readonly SnapshotFacts[];
  readonly folder: NamedRef | undefined;
  readonly resourcePool: NamedRef | undefined;
  readonly host: NamedRef | undefined;
  readonly datastores: readonly NamedRef[];
  readonly networks: readonly NamedRef[];
  /** What the assessment of its consistency looks at. */
  readonly facts: AssessmentFacts;
  /** Whether the license of the server refuses every change, also a snapshot. */
  readonly isServerReadOnly: boolean;
}

const paths = [
  'name',
  'parent',
  'parentVApp',
  'config',
  'runtime',
  'guest',
  'capability',
  'snapshot',
  'disabledMethod',
  'resourcePool',
  'datastore',
  'network',
] as const;

/** @throws NOT_FOUND if the VM is gone; CONFLICT if its configuration cannot be read now */
export async function readVirtualMachine(
  session: VimSession,
  vm: VmIdentity,
  signal: AbortSignal,
): Promise<VirtualMachineFacts> {
  const found = await readObject(session, 'VirtualMachine', vm.ref, paths, signal);
  const { config, runtime } = found;
  if (config === undefined || runtime === undefined) {
    throw new AppError('CONFLICT', `${vm.name}: the server cannot read the configuration of this VM`, {
      object: vm.name,
      remedy: 'Check that its host and datastore are reachable and that the user may read it',
    });
  }
  const parent = found.parent ?? found.parentVApp;
  const named = await readNames(
    session,
    [parent, found.resourcePool, runtime.host, ...(found.datastore ?? []), ...(found.network ?? [])],
    signal,
  );
  const tree = await readInventoryTree(session, signal);
  const name = plainName(found.name);
  const facts = assessmentFacts({ ...found, config, runtime }, tree.productOf(runtime.host));
  return {
    ref: vm.ref,
    name,
    inventoryPath: tree.pathOf(name, parent),
    datacenterPath: tree.datacenterPathOf(parent),
    config,
    runtime,
    guest: found.guest,
    capability: found.capability,
    disks: virtualDisks(config),
    snapshots: flattenSnapshots(found.snapshot),
    folder: named(parent),
    resourcePool: named(found.resourcePool),
    host: named(runtime.host),
    datastores: (found.datastore ?? []).flatMap(ref => named(ref) ?? []),
    networks: (found.network ?? []).flatMap(ref => named(ref) ?? []),
    facts:
      runtime.powerState === 'poweredOff' && facts.lastPowerOff === undefined
        ? { ...facts, lastPowerOff: await readLastPowerOff(session, vm.ref, signal) }
        : facts,
    isServerReadOnly: await isReadOnlyByLicense(session, signal),
  };
}

/** The families whose names are asked for; a request names one type, objects of derived types fit it. */
const families = ['Folder', 'VirtualApp', 'ResourcePool', 'HostSystem', 'Datastore', 'Network'] as const;

async function readNames(
  session: VimSession,
  refs: readonly (MoRef | undefined)[],
  signal: AbortSignal,
): Promise<(ref: MoRef | undefined) => NamedRef | undefined> {
  const names = new Map<string, string>();
  const wanted = [
    ...new Map(refs.flatMap(ref => (ref === undefined ? [] : [[ref.value, ref] as const]))).values(),
  ];
  for (const family of families satisfies readonly ManagedType[]) {
    const members = wanted.filter(({ type, value }) => !names.has(value) && isManagedSubtype(type, family));
    for (const { object, properties } of await readProperties(session, family, members, ['name'], signal))
      names.set(object.value, plainName(properties.name));
  }
  return ref => (ref === undefined ? undefined : { ref, name: names.get(ref.value) ?? ref.value });
}
