import { plainName } from '../vsphere/entityName.ts';
import { readAllOfType } from '../vsphere/propertyCollector.ts';
import type { ObjectProperties } from '../vsphere/propertyCollector.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import { assessmentFacts, assessmentPaths } from './assessmentFacts.ts';
import type { AssessedProperties, AssessmentFacts } from './assessmentFacts.ts';
import { readInventoryTree } from './inventoryPath.ts';
import type { InventoryTree } from './inventoryPath.ts';

/** Which VM: what a snapshot, a backup or a restore is told to work on. */
export interface VmIdentity {
  readonly ref: MoRef;
  readonly name: string;
}

/** A VM as a list shows it. */
export interface VmSummary extends VmIdentity {
  /** Unique within a vCenter; missing for a VM whose configuration cannot be read. */
  readonly instanceUuid: string | undefined;
  readonly biosUuid: string | undefined;
  /** `/datacenter/vm/folder/name`. */
  readonly inventoryPath: string;
  readonly powerState: string;
  /** `connected`, or why the VM cannot be used: `disconnected`, `inaccessible`, `orphaned`, `invalid`. */
  readonly connectionState: string;
  readonly isTemplate: boolean;
  /** What the tools report, otherwise what the VM is configured for. */
  readonly guestName: string | undefined;
  /** `guestToolsRunning`, `guestToolsNotRunning`, …; undefined if the server does not say. */
  readonly toolsState: string | undefined;
  readonly diskCount: number;
  readonly capacityBytes: number;
  readonly hasSnapshots: boolean;
  /** `/datacenter/host/cluster/host/name`; undefined while no host that may be seen has the VM. */
  readonly computePath: string | undefined;
  /** Undefined for a VM that is in no vApp, or in one that may not be seen. */
  readonly vAppName: string | undefined;
  /** What the assessment of its consistency looks at. */
  readonly facts: AssessmentFacts;
}

/** What a list reads of a VM besides what its assessment looks at. */
export const listedPaths = [
  'name',
  'parent',
  'parentVApp',
  'config.instanceUuid',
  'config.uuid',
  'config.guestFullName',
  'guest.guestFullName',
] as const;

const paths = [...assessmentPaths, ...listedPaths] as const;

/** Values by path; `datastore` is there where somebody has asked for it. */
export type VmProperties = ObjectProperties<
  'VirtualMachine',
  (typeof paths)[number] | 'datastore'
>['properties'];

/** Every VM and template the user may see, sorted by path. */
export async function listVirtualMachines(session: VimSession, signal: AbortSignal): Promise<VmSummary[]> {
  const tree = await readInventoryTree(session, signal);
  const machines = await readAllOfType(session, 'VirtualMachine', paths, signal);
  return machines
    .map(machine => vmSummary(machine, tree))
    .sort((left, right) => (left.inventoryPath < right.inventoryPath ? -1 : 1));
}

export function vmSummary(
  { object, properties }: { readonly object: MoRef; readonly properties: VmProperties },
  tree: InventoryTree,
): VmSummary {
  const name = plainName(properties.name);
  const host = properties['runtime.host'];
  const facts = assessmentFacts(asTree(properties), tree.productOf(host));
  const disks = facts.disks ?? [];
  return {
    ref: object,
    name,
    instanceUuid: properties['config.instanceUuid'],
    biosUuid: properties['config.uuid'],
    inventoryPath: tree.pathOf(name, properties.parent ?? properties.parentVApp),
    powerState: properties['runtime.powerState'] ?? 'unknown',
    connectionState: properties['runtime.connectionState'] ?? 'unknown',
    isTemplate: properties['config.template'] ?? false,
    guestName: nonEmpty(properties['guest.guestFullName']) ?? properties['config.guestFullName'],
    toolsState: properties['guest.toolsRunningStatus'],
    diskCount: disks.length,
    capacityBytes: disks.reduce((sum, disk) => sum + disk.capacityBytes, 0),
    hasSnapshots: properties.snapshot !== undefined,
    computePath: host !== undefined && tree.knows(host) ? tree.pathOf(name, host) : undefined,
    vAppName: properties.parentVApp === undefined ? undefined : tree.nameOf(properties.parentVApp),
    facts,
  };
}

/** `{ 'config.guestId': … }` as `{ config: { guestId: … } }`. */
function asTree(properties: Readonly<Record<string, unknown>>): AssessedProperties {
  const root: Record<string, unknown> = {};
  for (const path of assessmentPaths) {
    const value = properties[path];
    if (value === undefined) continue;
    const steps = path.split('.');
    const last = steps.pop() ?? path;
    let at = root;
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return root;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
