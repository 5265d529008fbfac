import { deviceId } from '../model/deviceId.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { textIn } from '../model/managedObject.ts';
import { escapeXml } from '../soap/xmlTree.ts';

/** A file that a client has exported, as it names it to the server. */
export interface ExportedFile {
  /** As the lease called the device, for instance `/vm-1001/ParaVirtualSCSIController0:0`. */
  readonly deviceId: string;
  readonly path: string;
  readonly size: number;
  readonly capacity?: number;
}

export interface DescribedVm {
  readonly name: string;
  /** In plain form, as VirtualMachineConfigInfo. */
  readonly config: PlainObject;
}

/**
 * The descriptor of an exported VM: its hardware, and the files its disks have become.
 * @see DMTF DSP0243, Open Virtualization Format Specification
 */
export function describeVmAsOvf({ name, config }: DescribedVm, files: readonly ExportedFile[]): string {
  const hardware = config['hardware'] as PlainObject;
  const devices = (hardware['device'] ?? []) as readonly PlainObject[];
  const disks = devices.flatMap(device => {
    const file = files.find(candidate => candidate.deviceId.endsWith(`/${deviceId(device, devices)}`));
    return device['_type'] === 'VirtualDisk' && file !== undefined ? [{ device, file }] : [];
  });
  const networks = [...new Set(devices.flatMap(device => networkOf(device) ?? []))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Envelope xmlns="${ovf}" xmlns:ovf="${ovf}" xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:rasd="${rasd}" xmlns:vssd="${vssd}">`,
    '<References>',
    ...disks.map(
      ({ file }, index) =>
        `<File ovf:id="file${index}" ovf:href="${escapeXml(file.path)}" ovf:size="${file.size}"/>`,
    ),
    '</References>',
    '<DiskSection><Info>Virtual disks</Info>',
    ...disks.map(
      ({ device }, index) =>
        `<Disk ovf:diskId="disk${index}" ovf:fileRef="file${index}" ovf:capacity="${Number(device['capacityInBytes'])}" ovf:format="${format}"/>`,
    ),
    '</DiskSection>',
    '<NetworkSection><Info>Networks</Info>',
    ...networks.map(network => `<Network ovf:name="${escapeXml(network)}"/>`),
    '</NetworkSection>',
    `<VirtualSystem ovf:id="${escapeXml(name)}"><Info>A virtual machine</Info><Name>${escapeXml(name)}</Name>`,
    `<OperatingSystemSection ovf:id="1" vmw:osType="${escapeXml(textIn(config, 'guestId') ?? '')}"><Info>Guest</Info></OperatingSystemSection>`,
    '<VirtualHardwareSection><Info>Virtual hardware</Info>',
    `<System><vssd:ElementName>Virtual Hardware Family</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>${escapeXml(textIn(config, 'version') ?? '')}</vssd:VirtualSystemType></System>`,
    item({
      ElementName: 'Processors',
      InstanceID: 1,
      ResourceType: 3,
      VirtualQuantity: Number(hardware['numCPU']),
    }),
    item({
      ElementName: 'Memory',
      InstanceID: 2,
      ResourceType: 4,
      VirtualQuantity: Number(hardware['memoryMB']),
    }),
    ...devices.flatMap(controller),
    ...disks.map(({ device }, index) =>
      item({
        AddressOnParent: Number(device['unitNumber']),
        ElementName: `Hard disk ${index + 1}`,
        HostResource: `ovf:/disk/disk${index}`,
        InstanceID: Number(device['key']),
        Parent: Number(device['controllerKey']),
        ResourceType: 17,
      }),
    ),
    ...devices.flatMap(networkCard),
    `<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="${escapeXml(textIn(config, 'firmware') ?? 'bios')}"/>`,
    '</VirtualHardwareSection></VirtualSystem></Envelope>',
  ].join('\n');
}

const ovf = 'http://schemas.dmtf.org/ovf/envelope/1';
const rasd = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData';
const vssd = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData';
const format = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';

/** Resource type and subtype of the controllers that disks hang on. */
const controllers: Readonly<Record<string, readonly [type: number, subtype: string | undefined]>> = {
  ParaVirtualSCSIController: [6, 'VirtualSCSI'],
  VirtualLsiLogicController: [6, 'lsilogic'],
  VirtualLsiLogicSASController: [6, 'lsilogicsas'],
  VirtualBusLogicController: [6, 'buslogic'],
  VirtualIDEController: [5, undefined],
  VirtualAHCIController: [20, 'vmware.sata.ahci'],
  VirtualNVMEController: [20, 'vmware.nvme.controller'],
};

function controller(device: PlainObject): string[] {
  const [ResourceType, ResourceSubType] = controllers[String(device['_type'])] ?? [];
  if (ResourceType === undefined) return [];
  const [Address, InstanceID] = [Number(device['busNumber']), Number(device['key'])];
  return [item({ Address, ElementName: labelOf(device), InstanceID, ResourceSubType, ResourceType })];
}

function networkCard(device: PlainObject): string[] {
  const Connection = networkOf(device);
  if (Connection === undefined) return [];
  const ResourceSubType = String(device['_type']).replace(/^Virtual/, '');
  const InstanceID = Number(device['key']);
  return [item({ Connection, ElementName: labelOf(device), InstanceID, ResourceSubType, ResourceType: 10 })];
}

/** Elements stand in the order of their names, as the schema wants them. */
function item(fields: Readonly<Record<string, string | number | undefined>>): string {
  const elements = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : `<rasd:${field}>${escapeXml(String(value))}</rasd:${field}>`,
  );
  return `<Item>${elements.join('')}</Item>`;
}

function networkOf(device: PlainObject): string | undefined {
  const backing = device['backing'] as PlainObject | undefined;
  const isNetwork = backing?.['_type'] === 'VirtualEthernetCardNetworkBackingInfo';
  return isNetwork ? textIn(backing, 'deviceName') : undefined;
}

function labelOf(device: PlainObject): string {
  return textIn(device['deviceInfo'] as PlainObject | undefined, 'label') ?? 'Device';
}
