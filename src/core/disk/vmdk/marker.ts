import { BinaryReader } from '../../../base/binaryReader.ts';
import { sectorBytes } from './sparseHeader.ts';

/**
 * What stands in front of every grain and of every piece of metadata in a streamOptimized VMDK. A grain's compressed
 * bytes begin right behind the 12 bytes of its marker; metadata begins at the next sector.
 */
export type Marker =
  | { readonly kind: 'grain'; readonly sector: number; readonly compressedBytes: number }
  | { readonly kind: MetadataKind; readonly sectors: number };

export type MetadataKind = keyof typeof metadataTypes;

export const grainMarkerBytes = 12;

const metadataTypes = {
  'end-of-stream': 0,
  'grain-table': 1,
  'grain-directory': 2,
  footer: 3,
} as const;

/**
 * @param sector       the sector that begins with the marker
 * @param offsetBytes  where it lies in the stream, for errors
 * @throws CORRUPT_DATA for a marker of unknown type
 * @see VMware Virtual Disk Format 1.1, "Markers"
 */
export function parseMarker(sector: Uint8Array, name: string, offsetBytes: number): Marker {
  const reader = new BinaryReader(sector, `${name}: VMDK marker`, offsetBytes);
  const value = reader.u64le('value', 0);
  const sizeBytes = reader.u32le('size', 8);
  if (sizeBytes !== 0) return { kind: 'grain', sector: value, compressedBytes: sizeBytes };

  const type = reader.u32le('type', 12);
  for (const [kind, known] of Object.entries(metadataTypes)) {
    if (known === type) return { kind: kind as MetadataKind, sectors: value };
  }
  throw reader.error(`unknown type ${type}`, 12);
}

/** A metadata marker as one sector. */
export function formatMetadataMarker(kind: MetadataKind, metadataBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sectorBytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(metadataBytes / sectorBytes), true);
  view.setUint32(12, metadataTypes[kind], true);
  return bytes;
}

/** A grain behind its marker, padded to whole sectors. */
export function formatGrain(firstSector: number, compressed: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(roundUpToSector(grainMarkerBytes + compressed.byteLength));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(firstSector), true);
  view.setUint32(8, compressed.byteLength, true);
  bytes.set(compressed, grainMarkerBytes);
  return bytes;
}

export function roundUpToSector(lengthBytes: number): number {
  return Math.ceil(lengthBytes / sectorBytes) * sectorBytes;
}
