import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { MiB } from '../../base/units.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import type { ExportedDisk, Transferred } from '../model/lease.ts';

/** A disk as it goes over the wire. */
export interface ExportStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What went by, once all of it did. */
  readonly transferred: () => Transferred;
}

const pieceBytes = MiB / 4;

/**
 * Streams of exported disks, for a lab that shall cost little while a client is measured. Each is kept for one state of a
 * disk, so that a disk that has changed is compressed anew.
 */
export class KeptExports {
  readonly #folder: string;
  readonly #kept = new WeakMap<VersionedDisk, Map<string, KeptExport>>();
  #nextFile = 1;

  /** @param folder  the lab's own */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined for a state of the disk that was not exported whole before. */
  find({ disk, position }: ExportedDisk, dialect: string): ExportStream | undefined {
    const kept = this.#kept.get(disk)?.get(`${dialect} ${position}`);
    return kept && { bytes: readPieces(kept.path), transferred: () => kept.transferred };
  }

  /** The same stream, kept once all of it was taken. */
  keep(exported: ExportedDisk, dialect: string, stream: ExportStream): ExportStream {
    return { ...stream, bytes: this.#copied(exported, dialect, stream) };
  }

  async *#copied(
    { disk, position }: ExportedDisk,
    dialect: string,
    { bytes, transferred }: ExportStream,
  ): AsyncGenerator<Uint8Array> {
    const path = join(this.#folder, `export-${this.#nextFile}.vmdk`);
    this.#nextFile += 1;
    const file = await open(path, 'wx');
    let isWhole = false;
    try {
      for await (const piece of bytes) {
        await file.appendFile(piece);
        yield piece;
      }
      isWhole = true;
    } finally {
      await file.close();
      if (!isWhole) await rm(path, { force: true });
    }
    const ofDisk = this.#kept.get(disk) ?? new Map<string, KeptExport>();
    this.#kept.set(disk, ofDisk.set(`${dialect} ${position}`, { path, transferred: transferred() }));
  }
}

interface KeptExport {
  readonly path: string;
  readonly transferred: Transferred;
}

async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(pieceBytes), 0, pieceBytes);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
