import type { Clock } from '../../base/clock.ts';
import type { LabVm } from './labVm.ts';
import type { PlainObject } from './managedObject.ts';

/** Of the kinds of events of VMs those that the lab has reasons to tell of. */
export type VmEventType =
  | 'VmPoweredOnEvent'
  | 'VmPoweredOffEvent'
  | 'VmGuestShutdownEvent'
  | 'VmMessageWarningEvent'
  | 'VmMessageErrorEvent';

export interface LabEvent {
  readonly type: VmEventType;
  readonly vmId: string;
  readonly createdTime: Date;
  readonly description: PlainObject;
}

/** What has happened to the VMs, oldest first. */
export class EventLog {
  readonly #clock: Clock;
  readonly #events: LabEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(type: VmEventType, vm: LabVm, text: string): void {
    const createdTime = this.#clock.now();
    const key = this.#events.length + 1;
    const isMessage = type.startsWith('VmMessage');
    const fullFormattedMessage = isMessage ? `Message on ${vm.name}: ${text}` : text;
    this.#events.push({
      type,
      vmId: vm.ref.value,
      createdTime,
      description: {
        ...{ _type: type, key, chainId: key, createdTime, userName: 'VSPHERE.LOCAL\\Administrator' },
        vm: { name: vm.name, vm: vm.ref },
        ...{ fullFormattedMessage, template: false },
        ...(isMessage && { message: text }),
      },
    });
  }

  all(): readonly LabEvent[] {
    return this.#events;
  }

  /** The server's history is not kept for ever. */
  forget(): void {
    this.#events.length = 0;
  }
}
