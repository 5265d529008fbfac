import { toHex, type Random } from '../../base/random.ts';
import { isSubtype } from '../../core/vsphere/schema/schema.ts';
import { textIn, type PlainObject } from './managedObject.ts';

/** Where the keys of devices begin that are counted by people from 1. */
const firstKeys = { disk: 2000, networkCard: 4000, cdrom: 16_000, ideCdrom: 3000 } as const;

/** The device with the label and summary that vCenter shows, unless it has them. */
export function withDeviceInfo(device: PlainObject): PlainObject {
  return device['deviceInfo'] === undefined ? { ...device, deviceInfo: deviceInfo(device) } : device;
}

/** Every controller with the keys of the devices on it. */
export function withChildren(devices: readonly PlainObject[]): PlainObject[] {
  return devices.map(device => {
    if (!isA(device, 'VirtualController')) return device;
    const children = devices
      .filter(child => child['controllerKey'] === device['key'])
      .map(child => child['key']);
    return { ...device, ...(children.length > 0 && { device: children }) };
  });
}

/** A network card with an address from the range that vCenter gives out, unless it has one. */
export function withMacAddress(device: PlainObject, random: Random): PlainObject {
  if (!isA(device, 'VirtualEthernetCard') || device['macAddress'] !== undefined) return device;
  const [first = 0, ...rest] = random.bytes(3);
  const own = toHex(Uint8Array.of(0x80 | (first & 0x3f), ...rest)).replace(/..(?=.)/g, '$&:');
  return { ...device, macAddress: `00:50:56:${own}` };
}

function deviceInfo(device: PlainObject): PlainObject {
  const key = Number(device['key']);
  const bus = Number(device['busNumber'] ?? 0);
  const backing = device['backing'] as PlainObject | undefined;
  if (isA(device, 'VirtualDisk')) {
    const summary = `${Number(device['capacityInKB']).toLocaleString('en-US')} KB`;
    return { label: `Hard disk ${key - firstKeys.disk + 1}`, summary };
  }
  if (isA(device, 'VirtualEthernetCard')) {
    const label = `Network adapter ${key - firstKeys.networkCard + 1}`;
    return { label, summary: textIn(backing, 'deviceName') ?? label };
  }
  if (isA(device, 'VirtualCdrom')) {
    const first = key >= firstKeys.cdrom ? firstKeys.cdrom : firstKeys.ideCdrom;
    return { label: `CD/DVD drive ${key - first + 1}`, summary: cdromSummary(backing) };
  }
  for (const [type, label, summary] of controllerNames) {
    if (isA(device, type)) return { label: `${label} ${bus}`, summary: summary ?? `${label} ${bus}` };
  }
  const name = (textIn(device, '_type') ?? 'device').replace(/^Virtual(Machine)?/, '');
  return { label: name, summary: name };
}

/** Derived types before their bases. */
const controllerNames: readonly (readonly [type: string, label: string, summary?: string])[] = [
  ['ParaVirtualSCSIController', 'SCSI controller', 'VMware paravirtual SCSI'],
  ['VirtualLsiLogicSASController', 'SCSI controller', 'LSI Logic SAS'],
  ['VirtualLsiLogicController', 'SCSI controller', 'LSI Logic'],
  ['VirtualBusLogicController', 'SCSI controller', 'BusLogic'],
  ['VirtualSATAController', 'SATA controller', 'AHCI'],
  ['VirtualNVMEController', 'NVME controller'],
  ['VirtualIDEController', 'IDE'],
  ['VirtualController', 'Controller'],
];

function cdromSummary(backing: PlainObject | undefined): string {
  const type = textIn(backing, '_type');
  if (type === 'VirtualCdromIsoBackingInfo') return `ISO ${textIn(backing, 'fileName') ?? ''}`;
  return type === 'VirtualCdromRemoteAtapiBackingInfo' ? 'Remote ATAPI' : 'Remote device';
}

function isA(device: PlainObject, type: string): boolean {
  return isSubtype(textIn(device, '_type') ?? 'VirtualDevice', type);
}
