import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';

export const sectorBytes = 512;

/** Sector of the grain directory that stands for "see the footer": whoever writes a stream knows it only at the end. */
const directoryAtEnd = 0xffff_ffff_ffff_ffffn;
const magic = 'KDMV';
const newlineTest = '\n \r\n';
const deflateAlgorithm = 1;

const flag = {
  newlineTestValid: 1 << 0,
  redundantTable: 1 << 1,
  zeroedGrainEntries: 1 << 2,
  compressedGrains: 1 << 16,
  markers: 1 << 17,
} as const;
const knownFlags = Object.values(flag).reduce((all, bit) => all | bit, 0);

/** vSphere's largest virtual disk is 62 TiB; anything above is a broken header. */
export const maxCapacityBytes = 62 * 1024 ** 4;

/** What the header of a streamOptimized VMDK says of the disk and of the file's layout. */
export interface SparseHeader {
  /** Size of the disk; a multiple of 512. */
  readonly capacityBytes: number;
  /** Size of a grain, the unit of compression; a power of two from 4 KiB to 1 MiB. */
  readonly grainBytes: number;
  readonly entriesPerGrainTable: number;
  /** Where the embedded descriptor lies; 0 and 0 if there is none. */
  readonly descriptorOffsetBytes: number;
  readonly descriptorSizeBytes: number;
  /** Where the grain directory lies; undefined if only the footer knows. */
  readonly directoryOffsetBytes: number | undefined;
  /** Where the metadata in front ends and the first marker stands. */
  readonly overheadBytes: number;
}

/**
 * Reads and checks the header, or the footer, of a compressed VMDK with markers.
 * @param bytes        one sector
 * @param name         the disk or file, for errors
 * @param offsetBytes  where the sector lies in the stream
 * @throws CORRUPT_DATA for wrong values, UNSUPPORTED_FORMAT for VMDKs of other kinds
 * @see VMware Virtual Disk Format 1.1, "Hosted Sparse Extents" and "Stream-Optimized Compressed Sparse Extents"
 */
export function parseSparseHeader(bytes: Uint8Array, name: string, offsetBytes: number): SparseHeader {
  const reader = new BinaryReader(bytes, `${name}: VMDK header`, offsetBytes);
  if (reader.ascii('magic', 0, 4) !== magic) throw reader.error('no VMDK sparse extent begins here');
  reader.u32le('version', 4, { min: 1, max: 3 });
  requireStreamOptimized(reader, name);

  const capacityBytes =
    sectorBytes * reader.u64le('capacity', 12, { min: 1, max: maxCapacityBytes / sectorBytes });
  const grainSectors = reader.u64le('grain size', 20, { min: 8, max: 2048 });
  if (!Number.isInteger(Math.log2(grainSectors))) {
    throw reader.error(`grain size is ${grainSectors} sectors, expected a power of two`, 20);
  }
  const overheadSectors = reader.u64le('overhead', 64, { min: 1, max: 2 ** 32 });
  const descriptorSector = reader.u64le('descriptor offset', 28, { max: overheadSectors });
  const descriptorSectors = reader.u64le('descriptor size', 36, { max: 2048 });
  if (descriptorSector !== 0 && descriptorSector + descriptorSectors > overheadSectors) {
    throw reader.error('the descriptor reaches into the grains', 28);
  }
  const directorySector = reader.bits64le('grain directory offset', 56);
  return {
    capacityBytes,
    grainBytes: grainSectors * sectorBytes,
    entriesPerGrainTable: reader.u32le('entries per grain table', 44, { min: 512, max: 512 }),
    descriptorOffsetBytes: descriptorSector * sectorBytes,
    descriptorSizeBytes: descriptorSector === 0 ? 0 : descriptorSectors * sectorBytes,
    directoryOffsetBytes:
      directorySector === directoryAtEnd
        ? undefined
        : sectorBytes * reader.u64le('grain directory offset', 56, { max: 2 ** 32 }),
    overheadBytes: overheadSectors * sectorBytes,
  };
}

function requireStreamOptimized(reader: BinaryReader, name: string): void {
  const flags = reader.u32le('flags', 8);
  const compressedStream = flag.compressedGrains | flag.markers;
  if ((flags & compressedStream) !== compressedStream) {
    throw new AppError('UNSUPPORTED_FORMAT', `${name} is a VMDK, but not a streamOptimized one`, {
      object: name,
      remedy: 'Convert it to streamOptimized first',
    });
  }
  if ((flags & ~knownFlags) !== 0) {
    throw new AppError('UNSUPPORTED_FORMAT', `${name}: unknown VMDK flags 0x${(flags >>> 0).toString(16)}`, {
      object: name,
    });
  }
  if ((flags & flag.newlineTestValid) !== 0 && reader.ascii('newline test', 73, 4) !== newlineTest) {
    throw reader.error('line ends were changed on the way: it was transferred as text', 73);
  }
  reader.u16le('compression', 77, { min: deflateAlgorithm, max: deflateAlgorithm });
}

/** The header as one sector: version 3, compressed, with markers. */
export function formatSparseHeader(header: SparseHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sectorBytes);
  const view = new DataView(bytes.buffer);
  const sectors = (field: number, valueBytes: number) =>
    view.setBigUint64(field, BigInt(valueBytes / sectorBytes), true);
  bytes.set(Buffer.from(magic, 'latin1'), 0);
  view.setUint32(4, 3, true);
  view.setUint32(8, flag.newlineTestValid | flag.compressedGrains | flag.markers, true);
  sectors(12, header.capacityBytes);
  sectors(20, header.grainBytes);
  sectors(28, header.descriptorOffsetBytes);
  sectors(36, header.descriptorSizeBytes);
  view.setUint32(44, header.entriesPerGrainTable, true);
  if (header.directoryOffsetBytes === undefined) view.setBigUint64(56, directoryAtEnd, true);
  else sectors(56, header.directoryOffsetBytes);
  sectors(64, header.overheadBytes);
  bytes.set(Buffer.from(newlineTest, 'latin1'), 73);
  view.setUint16(77, deflateAlgorithm, true);
  return bytes;
}

/** Whether a footer repeats its header, as it must in everything but the place of the grain directory. */
export function footerRepeatsHeader(footer: Uint8Array, header: Uint8Array): boolean {
  return (
    Buffer.compare(footer.subarray(0, 56), header.subarray(0, 56)) === 0 &&
    Buffer.compare(footer.subarray(64), header.subarray(64)) === 0
  );
}
