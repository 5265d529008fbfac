import { textIn, type PlainObject } from './managedObject.ts';

/** What leases and OVF imports call a device, for instance "VirtualLsiLogicController0:0": controller, bus, unit. */
export function deviceId(device: PlainObject, devices: readonly PlainObject[]): string {
  const controller = devices.find(candidate => candidate['key'] === device['controllerKey']);
  const type = textIn(controller, '_type') ?? 'VirtualController';
  return `${type}${Number(controller?.['busNumber'] ?? 0)}:${Number(device['unitNumber'] ?? 0)}`;
}
