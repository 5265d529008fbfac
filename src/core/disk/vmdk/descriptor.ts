import { AppError } from '../../../base/errors.ts';
import { sectorBytes } from './sparseHeader.ts';

/** What the guest's controller was when the disk was written; a hint for importers, not what the VM will get. */
export type AdapterType = 'lsilogic' | 'buslogic' | 'ide';

export interface DescriptorFields {
  readonly capacityBytes: number;
  /** Changes whenever the content does; any 32-bit number except 0xffffffff, which means "none". */
  readonly contentId: number;
  readonly adapterType: AdapterType;
  /** Virtual hardware version, for instance 13. */
  readonly hardwareVersion: number;
  /** The name the extent goes by in the text; nobody opens it. */
  readonly fileName: string;
}

const noParent = 'ffffffff';

/** The descriptor text embedded in a streamOptimized VMDK. */
export function formatDescriptor(fields: DescriptorFields): string {
  const sectors = fields.capacityBytes / sectorBytes;
  const { cylinders, heads, sectorsPerTrack } = geometry(sectors, fields.adapterType);
  return [
    '# Disk DescriptorFile',
    'version=1',
    `CID=${fields.contentId.toString(16).padStart(8, '0')}`,
    `parentCID=${noParent}`,
    'createType="streamOptimized"',
    '',
    '# Extent description',
    `RW ${sectors} SPARSE "${fields.fileName}"`,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    `ddb.adapterType = "${fields.adapterType}"`,
    `ddb.geometry.cylinders = "${cylinders}"`,
    `ddb.geometry.heads = "${heads}"`,
    `ddb.geometry.sectors = "${sectorsPerTrack}"`,
    `ddb.virtualHWVersion = "${fields.hardwareVersion}"`,
    '',
  ].join('\n');
}

/**
 * Refuses a disk that is only the difference to another one: its missing grains are the parent's, not zeros.
 * @throws UNSUPPORTED_FORMAT
 */
export function requireNoParent(descriptor: string, name: string): void {
  const parent = /^\s*parentCID\s*=\s*"?([0-9a-fA-F]+)"?/m.exec(descriptor)?.[1];
  if (parent === undefined || parent.toLowerCase() === noParent) return;
  throw new AppError('UNSUPPORTED_FORMAT', `${name} holds only the difference to a parent disk`, {
    object: name,
    remedy: 'Export the whole disk instead of one link of its chain',
  });
}

/** Cylinders, heads and sectors as VMware computes them: IDE keeps to the ATA limits, SCSI to 255 × 63. */
function geometry(sectors: number, adapterType: AdapterType) {
  const [heads, sectorsPerTrack, maxCylinders] = adapterType === 'ide' ? [16, 63, 16_383] : [255, 63, 65_535];
  const cylinders = Math.min(maxCylinders, Math.ceil(sectors / (heads * sectorsPerTrack)));
  return { cylinders, heads, sectorsPerTrack };
}
