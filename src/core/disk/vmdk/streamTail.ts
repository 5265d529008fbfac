import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { isZero } from '../../block/zeros.ts';
import type { MetadataKind } from './marker.ts';
import { footerRepeatsHeader, parseSparseHeader, sectorBytes, type SparseHeader } from './sparseHeader.ts';

type SizedMetadata = Exclude<MetadataKind, 'end-of-stream'>;

/**
 * Checks the metadata that follows the grains in a stream: grain tables against the grains that came, the directory's
 * place against the footer, the footer against the header.
 */
export class StreamTail {
  readonly #header: SparseHeader;
  readonly #headerBytes: Uint8Array;
  readonly #name: string;
  /** Sectors of the grains since the last grain table; undefined once there are more than one table can name. */
  #grainSectors: Set<number> | undefined = new Set();
  #directoryOffsetBytes: number | undefined;
  #footerSeen = false;

  constructor(header: SparseHeader, headerBytes: Uint8Array, name: string) {
    this.#header = header;
    this.#headerBytes = headerBytes;
    this.#name = name;
  }

  /** A grain whose marker stands at `positionBytes` of the stream. */
  noteGrain(positionBytes: number): void {
    if (this.#footerSeen) throw this.#corrupt('a grain follows the footer', positionBytes);
    this.#grainSectors?.add(positionBytes / sectorBytes);
    if (this.#grainSectors !== undefined && this.#grainSectors.size > this.#header.entriesPerGrainTable) {
      // These tables do not follow their grains one by one: there is nothing to compare them with.
      this.#grainSectors = undefined;
    }
  }

  /** Checks the size a metadata marker announces, before anything of that size is allocated; in bytes. */
  expect(kind: SizedMetadata, sectors: number, positionBytes: number): number {
    const { capacityBytes, grainBytes, entriesPerGrainTable } = this.#header;
    const tables = Math.ceil(capacityBytes / (grainBytes * entriesPerGrainTable));
    const expected = {
      'grain-table': Math.ceil((entriesPerGrainTable * 4) / sectorBytes),
      'grain-directory': Math.ceil((tables * 4) / sectorBytes),
      footer: 1,
    }[kind];
    if (sectors !== expected) {
      throw this.#corrupt(`the ${kind} marker says ${sectors} sectors, expected ${expected}`, positionBytes);
    }
    return sectors * sectorBytes;
  }

  check(kind: SizedMetadata, bytes: Uint8Array, positionBytes: number): void {
    if (this.#footerSeen) throw this.#corrupt(`a ${kind} follows the footer`, positionBytes);
    if (kind === 'grain-table') this.#checkGrainTable(bytes, positionBytes);
    if (kind === 'grain-directory') this.#directoryOffsetBytes = positionBytes;
    if (kind === 'footer') this.#checkFooter(bytes, positionBytes);
  }

  /** Called at the end mark. */
  finish(endMark: Uint8Array, positionBytes: number): void {
    if (!isZero(endMark)) throw this.#corrupt('the end mark is not a sector of zeros', positionBytes);
    if (this.#header.directoryOffsetBytes === undefined && !this.#footerSeen) {
      throw this.#corrupt('the end mark comes without the footer the header promises', positionBytes);
    }
  }

  /** A grain that a table names and that did not come would be read as zeros. */
  #checkGrainTable(bytes: Uint8Array, positionBytes: number): void {
    const reader = new BinaryReader(bytes, `${this.#name}: grain table`, positionBytes);
    for (let entry = 0; this.#grainSectors !== undefined && entry < bytes.byteLength; entry += 4) {
      const sector = reader.u32le('entry', entry);
      // 0: nothing stored, 1: stored as zeros.
      if (sector > 1 && !this.#grainSectors.has(sector)) {
        throw reader.error(`names a grain at sector ${sector} where none came`, entry);
      }
    }
    this.#grainSectors = new Set();
  }

  #checkFooter(bytes: Uint8Array, positionBytes: number): void {
    const footer = parseSparseHeader(bytes, `${this.#name}: footer`, positionBytes);
    if (!footerRepeatsHeader(bytes, this.#headerBytes)) {
      throw this.#corrupt('the footer differs from the header', positionBytes);
    }
    if (footer.directoryOffsetBytes !== this.#directoryOffsetBytes) {
      throw this.#corrupt('the footer does not point to the grain directory', positionBytes);
    }
    this.#footerSeen = true;
  }

  #corrupt(problem: string, offsetBytes: number): CorruptDataError {
    const message = `${this.#name}: ${problem} (at byte ${offsetBytes})`;
    return new CorruptDataError(message, { object: this.#name, offsetBytes });
  }
}
