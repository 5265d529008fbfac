import type { PlainObject } from './managedObject.ts';

/** What leases and OVF imports call a device, for instance "VirtualLsiLogicController0:0": controller, bus, unit. */
export function deviceId(device: PlainObject, devices: readonly PlainObject[]): string {
  const controller = devices.find(candidate => candidate['key'] === device['controllerKey']);
  const type = String(controller?.['_type'] ?? 'VirtualController');
  return `${type}${String(controller?.['busNumber'] ?? 0)}:${String(device['unitNumber'] ?? 0)}`;
}
