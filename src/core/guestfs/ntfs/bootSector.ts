import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';

/** What the file system is made of; everything else is found from here. */
export interface BootSector {
  readonly clusterBytes: number;
  readonly sizeBytes: number;
  readonly mftOffsetBytes: number;
  readonly recordBytes: number;
  /** As `vol` shows it, but whole: 16 hexadecimal digits. */
  readonly serial: string;
}

const bootSectorBytes = 512;
const magic = 'NTFS    ';
const maxClusterBytes = 2 * 1024 * 1024;

/**
 * @throws CORRUPT_DATA
 * @see linux-ntfs documentation, "$Boot"
 */
export async function readBootSector(volume: BlockSource, signal: AbortSignal): Promise<BootSector> {
  if (volume.sizeBytes < bootSectorBytes)
    throw new CorruptDataError('the volume ends within its boot sector');
  const reader = new BinaryReader(await readRange(volume, 0, bootSectorBytes, signal), 'NTFS boot sector');
  if (reader.ascii('magic', 3, 8) !== magic) throw reader.error('it is none', 3);
  const sectorBytes = reader.u16le('sector size', 11, { min: 256, max: 4096 });
  const perCluster = reader.u8('sectors per cluster', 13, { min: 1 });
  // Beyond 128 sectors the field holds the negative power of two.
  const clusterBytes = sectorBytes * (perCluster > 128 ? 2 ** (256 - perCluster) : perCluster);
  if (!Number.isInteger(Math.log2(clusterBytes)) || clusterBytes > maxClusterBytes) {
    throw reader.error(`clusters have ${clusterBytes} bytes`, 13);
  }
  const sizeBytes = reader.u64le('sectors', 40, { min: 1 }) * sectorBytes;
  if (sizeBytes > volume.sizeBytes) {
    throw reader.error(`${sizeBytes} bytes do not fit the volume of ${volume.sizeBytes}`, 40);
  }
  const perRecord = reader.u8('clusters per record', 64);
  const recordBytes = perRecord > 127 ? 2 ** (256 - perRecord) : perRecord * clusterBytes;
  if (!Number.isInteger(Math.log2(recordBytes)) || recordBytes < 512 || recordBytes > 65_536) {
    throw reader.error(`records have ${recordBytes} bytes`, 64);
  }
  return {
    clusterBytes,
    sizeBytes,
    recordBytes,
    mftOffsetBytes:
      reader.u64le('MFT', 48, { min: 1, max: Math.floor(sizeBytes / clusterBytes) }) * clusterBytes,
    serial: reader.bits64le('serial number', 72).toString(16).toUpperCase().padStart(16, '0'),
  };
}
