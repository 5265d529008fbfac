import { AppError } from '../../base/errors.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { managedObjectNotFound } from '../soap/vimFault.ts';
import type { ManagedObject } from './managedObject.ts';

/** All managed objects by id, and the news that something about them has changed. */
export class ObjectRegistry {
  readonly #objects = new Map<string, ManagedObject>();
  readonly #nextNumber = new Map<string, number>();
  readonly #waiters = new Set<() => void>();
  #changeCount = 0;
  readonly #changedAt = new Map<string, number>();
  #allChangedAt = 0;

  /** Grows with every change of any object. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** A new id, for instance `vm-1003` for the prefix `vm`. */
  newId(prefix: string): string {
    const number = this.#nextNumber.get(prefix) ?? 1001;
    this.#nextNumber.set(prefix, number + 1);
    return `${prefix}-${number}`;
  }

  add<Added extends ManagedObject>(object: Added): Added {
    if (this.#objects.has(object.ref.value))
      throw new AppError('INTERNAL', `the id ${object.ref.value} is taken`);
    this.#objects.set(object.ref.value, object);
    this.changed(object.ref);
    return object;
  }

  remove(ref: MoRef): void {
    this.#objects.delete(ref.value);
    this.changed(ref);
    this.#changedAt.delete(ref.value);
  }

  /** Ids are unique, whatever the type. */
  withId(id: string): ManagedObject | undefined {
    return this.#objects.get(id);
  }

  find(ref: MoRef): ManagedObject | undefined {
    const object = this.#objects.get(ref.value);
    return object?.ref.type === ref.type ? object : undefined;
  }

  /** @throws VimFault ManagedObjectNotFound */
  get(ref: MoRef): ManagedObject {
    const object = this.find(ref);
    if (object === undefined) throw managedObjectNotFound(ref);
    return object;
  }

  /** All objects of one class. */
  *instancesOf<Wanted extends ManagedObject>(
    wanted: abstract new (...parameters: never[]) => Wanted,
  ): Generator<Wanted> {
    for (const object of this.#objects.values()) if (object instanceof wanted) yield object;
  }

  /** When an object that tells its changes last did; only differences mean anything. */
  revisionOf(ref: MoRef): number {
    return Math.max(this.#allChangedAt, this.#changedAt.get(ref.value) ?? 0);
  }

  /**
   * To be called after every change of a property, so that waiting clients hear of it.
   * @param ref  what has changed, if it is this object alone
   */
  changed(ref?: MoRef): void {
    this.#changeCount += 1;
    if (ref === undefined) this.#allChangedAt = this.#changeCount;
    else this.#changedAt.set(ref.value, this.#changeCount);
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next change, or when the signal is aborted. */
  async nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>(resolve => {
      const wake = () => {
        this.#waiters.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
