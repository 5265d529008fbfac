import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { AppError, CancelledError } from '../../../base/errors.ts';
import { nonZeroPieces, type Piece } from '../../block/pieces.ts';
import type { DiskBlock } from '../../block/diskBlock.ts';
import { formatDescriptor, type AdapterType } from './descriptor.ts';
import { formatGrain, formatMetadataMarker, roundUpToSector } from './marker.ts';
import { formatSparseHeader, maxCapacityBytes, sectorBytes, type SparseHeader } from './sparseHeader.ts';

export interface StreamOptimizedOptions {
  /** Deflate level 1 (fast) to 9 (small); 1. */
  readonly compressionLevel?: number;
  /** Grains deflated at once; 4. */
  readonly concurrency?: number;
  /** `lsilogic`. */
  readonly adapterType?: AdapterType;
  /** 13, which every ESXi since 6.5 takes. */
  readonly hardwareVersion?: number;
  /** The descriptor's CID, a 32-bit number except 0xffffffff; fixed by default, so that equal disks are equal files. */
  readonly contentId?: number;
}

const grainBytes = 64 * 1024;
const entriesPerGrainTable = 512;
const grainTableBytes = entriesPerGrainTable * 4;
const descriptorBytes = 20 * sectorBytes;
const overheadBytes = 128 * sectorBytes;

const deflateBytes = promisify(deflate);

/**
 * Writes a disk as streamOptimized VMDK, the way vSphere takes it at import: footer and tables behind the grains.
 * Pulled: nothing is read ahead beyond the grains being deflated. Equal blocks and options give equal bytes.
 * @param sizeBytes  the disk's size, a multiple of 512
 * @param blocks     the disk's content, ascending, of any size and alignment; what they leave out is zeros. Their
 *                   buffers are taken over
 * @throws INVALID_INPUT if the blocks do not ascend or leave the disk, or the size is none a VMDK can have;
 *         UNSUPPORTED_FORMAT if the compressed disk outgrows the 2 TiB that the format's tables can address
 * @see VMware Virtual Disk Format 1.1, "Stream-Optimized Compressed Sparse Extents"
 */
export async function* writeStreamOptimized(
  sizeBytes: number,
  blocks: AsyncIterable<DiskBlock>,
  options: StreamOptimizedOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  requireValidSize(sizeBytes);
  const layout = new TableLayout(sizeBytes);
  yield layout.placed(formatFront(sizeBytes, options));

  const pieces = nonZeroPieces(blocks, sizeBytes, grainBytes);
  const level = options.compressionLevel ?? 1;
  const grains = mapOrdered(pieces, options.concurrency ?? 4, async piece => ({
    index: piece.index,
    compressed: await deflateBytes(wholeGrain(piece), { level }),
  }));
  for await (const { index, compressed } of grains) {
    if (signal.aborted) throw new CancelledError();
    const table = layout.tableDueBefore(index);
    if (table !== undefined) yield layout.placed(table);
    layout.noteGrain(index);
    yield layout.placed(formatGrain((index * grainBytes) / sectorBytes, compressed));
  }
  const table = layout.tableDueBefore(Infinity);
  if (table !== undefined) yield layout.placed(table);
  yield layout.placed(formatEnd(sizeBytes, layout));
}

/** Knows where in the file the next byte goes, and collects the tables that say where everything went. */
class TableLayout {
  readonly directory: Uint32Array;
  readonly #table = new Uint32Array(entriesPerGrainTable);
  #tableIndex: number | undefined;
  #positionBytes = 0;

  constructor(capacityBytes: number) {
    this.directory = new Uint32Array(Math.ceil(capacityBytes / (grainBytes * entriesPerGrainTable)));
  }

  get positionBytes(): number {
    return this.#positionBytes;
  }

  placed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#positionBytes += bytes.byteLength;
    return bytes;
  }

  noteGrain(index: number): void {
    this.#tableIndex = Math.floor(index / entriesPerGrainTable);
    this.#table[index % entriesPerGrainTable] = this.#sectorAt(this.#positionBytes);
  }

  /** The grain table with its marker, if grain `index` belongs to a later one; it goes to the current position. */
  tableDueBefore(index: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#tableIndex === undefined || Math.floor(index / entriesPerGrainTable) === this.#tableIndex) {
      return undefined;
    }
    this.directory[this.#tableIndex] = this.#sectorAt(this.#positionBytes + sectorBytes);
    const bytes = joined([formatMetadataMarker('grain-table', grainTableBytes), u32leBytes(this.#table)]);
    this.#table.fill(0);
    this.#tableIndex = undefined;
    return bytes;
  }

  #sectorAt(positionBytes: number): number {
    const sector = positionBytes / sectorBytes;
    if (sector > 0xffff_ffff) {
      throw new AppError(
        'UNSUPPORTED_FORMAT',
        'the compressed disk is larger than the 2 TiB a streamOptimized VMDK can address',
        { remedy: 'Restore this disk by a transport that writes blocks in place' },
      );
    }
    return sector;
  }
}

function headerOf(capacityBytes: number, directoryOffsetBytes: number | undefined): SparseHeader {
  return {
    capacityBytes,
    grainBytes,
    entriesPerGrainTable,
    descriptorOffsetBytes: sectorBytes,
    descriptorSizeBytes: descriptorBytes,
    directoryOffsetBytes,
    overheadBytes,
  };
}

/** Header and descriptor, up to the first grain. */
function formatFront(capacityBytes: number, options: StreamOptimizedOptions): Uint8Array<ArrayBuffer> {
  const descriptor = formatDescriptor({
    capacityBytes,
    contentId: options.contentId ?? 0xffff_fffe,
    adapterType: options.adapterType ?? 'lsilogic',
    hardwareVersion: options.hardwareVersion ?? 13,
    fileName: 'disk.vmdk',
  });
  const front = new Uint8Array(overheadBytes);
  front.set(formatSparseHeader(headerOf(capacityBytes, undefined)));
  front.set(Buffer.from(descriptor, 'latin1'), sectorBytes);
  return front;
}

/** Grain directory, footer and end mark, each behind its marker. */
function formatEnd(capacityBytes: number, layout: TableLayout): Uint8Array<ArrayBuffer> {
  const directory = new Uint8Array(roundUpToSector(layout.directory.byteLength));
  directory.set(u32leBytes(layout.directory));
  const directoryOffsetBytes = layout.positionBytes + sectorBytes;
  return joined([
    formatMetadataMarker('grain-directory', directory.byteLength),
    directory,
    formatMetadataMarker('footer', sectorBytes),
    formatSparseHeader(headerOf(capacityBytes, directoryOffsetBytes)),
    formatMetadataMarker('end-of-stream', 0),
  ]);
}

/** The last grain of a disk is stored in full, zeros behind the disk's end. */
function wholeGrain(piece: Piece): Uint8Array {
  if (piece.bytes.byteLength === grainBytes) return piece.bytes;
  const whole = new Uint8Array(grainBytes);
  whole.set(piece.bytes);
  return whole;
}

function u32leBytes(values: Uint32Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(values.byteLength));
  values.forEach((value, index) => view.setUint32(index * 4, value, true));
  return new Uint8Array(view.buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function requireValidSize(sizeBytes: number): void {
  if (sizeBytes > 0 && sizeBytes % sectorBytes === 0 && sizeBytes <= maxCapacityBytes) return;
  throw new AppError(
    'INVALID_INPUT',
    `a VMDK cannot have ${sizeBytes} bytes: expected a multiple of ${sectorBytes} up to ${maxCapacityBytes}`,
  );
}
