import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabContext } from '../labContext.ts';
import type { LabVm } from '../model/labVm.ts';
import { LabTask, type TaskRequest, type TaskWork } from '../model/labTask.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { LabSession } from '../sessions.ts';
import { invalidRequest } from '../soap/vimFault.ts';

/** One call of a method, checked against the schema, by a client that may make it. */
export interface MethodCall<Self extends ManagedObject = ManagedObject> {
  readonly lab: LabContext;
  readonly session: LabSession;
  /** Of the API, as the client speaks it. */
  readonly version: string;
  readonly self: Self;
  /** In plain form, as the schema says; absent where optional. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Aborted when the client hangs up or its session ends. */
  readonly signal: AbortSignal;
}

/** A method of the API: what it may be called on, and what it answers, in plain form. */
export interface Method {
  /** The managed type, or a base of it. */
  readonly on: string;
  readonly answer: (call: MethodCall) => unknown;
}

/** The methods of one concern by name. */
export type MethodTable = Readonly<Record<string, Method>>;

/** The object as what the method's table says it is. */
export function instanceOf<Wanted extends ManagedObject>(
  object: ManagedObject,
  wanted: abstract new (...parameters: never[]) => Wanted,
): Wanted {
  if (object instanceof wanted) return object;
  throw invalidRequest(`${object.ref.type} ${object.ref.value} does not have this method`);
}

export interface VmTaskOptions {
  readonly descriptionId: string;
  readonly cancelable: boolean;
}

/**
 * Starts a task on a VM, which is locked until the task is over.
 * @returns the task's reference, the answer of every `_Task` method
 * @throws VimFault TaskInProgress
 */
export function startVmTask(call: MethodCall, vm: LabVm, options: VmTaskOptions, work: TaskWork): MoRef {
  const { lab, session } = call;
  vm.assertUnlocked();
  const request: TaskRequest = {
    entity: vm.ref,
    entityName: vm.name,
    userName: session.userName,
    ...options,
    onEnd: () => vm.unlock(task.ref),
  };
  const task = LabTask.start(lab.registry, lab.clock, request, () => lab.faults.taskStepMs, work);
  vm.lock(task.ref);
  return task.ref;
}
