import { attributeOf, childNamed, childrenNamed, parseXml, type XmlElement } from '../soap/xmlTree.ts';

/** What an OVF descriptor says of the one virtual machine in it. */
export interface OvfDescriptor {
  readonly name: string;
  readonly annotation: string;
  /** VMware's id of the guest, for instance "debian12_64Guest". */
  readonly guestId: string | undefined;
  /** For instance "vmx-19". */
  readonly hardwareVersion: string | undefined;
  readonly firmware: string | undefined;
  readonly networks: readonly string[];
  readonly disks: readonly OvfDisk[];
  readonly items: readonly OvfItem[];
}

export interface OvfDisk {
  readonly diskId: string;
  readonly capacityBytes: number;
  /** Undefined for a disk that comes without content. */
  readonly file: { readonly href: string; readonly sizeBytes: number | undefined } | undefined;
}

/** A row of the virtual hardware (CIM_ResourceAllocationSettingData). */
export interface OvfItem {
  readonly instanceId: string;
  readonly resourceType: number;
  readonly resourceSubType: string;
  readonly elementName: string;
  readonly parent: string | undefined;
  readonly addressOnParent: string | undefined;
  readonly address: string | undefined;
  readonly hostResource: string | undefined;
  readonly connection: string | undefined;
  readonly quantity: number;
}

/** A descriptor that lacks something; the type is a fault of the API. */
export class OvfError extends Error {
  readonly faultType: 'OvfMissingElement' | 'OvfInvalidValue';
  readonly element: string;
  readonly line: number;

  constructor(faultType: OvfError['faultType'], element: string, line: number, message: string) {
    super(message);
    this.faultType = faultType;
    this.element = element;
    this.line = line;
  }
}

/**
 * @throws XmlError, OvfError
 * @see DMTF DSP0243, Open Virtualization Format Specification
 */
export function parseOvf(text: string): OvfDescriptor {
  const envelope = parseXml(text);
  const system = required(envelope, 'VirtualSystem');
  const hardware = required(system, 'VirtualHardwareSection');
  const hardwareSystem = childNamed(hardware, 'System');
  return {
    name: textOf(system, 'Name') ?? attributeOf(system, 'id') ?? '',
    annotation: textOf(childNamed(system, 'AnnotationSection'), 'Annotation') ?? '',
    guestId: operatingSystem(system),
    hardwareVersion: textOf(hardwareSystem, 'VirtualSystemType')
      ?.split(/\s+/)
      .find(type => type.startsWith('vmx-')),
    firmware: configValue(hardware, 'firmware'),
    networks: childrenNamed(childNamed(envelope, 'NetworkSection') ?? envelope, 'Network').flatMap(
      network => attributeOf(network, 'name') ?? [],
    ),
    disks: parseDisks(envelope),
    items: hardware.children.filter(child => itemNames.has(child.localName)).map(parseItem),
  };
}

const itemNames = new Set(['Item', 'StorageItem', 'EthernetPortItem']);

function parseDisks(envelope: XmlElement): OvfDisk[] {
  const files = new Map<string, NonNullable<OvfDisk['file']>>();
  for (const file of childrenNamed(childNamed(envelope, 'References') ?? envelope, 'File')) {
    const size = attributeOf(file, 'size');
    files.set(requiredAttribute(file, 'id'), {
      href: requiredAttribute(file, 'href'),
      sizeBytes: size === undefined ? undefined : Number(size),
    });
  }
  const section = childNamed(envelope, 'DiskSection');
  if (section === undefined) return [];
  return childrenNamed(section, 'Disk').map(disk => {
    const fileRef = attributeOf(disk, 'fileRef');
    const file = fileRef === undefined ? undefined : files.get(fileRef);
    if (fileRef !== undefined && file === undefined) throw invalidValue(disk, 'fileRef', fileRef);
    const units = attributeOf(disk, 'capacityAllocationUnits') ?? 'byte';
    return {
      diskId: requiredAttribute(disk, 'diskId'),
      capacityBytes: number(disk, 'capacity', requiredAttribute(disk, 'capacity')) * unitBytes(disk, units),
      file,
    };
  });
}

function parseItem(item: XmlElement): OvfItem {
  const resourceType = textOf(item, 'ResourceType');
  if (resourceType === undefined) throw missing(item, 'ResourceType');
  const quantity = number(item, 'VirtualQuantity', textOf(item, 'VirtualQuantity') ?? '0');
  return {
    instanceId: textOf(item, 'InstanceID') ?? '',
    resourceType: number(item, 'ResourceType', resourceType),
    resourceSubType: textOf(item, 'ResourceSubType') ?? '',
    elementName: textOf(item, 'ElementName') ?? '',
    parent: textOf(item, 'Parent'),
    addressOnParent: textOf(item, 'AddressOnParent'),
    address: textOf(item, 'Address'),
    hostResource: textOf(item, 'HostResource'),
    connection: textOf(item, 'Connection'),
    quantity,
  };
}

function operatingSystem(system: XmlElement): string | undefined {
  const section = childNamed(system, 'OperatingSystemSection');
  return section === undefined ? undefined : attributeOf(section, 'osType');
}

function configValue(hardware: XmlElement, key: string): string | undefined {
  const config = childrenNamed(hardware, 'Config').find(candidate => attributeOf(candidate, 'key') === key);
  return config === undefined ? undefined : attributeOf(config, 'value');
}

/** "byte * 2^30" and the like. */
function unitBytes(disk: XmlElement, units: string): number {
  const match = /^byte(?:\s*\*\s*2\^(\d{1,2}))?$/.exec(units.trim());
  if (match === null) throw invalidValue(disk, 'capacityAllocationUnits', units);
  return 2 ** Number(match[1] ?? 0);
}

function number(element: XmlElement, name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text.trim())) throw invalidValue(element, name, text);
  return Number(text);
}

function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return element === undefined ? undefined : childNamed(element, name)?.text.trim();
}

function required(element: XmlElement, name: string): XmlElement {
  const child = childNamed(element, name);
  if (child === undefined) throw missing(element, name);
  return child;
}

function requiredAttribute(element: XmlElement, name: string): string {
  const value = attributeOf(element, name);
  if (value === undefined) throw missing(element, name);
  return value;
}

function missing(element: XmlElement, name: string): OvfError {
  return new OvfError(
    'OvfMissingElement',
    name,
    element.line,
    `Line ${element.line}: ${element.localName} lacks ${name}.`,
  );
}

function invalidValue(element: XmlElement, name: string, value: string): OvfError {
  const message = `Line ${element.line}: Unsupported value '${value}' for ${name} of ${element.localName}.`;
  return new OvfError('OvfInvalidValue', name, element.line, message);
}
