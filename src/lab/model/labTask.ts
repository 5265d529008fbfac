import { CancelledError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { toVimFault, VimFault } from '../soap/vimFault.ts';
import type { ManagedObject, PlainObject } from './managedObject.ts';
import type { ObjectRegistry } from './objectRegistry.ts';

export interface TaskRequest {
  readonly entity: MoRef;
  readonly entityName: string;
  /** For instance "VirtualMachine.createSnapshot". */
  readonly descriptionId: string;
  readonly userName: string;
  readonly cancelable: boolean;
  /** Called once when the task is over, however it ended and whether its work had begun or not. */
  readonly onEnd: () => void;
}

/** What a task does; its progress comes in percent. The result becomes `info.result`. */
export type TaskWork = (
  progress: (percent: number) => Promise<void>,
  signal: AbortSignal,
  /** Of the events that the task leads to. */
  eventChainId: number,
) => Promise<unknown>;

type TaskState = 'queued' | 'running' | 'success' | 'error';

/** A piece of work the server does after having answered. */
export class LabTask implements ManagedObject {
  readonly ref: MoRef;
  readonly #request: TaskRequest;
  readonly #queueTime: Date;
  readonly #cancel = new AbortController();
  #state: TaskState = 'queued';
  #startTime: Date | undefined;
  #completeTime: Date | undefined;
  #progress: number | undefined;
  #result: unknown;
  #error: VimFault | undefined;

  constructor(ref: MoRef, request: TaskRequest, queueTime: Date) {
    this.ref = ref;
    this.#request = request;
    this.#queueTime = queueTime;
  }

  /** Begins the work without waiting for it; it ends in the task's state, whatever happens. */
  static start(
    registry: ObjectRegistry,
    clock: Clock,
    request: TaskRequest,
    stepMs: () => number,
    work: TaskWork,
  ): LabTask {
    const ref = { type: 'Task', value: registry.newId('task') };
    const task = registry.add(new LabTask(ref, request, clock.now()));
    void task.#run(registry, clock, stepMs, work);
    return task;
  }

  /** What it works on. */
  get entity(): MoRef {
    return this.#request.entity;
  }

  get eventChainId(): number {
    return Number(this.ref.value.replace(/\D/g, ''));
  }

  get finished(): boolean {
    return this.#state === 'success' || this.#state === 'error';
  }

  property(): PlainObject {
    return this.#info();
  }

  /** @throws VimFault if the task cannot be cancelled or is over */
  cancel(): void {
    if (!this.#request.cancelable)
      throw new VimFault('NotSupported', 'The operation is not supported on the object.');
    if (this.finished)
      throw new VimFault('InvalidState', 'The operation is not allowed in the current state.');
    this.#cancel.abort();
  }

  async #run(registry: ObjectRegistry, clock: Clock, stepMs: () => number, work: TaskWork): Promise<void> {
    const signal = this.#cancel.signal;
    const progress = async (percent: number) => {
      this.#progress = percent;
      registry.changed(this.#request.entity);
      await clock.sleep(stepMs(), signal);
    };
    try {
      await clock.sleep(stepMs(), signal);
      this.#state = 'running';
      this.#startTime = clock.now();
      await progress(0);
      this.#result = await work(progress, signal, this.eventChainId);
      this.#state = 'success';
    } catch (error) {
      this.#error =
        error instanceof CancelledError || signal.aborted
          ? new VimFault('RequestCanceled', 'The task was canceled by a user.')
          : toVimFault(error);
      this.#state = 'error';
    }
    this.#completeTime = clock.now();
    this.#request.onEnd();
    registry.changed(this.#request.entity);
  }

  #info(): PlainObject {
    const { entity, entityName, descriptionId, userName, cancelable } = this.#request;
    return {
      key: this.ref.value,
      task: this.ref,
      name: `${descriptionId.split('.').at(-1) ?? ''}_Task`,
      descriptionId,
      entity,
      entityName,
      state: this.#state,
      cancelled: this.#cancel.signal.aborted,
      cancelable: cancelable && !this.finished,
      error: this.#error?.toLocalized(),
      result: this.#result,
      progress: this.finished ? undefined : this.#progress,
      reason: { _type: 'TaskReasonUser', userName },
      queueTime: this.#queueTime,
      startTime: this.#startTime,
      completeTime: this.#completeTime,
      eventChainId: this.eventChainId,
    };
  }
}
