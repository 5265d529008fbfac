import { isSubtype } from '../../core/vsphere/schema/schema.ts';
import { textIn, type PlainObject } from '../model/managedObject.ts';
import type { VmFacts } from '../model/vmDescription.ts';
import { parseDatastorePath } from './datastorePath.ts';
import { spacedUuid } from './vmdkDescriptor.ts';

/** The configuration file of a VM: a line `key = "value"` for each setting. */
export function formatVmx(vm: VmFacts): string {
  const values = new Map<string, string>([
    ['.encoding', 'UTF-8'],
    ['config.version', '8'],
    ['virtualHW.version', String(vm.settings['version']).replace(/^vmx-/, '')],
    ...vmxIdentity(vm),
    ...vm.devices.flatMap(device => deviceLines(device, vm.devices)),
    ...vm.disks.flatMap(chain => {
      const backing = chain.device['backing'] as PlainObject;
      const mode = String(backing['diskMode']).replace('_', '-');
      return slotLines(chain.device, vm.devices, [
        ['present', 'TRUE'],
        ['deviceType', 'scsi-hardDisk'],
        ['fileName', relativeTo(vm.home.path, chain.current.fileName)],
        ...(mode === 'persistent' ? [] : [['mode', mode] as const]),
        ...(chain.tracking.isActive ? [['ctkEnabled', 'TRUE'] as const] : []),
      ]);
    }),
  ]);
  for (const { key, value } of (vm.settings['extraConfig'] ?? []) as readonly PlainObject[])
    values.set(String(key), String(value));
  return [...values].map(([key, value]) => `${key} = "${escaped(value)}"\n`).join('');
}

/** Which kinds of controllers are called what in the file. */
export const controllerKinds: readonly (readonly [type: string, bus: string, virtualDev?: string])[] = [
  ['ParaVirtualSCSIController', 'scsi', 'pvscsi'],
  ['VirtualLsiLogicSASController', 'scsi', 'lsisas1068'],
  ['VirtualLsiLogicController', 'scsi', 'lsilogic'],
  ['VirtualBusLogicController', 'scsi', 'buslogic'],
  ['VirtualAHCIController', 'sata'],
  ['VirtualNVMEController', 'nvme'],
  ['VirtualIDEController', 'ide'],
];

/** What the file calls a guest, for instance "debian12-64" for "debian12_64Guest". */
export function vmxGuestName(guestId: string): string {
  return guestId.replace(/Guest/, '').replace(/_?64$/, '-64').toLowerCase();
}

function vmxIdentity({ settings, hardware, name }: VmFacts): (readonly [string, string])[] {
  return [
    ['nvram', `${name}.nvram`],
    ['displayName', name],
    ['annotation', textIn(settings, 'annotation') ?? ''],
    ['guestOS', vmxGuestName(String(settings['guestId']))],
    ['firmware', String(settings['firmware'])],
    ['memSize', String(hardware.memoryMB)],
    ['numvcpus', String(hardware.numCPU)],
    ['cpuid.coresPerSocket', String(hardware.numCoresPerSocket)],
    ['uuid.bios', spacedUuid(String(settings['uuid']))],
    ['uuid.location', spacedUuid(String(settings['locationId']))],
    ['vc.uuid', spacedUuid(String(settings['instanceUuid']))],
    ['ctkEnabled', settings['changeTrackingEnabled'] === true ? 'TRUE' : 'FALSE'],
  ];
}

function deviceLines(device: PlainObject, devices: readonly PlainObject[]): (readonly [string, string])[] {
  const type = textIn(device, '_type') ?? 'VirtualDevice';
  const controller = controllerKinds.find(([kind]) => type === kind);
  if (controller !== undefined) {
    const [, bus, virtualDev] = controller;
    const prefix = `${bus}${Number(device['busNumber'] ?? 0)}`;
    const chosen = virtualDev === undefined ? [] : [[`${prefix}.virtualDev`, virtualDev] as const];
    return bus === 'ide' ? [] : [[`${prefix}.present`, 'TRUE'], ...chosen];
  }
  if (isSubtype(type, 'VirtualEthernetCard')) return networkLines(device, devices, type);
  if (!isSubtype(type, 'VirtualCdrom')) return [];
  const backing = device['backing'] as PlainObject | undefined;
  const iso = textIn(backing, 'fileName');
  return slotLines(device, devices, [
    ['present', 'TRUE'],
    ['deviceType', iso === undefined ? 'atapi-cdrom' : 'cdrom-image'],
    ['fileName', iso ?? 'CD/DVD drive 0'],
    ['startConnected', 'FALSE'],
  ]);
}

function networkLines(
  device: PlainObject,
  devices: readonly PlainObject[],
  type: string,
): (readonly [string, string])[] {
  const cards = devices.filter(other => isSubtype(textIn(other, '_type') ?? '', 'VirtualEthernetCard'));
  const prefix = `ethernet${cards.indexOf(device)}`;
  const backing = device['backing'] as PlainObject | undefined;
  const virtualDev = type === 'VirtualVmxnet3' ? 'vmxnet3' : type.replace(/^Virtual/, '').toLowerCase();
  const isGiven = device['addressType'] === 'assigned';
  return [
    [`${prefix}.present`, 'TRUE'],
    [`${prefix}.virtualDev`, virtualDev],
    [`${prefix}.networkName`, textIn(backing, 'deviceName') ?? ''],
    [`${prefix}.addressType`, isGiven ? 'vpx' : (textIn(device, 'addressType') ?? 'generated')],
    [`${prefix}.${isGiven ? 'generatedAddress' : 'address'}`, textIn(device, 'macAddress') ?? ''],
  ];
}

/** Lines of what sits on a controller, for instance `scsi0:1.present`; none if its controller has no name there. */
function slotLines(
  device: PlainObject,
  devices: readonly PlainObject[],
  lines: readonly (readonly [field: string, value: string])[],
): (readonly [string, string])[] {
  const controller = devices.find(other => other['key'] === device['controllerKey']);
  const kind = controllerKinds.find(([type]) => type === textIn(controller, '_type'));
  if (kind === undefined) return [];
  const slot = `${kind[1]}${Number(controller?.['busNumber'] ?? 0)}:${Number(device['unitNumber'] ?? 0)}`;
  return lines.map(([field, value]) => [`${slot}.${field}`, value]);
}

/** Files of the VM's own folder go by their name alone. */
export function relativeTo(folder: string, fileName: string): string {
  if (fileName.startsWith(folder)) return fileName.slice(folder.length);
  return fileName.replace(/^\[([^\]]+)\] /, '/vmfs/volumes/$1/');
}

/** Disks elsewhere are named by the path that a host has them at. */
export function wholePath(fileName: string, homePath: string): string {
  const [, datastore, path] = /^\/vmfs\/volumes\/([^/]+)\/(.+)$/.exec(fileName) ?? [];
  if (datastore !== undefined && path !== undefined) return `[${datastore}] ${path}`;
  return parseDatastorePath(fileName) === undefined ? `${homePath}${fileName}` : fileName;
}

/** `|` begins the code of a character that would end the value. */
export function escaped(value: string): string {
  return value.replace(/[|"\r\n]/g, character => {
    const code = character.codePointAt(0) ?? 0;
    return `|${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
