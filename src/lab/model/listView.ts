import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { ManagedObject } from './managedObject.ts';

/** Objects that a client has put together. */
export class ListView implements ManagedObject {
  readonly ref: MoRef;
  #members = new Map<string, MoRef>();

  constructor(ref: MoRef, members: readonly MoRef[]) {
    this.ref = ref;
    this.reset(members);
  }

  reset(members: readonly MoRef[]): void {
    this.#members = new Map(members.map(member => [member.value, member]));
  }

  modify(add: readonly MoRef[], remove: readonly MoRef[]): void {
    for (const member of add) this.#members.set(member.value, member);
    for (const { value } of remove) this.#members.delete(value);
  }

  property(): unknown {
    return [...this.#members.values()];
  }
}
