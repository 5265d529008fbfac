import type { AppError } from '../../base/errors.ts';
import { compareLevels } from '../consistency/level.ts';
import type { Acceptance, RecoveryGoal } from '../consistency/recovery/goal.ts';

/** What a goal is for: one VM, or all that belong together in one of these ways. */
export type GoalScope =
  | { readonly kind: 'vm'; readonly serverInstanceUuid: string; readonly vmInstanceUuid: string }
  | {
      readonly kind: 'folder';
      readonly serverInstanceUuid: string;
      /** `/datacenter/vm/folder` with the folders below it; `/` is the whole server. */
      readonly path: string;
    }
  | {
      readonly kind: 'compute';
      readonly serverInstanceUuid: string;
      /** `/datacenter/host/cluster`, or one host: the VMs that run there now. */
      readonly path: string;
    }
  | {
      readonly kind: 'tag';
      readonly serverInstanceUuid: string;
      readonly category: string;
      /** Unique within its category. */
      readonly tag: string;
    }
  | {
      /** VMs that somebody has put together under a name. */
      readonly kind: 'group';
      readonly serverInstanceUuid: string;
      readonly group: string;
      readonly vmInstanceUuids: readonly string[];
    };

/** What tells a scope from all others; of a group its VMs do not. */
export function scopeKey(scope: GoalScope): readonly string[] {
  const { kind, serverInstanceUuid } = scope;
  switch (kind) {
    case 'vm':
      return [kind, serverInstanceUuid, scope.vmInstanceUuid];
    case 'folder':
    case 'compute':
      return [kind, serverInstanceUuid, scope.path];
    case 'tag':
      return [kind, serverInstanceUuid, scope.category, scope.tag];
    case 'group':
      return [kind, serverInstanceUuid, scope.group];
  }
}

/** A goal as it is kept. */
export interface GoalRecord {
  readonly scope: GoalScope;
  /** As people know the VM or what it belongs to; a VM may be called otherwise by now. */
  readonly name: string;
  readonly goal: RecoveryGoal;
  readonly setBy: string;
  readonly setAt: Date;
}

/** An acceptance as it is kept. */
export interface AcceptanceRecord extends Acceptance {
  readonly serverInstanceUuid: string;
  readonly vmInstanceUuid: string;
  readonly vmName: string;
}

/** Everything that is kept. */
export interface GoalBook {
  readonly goals: readonly GoalRecord[];
  readonly acceptances: readonly AcceptanceRecord[];
  /** Records that cannot be read; the others count all the same. */
  readonly problems: readonly AppError[];
}

/** Keeps goals and acceptances; the worker and the command line share one. */
export interface GoalStore {
  read(signal: AbortSignal): Promise<GoalBook>;
  /** Takes the place of a former goal of the same scope. */
  set(record: GoalRecord): Promise<void>;
  /** Does nothing where there is none. */
  remove(scope: GoalScope): Promise<void>;
  accept(record: AcceptanceRecord): Promise<void>;
}

/** A VM as goals know it. */
export interface GoalSubject {
  readonly serverInstanceUuid: string;
  /** Undefined for a VM whose configuration cannot be read: no goal of its own can be kept for it. */
  readonly vmInstanceUuid: string | undefined;
  /** `/datacenter/vm/folder/name` */
  readonly inventoryPath: string;
  /** `/datacenter/host/cluster/host/name`; undefined while no host that may be seen has the VM. */
  readonly computePath: string | undefined;
  readonly tags: readonly { readonly category: string; readonly name: string }[];
}

/** What people name comes before where a VM lies, and where it lies before where it happens to run. */
const order: readonly GoalScope['kind'][] = ['vm', 'group', 'tag', 'folder', 'compute'];

/**
 * The goal that holds for a VM: its own, that of a group it is in, of a tag it has, of its innermost folder, of its host or
 * cluster, in this order. Of several groups or tags, the goal that asks for the most.
 */
export function goalOf(goals: readonly GoalRecord[], vm: GoalSubject): GoalRecord | undefined {
  return goals
    .filter(({ scope }) => isFor(scope, vm))
    .toSorted(
      (one, other) =>
        order.indexOf(one.scope.kind) - order.indexOf(other.scope.kind) ||
        depthOf(other.scope) - depthOf(one.scope) ||
        compareDemands(one.goal, other.goal) ||
        (one.name < other.name ? -1 : 1),
    )[0];
}

function isFor(scope: GoalScope, vm: GoalSubject): boolean {
  if (scope.serverInstanceUuid !== vm.serverInstanceUuid) return false;
  switch (scope.kind) {
    case 'vm':
      return scope.vmInstanceUuid === vm.vmInstanceUuid;
    case 'group':
      return vm.vmInstanceUuid !== undefined && scope.vmInstanceUuids.includes(vm.vmInstanceUuid);
    case 'tag':
      return vm.tags.some(({ category, name }) => category === scope.category && name === scope.tag);
    case 'folder':
      return isBelow(vm.inventoryPath, scope.path);
    case 'compute':
      return vm.computePath !== undefined && isBelow(vm.computePath, scope.path);
  }
}

function depthOf(scope: GoalScope): number {
  return scope.kind === 'folder' || scope.kind === 'compute' ? scope.path.length : 0;
}

/** The one that asks for more first: a higher level, then a shorter time. */
function compareDemands(one: RecoveryGoal, other: RecoveryGoal): number {
  const endless = Number.MAX_SAFE_INTEGER;
  return (
    compareLevels(other.minimumLevel, one.minimumLevel) ||
    (one.maxAgeMs ?? endless) - (other.maxAgeMs ?? endless) ||
    (one.maxRecoveryMs ?? endless) - (other.maxRecoveryMs ?? endless)
  );
}

export function acceptancesOf(
  acceptances: readonly AcceptanceRecord[],
  vm: GoalSubject,
): readonly AcceptanceRecord[] {
  return acceptances.filter(
    ({ serverInstanceUuid, vmInstanceUuid }) =>
      serverInstanceUuid === vm.serverInstanceUuid && vmInstanceUuid === vm.vmInstanceUuid,
  );
}

function isBelow(inventoryPath: string, folder: string): boolean {
  return folder === '/' || inventoryPath.startsWith(`${folder}/`);
}
