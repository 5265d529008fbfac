import type { Vim } from '../../vsphere/vimCaller.ts';
import { isVim } from '../../vsphere/vimCaller.ts';
import { networkName } from './restoredConfig.ts';

/** A disk as the descriptor refers to it; the file is what the upload is called, nobody opens it. */
export interface OvfDisk {
  readonly deviceKey: number;
  readonly capacityBytes: number;
  readonly fileName: string;
}

/**
 * An OVF 1.1 envelope for one VM: what a server needs to check the hardware and to prepare the upload. It is not the
 * whole configuration; the import's specification carries that.
 * @see DMTF DSP0243, DSP0004 (CIM_ResourceAllocationSettingData)
 */
export function ovfDescriptor(
  config: Vim<'VirtualMachineConfigInfo'>,
  name: string,
  disks: readonly OvfDisk[],
): string {
  const devices = config.hardware.device ?? [];
  const cards = devices.filter(device => isVim(device, 'VirtualEthernetCard'));
  const networks = [...new Set(cards.map(networkName))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Envelope xmlns="${namespaces.ovf}" xmlns:ovf="${namespaces.ovf}" xmlns:rasd="${namespaces.rasd}" xmlns:vssd="${namespaces.vssd}">`,
    '<References>',
    ...disks.map((disk, index) => `<File ovf:id="file${index}" ovf:href="${escapeXml(disk.fileName)}"/>`),
    '</References>',
    '<DiskSection><Info>Virtual disks</Info>',
    ...disks.map(
      (disk, index) =>
        `<Disk ovf:diskId="disk${index}" ovf:fileRef="file${index}" ovf:capacity="${disk.capacityBytes}" ovf:format="${streamOptimizedFormat}"/>`,
    ),
    '</DiskSection>',
    '<NetworkSection><Info>Networks</Info>',
    ...networks.map(network => `<Network ovf:name="${escapeXml(network)}"/>`),
    '</NetworkSection>',
    `<VirtualSystem ovf:id="${escapeXml(name)}"><Info>A virtual machine</Info><Name>${escapeXml(name)}</Name>`,
    `<OperatingSystemSection ovf:id="1"><Info>${escapeXml(config.guestFullName)}</Info></OperatingSystemSection>`,
    '<VirtualHardwareSection><Info>Virtual hardware</Info>',
    systemElement(config),
    ...hardwareItems(config, devices, disks).map(itemElement),
    '</VirtualHardwareSection></VirtualSystem></Envelope>',
  ].join('\n');
}

const namespaces = {
  ovf: 'http://schemas.dmtf.org/ovf/envelope/1',
  rasd: 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData',
  vssd: 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData',
} as const;

const streamOptimizedFormat = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';

/** CIM resource types. */
const resource = { processor: 3, memory: 4, ide: 5, scsi: 6, ethernet: 10, disk: 17, storage: 20 } as const;

/** Fields of an item in the order the schema of OVF 1.x prescribes: alphabetical. */
interface HardwareItem {
  readonly Address?: number;
  readonly AddressOnParent?: number;
  readonly AllocationUnits?: string;
  readonly Connection?: string;
  readonly ElementName: string;
  readonly HostResource?: string;
  readonly InstanceID: number;
  readonly Parent?: number;
  readonly ResourceSubType?: string;
  readonly ResourceType: number;
  readonly VirtualQuantity?: number;
}

function hardwareItems(
  config: Vim<'VirtualMachineConfigInfo'>,
  devices: readonly Vim<'VirtualDevice'>[],
  disks: readonly OvfDisk[],
): HardwareItem[] {
  const controllers = devices.flatMap(device => controllerItem(device));
  const withController = new Set(controllers.map(item => item.InstanceID));
  return [
    {
      AllocationUnits: 'hertz * 10^6',
      ElementName: 'Processors',
      InstanceID: 1,
      ResourceType: resource.processor,
      VirtualQuantity: config.hardware.numCPU,
    },
    {
      AllocationUnits: 'byte * 2^20',
      ElementName: 'Memory',
      InstanceID: 2,
      ResourceType: resource.memory,
      VirtualQuantity: config.hardware.memoryMB,
    },
    ...controllers,
    ...devices.flatMap(device => {
      const index = disks.findIndex(disk => disk.deviceKey === device.key);
      if (index < 0 || device.controllerKey === undefined) return [];
      const parent = instanceId(device.controllerKey);
      return [
        {
          ...(device.unitNumber !== undefined && { AddressOnParent: device.unitNumber }),
          ElementName: `Disk ${index + 1}`,
          HostResource: `ovf:/disk/disk${index}`,
          InstanceID: instanceId(device.key),
          ...(withController.has(parent) && { Parent: parent }),
          ResourceType: resource.disk,
        },
      ];
    }),
    ...devices.flatMap(device =>
      isVim(device, 'VirtualEthernetCard')
        ? [
            {
              Connection: networkName(device),
              ElementName: device.deviceInfo?.label ?? 'Network adapter',
              InstanceID: instanceId(device.key),
              ResourceSubType: device._type.replace(/^Virtual/, ''),
              ResourceType: resource.ethernet,
            },
          ]
        : [],
    ),
  ];
}

/** Names of controllers in OVF as VMware writes them. */
const controllerKinds = [
  ['ParaVirtualSCSIController', resource.scsi, 'VirtualSCSI'],
  ['VirtualLsiLogicSASController', resource.scsi, 'lsilogicsas'],
  ['VirtualLsiLogicController', resource.scsi, 'lsilogic'],
  ['VirtualBusLogicController', resource.scsi, 'buslogic'],
  ['VirtualIDEController', resource.ide, undefined],
  ['VirtualAHCIController', resource.storage, 'vmware.sata.ahci'],
  ['VirtualNVMEController', resource.storage, 'vmware.nvme.controller'],
] as const;

function controllerItem(device: Vim<'VirtualDevice'>): HardwareItem[] {
  const kind = controllerKinds.find(([type]) => isVim(device, type));
  if (kind === undefined || !isVim(device, 'VirtualController')) return [];
  const [, resourceType, subType] = kind;
  return [
    {
      Address: device.busNumber,
      ElementName: device.deviceInfo?.label ?? `Controller ${device.key}`,
      InstanceID: instanceId(device.key),
      ...(subType !== undefined && { ResourceSubType: subType }),
      ResourceType: resourceType,
    },
  ];
}

/** Device keys are 100 and more, so that 1 and 2 stay free for processors and memory. */
function instanceId(deviceKey: number): number {
  return deviceKey + 3;
}

function systemElement(config: Vim<'VirtualMachineConfigInfo'>): string {
  return `<System><vssd:ElementName>Virtual Hardware Family</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>${escapeXml(config.version)}</vssd:VirtualSystemType></System>`;
}

function itemElement(item: HardwareItem): string {
  const fields = Object.entries(item).map(
    ([field, value]) => `<rasd:${field}>${escapeXml(String(value))}</rasd:${field}>`,
  );
  return `<Item>${fields.join('')}</Item>`;
}

/** Control characters have no place in XML 1.0 at all, not even escaped. */
function escapeXml(text: string): string {
  return text
    .replace(/\p{Cc}/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
