import type { AppError } from '../../base/errors.ts';
import type { Acceptance, RecoveryGoal } from '../consistency/recovery/goal.ts';

/** What a goal is for: one VM, or every VM in a folder of the inventory and in the folders below it. */
export type GoalScope =
  | { readonly kind: 'vm'; readonly serverInstanceUuid: string; readonly vmInstanceUuid: string }
  | {
      readonly kind: 'folder';
      readonly serverInstanceUuid: string;
      /** `/datacenter/vm/folder`; `/` is the whole server. */
      readonly path: string;
    };

/** A goal as it is kept. */
export interface GoalRecord {
  readonly scope: GoalScope;
  /** As people know the VM or folder; a VM may be called otherwise by now. */
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
}

/** The goal that holds for a VM: its own, or that of the innermost folder that has one. */
export function goalOf(goals: readonly GoalRecord[], vm: GoalSubject): GoalRecord | undefined {
  const here = goals.filter(({ scope }) => scope.serverInstanceUuid === vm.serverInstanceUuid);
  const own = here.find(({ scope }) => scope.kind === 'vm' && scope.vmInstanceUuid === vm.vmInstanceUuid);
  if (own !== undefined) return own;
  return here
    .flatMap(record => (record.scope.kind === 'folder' ? [{ record, path: record.scope.path }] : []))
    .filter(({ path }) => isBelow(vm.inventoryPath, path))
    .toSorted((one, other) => other.path.length - one.path.length)[0]?.record;
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
