const sectorBytes = 512;
const heads = 255;
const sectorsPerTrack = 63;
const maxCylinders = 65_535;
const noParent = 'ffffffff';

/** A disk's file as its descriptor tells of it. */
export interface DescribedLink {
  /** Without its folder, for instance "web01-000001.vmdk". */
  readonly name: string;
  /** 32 hex digits; the last eight are the CID. */
  readonly contentId: string;
  readonly capacityBytes: number;
  readonly isThin: boolean;
  readonly uuid: string;
  /** Undefined for a disk whose extent holds all of its bytes. */
  readonly parent: { readonly name: string; readonly contentId: string } | undefined;
  readonly hasChangeTracking: boolean;
}

/** The name of the file with the bytes, as ESXi derives it from the name of the descriptor. */
export function extentName(descriptorName: string, isDelta: boolean): string {
  return descriptorName.replace(/\.vmdk$/, isDelta ? '-sesparse.vmdk' : '-flat.vmdk');
}

export function changeTrackingName(descriptorName: string): string {
  return descriptorName.replace(/\.vmdk$/, '-ctk.vmdk');
}

/** The text file that stands for a disk on VMFS 6: a flat extent, or the difference to another disk. */
export function formatVmfsDescriptor(link: DescribedLink): string {
  const sectors = link.capacityBytes / sectorBytes;
  const isDelta = link.parent !== undefined;
  const lines = [
    '# Disk DescriptorFile',
    'version=1',
    'encoding="UTF-8"',
    `CID=${link.contentId.slice(-8)}`,
    `parentCID=${link.parent?.contentId.slice(-8) ?? noParent}`,
    `createType="${isDelta ? 'seSparse' : 'vmfs'}"`,
    ...(link.parent === undefined ? [] : [`parentFileNameHint="${link.parent.name}"`]),
    '# Extent description',
    `RW ${sectors} ${isDelta ? 'SESPARSE' : 'VMFS'} "${extentName(link.name, isDelta)}"`,
    '',
    ...(link.hasChangeTracking
      ? ['# Change Tracking File', `changeTrackPath="${changeTrackingName(link.name)}"`, '']
      : []),
    '# The Disk Data Base ',
    '#DDB',
    '',
    ...(isDelta ? ['ddb.grain = "8"'] : adapterLines(link.capacityBytes)),
    `ddb.longContentID = "${link.contentId}"`,
    ...(link.isThin && !isDelta ? ['ddb.thinProvisioned = "1"'] : []),
    ...(isDelta ? [] : [`ddb.uuid = "${spacedUuid(link.uuid)}"`, 'ddb.virtualHWVersion = "19"']),
    '',
  ];
  return lines.join('\n');
}

/** What the descriptor of a disk says of cylinders, heads and sectors. */
export function geometryOf(capacityBytes: number): { cylinder: number; head: number; sector: number } {
  const cylinder = Math.min(maxCylinders, Math.ceil(capacityBytes / sectorBytes / (heads * sectorsPerTrack)));
  return { cylinder, head: heads, sector: sectorsPerTrack };
}

function adapterLines(capacityBytes: number): string[] {
  const { cylinder, head, sector } = geometryOf(capacityBytes);
  return [
    'ddb.adapterType = "lsilogic"',
    `ddb.geometry.cylinders = "${cylinder}"`,
    `ddb.geometry.heads = "${head}"`,
    `ddb.geometry.sectors = "${sector}"`,
  ];
}

/** `56 4d 12 34 56 78 9a bc-de f0 …`, as VMware writes UUIDs into its text files. */
export function spacedUuid(uuid: string): string {
  const pairs =
    uuid
      .replace(/[^0-9a-f]/gi, '')
      .toLowerCase()
      .match(/../g) ?? [];
  return `${pairs.slice(0, 8).join(' ')}-${pairs.slice(8).join(' ')}`;
}
