import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { taskName } from '../history/taskNames.ts';
import type { LabContext } from '../labContext.ts';
import type { LabVm } from '../model/labVm.ts';
import { LabTask, type TaskRequest, type TaskWork } from '../model/labTask.ts';
import type { ManagedObject, PlainObject } from '../model/managedObject.ts';
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

export interface TaskOptions extends VmTaskOptions {
  readonly entity: MoRef;
  readonly entityName: string;
  /** The VM it is about, if it is about one. */
  readonly vm?: LabVm;
  /** Called once when the task is over. */
  readonly onEnd?: () => void;
}

/** @returns the task's reference, the answer of every `_Task` method */
export function startTask({ lab, session }: MethodCall, options: TaskOptions, work: TaskWork): MoRef {
  const { vm, ...described } = options;
  const { userName } = session;
  const request: TaskRequest = { onEnd: () => undefined, userName, ...described };
  const task = LabTask.start(lab.registry, lab.clock, request, () => lab.faults.taskStepMs, work);
  lab.events.add({
    type: 'TaskEvent',
    message: `Task: ${taskName(options.descriptionId)}`,
    userName,
    chainId: task.eventChainId,
    vm,
    fields: { info: task.property() },
  });
  vm?.addRecentTask(task.ref);
  return task.ref;
}

/** Tells of something that the task did to its VM, as an event. */
export type TellEvent = (type: string, what: string, fields?: PlainObject) => void;

export type VmTaskWork = (
  progress: (percent: number) => Promise<void>,
  signal: AbortSignal,
  tell: TellEvent,
) => Promise<unknown>;

/**
 * Starts a task on a VM, which is locked until the task is over.
 * @returns the task's reference, the answer of every `_Task` method
 * @throws VimFault TaskInProgress
 */
export function startVmTask(call: MethodCall, vm: LabVm, options: VmTaskOptions, work: VmTaskWork): MoRef {
  vm.assertUnlocked();
  const onEnd = () => vm.unlock(task);
  const { events } = call.lab;
  const { userName } = call.session;
  const described = { entity: vm.ref, entityName: vm.name, vm, ...options, onEnd };
  const task = startTask(
    call,
    described,
    async (progress, signal, chainId) =>
      await work(progress, signal, (type, what, fields) => {
        events.addOfVm(vm, type, what, { userName, chainId, ...(fields !== undefined && { fields }) });
      }),
  );
  vm.lock(task);
  return task;
}
