import { AppError } from '../../../base/errors.ts';
import { requireNoParent } from './descriptor.ts';
import { sectorBytes } from './sparseHeader.ts';

/** The one file that holds a disk byte by byte. */
export interface FlatExtent {
  /** Beside the descriptor. */
  readonly fileName: string;
  readonly sizeBytes: number;
}

/**
 * Reads the descriptor of a disk whose bytes lie in one file as they are.
 * @throws UNSUPPORTED_FORMAT for every other kind: the difference to a parent, several extents, objects of vSAN
 */
export function readFlatDescriptor(descriptor: string, name: string): FlatExtent {
  requireNoParent(descriptor, name);
  const lines = descriptor.split(/\r?\n/).filter(line => /^\s*(RW|RDONLY|NOACCESS)\s/.test(line));
  const [line, another] = lines;
  const [, sectors, fileName, offset] =
    /^\s*RW\s+(\d{1,15})\s+(?:VMFS|FLAT)\s+"([^"/\\:]+)"(?:\s+(\d+))?\s*$/.exec(line ?? '') ?? [];
  if (another !== undefined || sectors === undefined || fileName === undefined || Number(offset ?? 0) !== 0)
    throw new AppError('UNSUPPORTED_FORMAT', `${name} is no disk that lies in one file as it is`, {
      object: name,
      remedy: 'Read it through a lease',
    });
  return { fileName, sizeBytes: Number(sectors) * sectorBytes };
}
