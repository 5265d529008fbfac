import type { Clock } from '../../base/clock.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';

/** An event of the API: a data object whose type derives from Event. */
export interface LabEvent extends PlainObject {
  readonly _type: string;
  readonly key: number;
  readonly chainId: number;
  readonly createdTime: Date;
  readonly userName: string;
}

export interface NewEvent {
  /** A type that derives from Event. */
  readonly type: string;
  readonly message: string;
  /** Empty for what the server does by itself. */
  readonly userName: string;
  /** Events of one task have its chain; without it the event begins one. */
  readonly chainId?: number | undefined;
  /** The VM it happened to. */
  readonly vm?: LabVm | undefined;
  readonly fields?: PlainObject;
}

/** So many are kept. */
const maxEvents = 20_000;

/** What has happened on the server, oldest first. */
export class EventLog {
  readonly ref: MoRef = { type: 'EventManager', value: 'EventManager' };
  readonly #registry: ObjectRegistry;
  readonly #clock: Clock;
  readonly #events: LabEvent[] = [];
  #nextKey = 1;

  constructor(registry: ObjectRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  get events(): readonly LabEvent[] {
    return this.#events;
  }

  add({ type, message, userName, chainId, vm, fields }: NewEvent): void {
    const key = this.#nextKey;
    this.#nextKey += 1;
    this.#events.push({
      ...fields,
      _type: type,
      key,
      chainId: chainId ?? key,
      createdTime: this.#clock.now(),
      userName,
      ...(vm !== undefined && this.#placesOf(vm)),
      fullFormattedMessage: message,
    });
    if (this.#events.length > maxEvents) this.#events.shift();
    this.#registry.changed(this.ref);
  }

  /** Of something that happened to a VM. */
  addOfVm(
    vm: LabVm,
    type: string,
    what: string,
    event: Pick<NewEvent, 'userName' | 'chainId' | 'fields'>,
  ): void {
    const fields = { template: vm.settings['template'] === true, ...event.fields };
    const host = this.#nameOf(vm.home.host);
    this.add({ ...event, type, vm, fields, message: `${vm.name} on ${host} ${what}` });
  }

  /** What the virtual machine has to say itself. */
  addMessage(vm: LabVm, type: 'VmMessageWarningEvent' | 'VmMessageErrorEvent', text: string): void {
    const fields = { template: vm.settings['template'] === true, message: text };
    this.add({ type, vm, fields, userName: '', message: `Message on ${vm.name}: ${text}` });
  }

  /** The server's history is not kept for ever. */
  forget(): void {
    this.#events.length = 0;
  }

  /** An event that has no type of its own but an id, for instance "com.vmware.vc.VmDiskConsolidatedEvent". */
  addExtended(vm: LabVm, eventTypeId: string, severity: 'info' | 'warning' | 'error', message: string): void {
    const fields = {
      eventTypeId,
      severity,
      message,
      objectId: vm.ref.value,
      objectType: vm.ref.type,
      objectName: vm.name,
    };
    this.add({ type: 'EventEx', message, userName: '', vm, fields });
  }

  /** Where a VM is, as its events name it. */
  #placesOf(vm: LabVm): PlainObject {
    const { host, datastore } = vm.home;
    const cluster = this.#parentOf(host);
    const datacenter = this.#ancestor(vm.home.folder, 'Datacenter');
    return {
      vm: { name: vm.name, vm: vm.ref },
      host: { name: this.#nameOf(host), host },
      ds: { name: this.#nameOf(datastore), datastore },
      ...(cluster !== undefined && {
        computeResource: { name: this.#nameOf(cluster), computeResource: cluster },
      }),
      ...(datacenter !== undefined && { datacenter: { name: this.#nameOf(datacenter), datacenter } }),
    };
  }

  #nameOf(ref: MoRef): string {
    return String(this.#registry.find(ref)?.property('name'));
  }

  #parentOf(ref: MoRef): MoRef | undefined {
    return this.#registry.find(ref)?.property('parent') as MoRef | undefined;
  }

  #ancestor(ref: MoRef, type: string): MoRef | undefined {
    for (let at: MoRef | undefined = ref; at !== undefined; at = this.#parentOf(at))
      if (at.type === type) return at;
    return undefined;
  }
}
