import { open, type FileHandle } from 'node:fs/promises';

import { AppError } from '../../base/errors.ts';
import { assertRange } from '../../core/block/blockSource.ts';
import { grainBytes, type GrainMap } from './grainMap.ts';

/** The bytes a disk began with. They never change while a disk stands on them; several disks may. */
export interface DiskBase {
  /** A raw, sparse image of `sizeBytes`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Where the image may hold something else than zeros. */
  readonly allocated: GrainMap;
}

/** Names one state of a disk for ever: 0 is the base, every write makes the next one. */
export type DiskPosition = number;

/** A grain as it was from `position` on, stored at `storedAtBytes` of the version file; undefined: as the base has it. */
interface GrainVersion {
  readonly position: DiskPosition;
  readonly storedAtBytes: number | undefined;
}

/**
 * A disk that forgets nothing. Writes go as whole grains to the end of a version file; a state of the disk is a
 * position, so that a snapshot costs nothing and its bytes stay readable while the guest goes on.
 */
export class VersionedDisk implements AsyncDisposable {
  readonly name: string;
  readonly #base: DiskBase;
  /** Each from its position on. */
  readonly #sizes: { readonly position: DiskPosition; readonly sizeBytes: number }[];
  readonly #openFiles: () => Promise<DiskFiles>;
  #files: Promise<DiskFiles> | undefined;
  readonly #versions = new Map<number, GrainVersion[]>();
  #position: DiskPosition = 0;
  #versionFileBytes = 0;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(name: string, base: DiskBase, openFiles: () => Promise<DiskFiles>) {
    this.name = name;
    this.#sizes = [{ position: 0, sizeBytes: base.sizeBytes }];
    this.#base = base;
    this.#openFiles = openFiles;
  }

  /** @param versionPath  a file of this disk alone; created, and emptied if it exists */
  static async open(name: string, base: DiskBase, versionPath: string): Promise<VersionedDisk> {
    const disk = new VersionedDisk(name, base, async () => await openFiles(base.path, versionPath));
    await disk.#opened();
    return disk;
  }

  /** A disk of zeros that has no file before somebody writes to it. */
  static unwritten(
    name: string,
    base: Pick<DiskBase, 'sizeBytes' | 'allocated'>,
    versionPath: string,
  ): VersionedDisk {
    return new VersionedDisk(name, { ...base, path: '' }, async () => ({
      base: undefined,
      versions: await open(versionPath, 'w+'),
    }));
  }

  /** The state after the last finished write. */
  get position(): DiskPosition {
    return this.#position;
  }

  get sizeBytes(): number {
    return this.sizeAt(this.#position);
  }

  sizeAt(position: DiskPosition): number {
    return this.#sizes.findLast(candidate => candidate.position <= position)?.sizeBytes ?? 0;
  }

  /** Fills `target` with the bytes at `offsetBytes` as they were at `position`. */
  async readAt(position: DiskPosition, offsetBytes: number, target: Uint8Array): Promise<void> {
    this.#assertPosition(position);
    assertRange(this.name, this.sizeAt(position), offsetBytes, target.length);
    for (let done = 0; done < target.length;) {
      const grain = Math.floor((offsetBytes + done) / grainBytes);
      const withinBytes = (offsetBytes + done) % grainBytes;
      const lengthBytes = Math.min(grainBytes - withinBytes, target.length - done);
      await this.#readGrain(position, grain, withinBytes, target.subarray(done, done + lengthBytes));
      done += lengthBytes;
    }
  }

  /**
   * Makes the next state. Writes are put in order; each is visible as a whole or not at all. `bytes` must stay as
   * they are until the promise is settled.
   * @returns the position that names the state after this write
   */
  async write(offsetBytes: number, bytes: Uint8Array): Promise<DiskPosition> {
    assertRange(this.name, this.sizeBytes, offsetBytes, bytes.length);
    return await this.#inOrder(async () => await this.#append(offsetBytes, bytes));
  }

  /** Makes a next state that is the one at `position` again. */
  async revertTo(position: DiskPosition): Promise<DiskPosition> {
    this.#assertPosition(position);
    return await this.#inOrder(async () => {
      const next = this.#position + 1;
      for (const grain of this.changedGrains(position, this.#position))
        this.#addVersion(grain, { position: next, storedAtBytes: this.#storedAt(grain, position) });
      this.#sizes.push({ position: next, sizeBytes: this.sizeAt(position) });
      this.#position = next;
      return await Promise.resolve(next);
    });
  }

  /** Makes a next state with zeros after what was the end. */
  async grow(sizeBytes: number): Promise<DiskPosition> {
    return await this.#inOrder(async () => {
      if (sizeBytes < this.sizeBytes)
        throw new AppError('INVALID_INPUT', `${this.name} cannot become smaller`);
      const next = this.#position + 1;
      this.#sizes.push({ position: next, sizeBytes });
      this.#position = next;
      return await Promise.resolve(next);
    });
  }

  /** Grains that are stored elsewhere at `until` than at `since`: written in between, ascending. */
  changedGrains(since: DiskPosition, until: DiskPosition): number[] {
    this.#assertPosition(since);
    this.#assertPosition(until);
    const grains = [...this.#versions.keys()];
    return grains
      .filter(grain => this.#storedAt(grain, since) !== this.#storedAt(grain, until))
      .sort((a, b) => a - b);
  }

  /** Grains that may hold something else than zeros at `position`, ascending. */
  *allocatedGrains(position: DiskPosition): Generator<number> {
    const written = this.changedGrains(0, position);
    let next = 0;
    for (const grain of this.#base.allocated.grains()) {
      for (let own = written[next]; own !== undefined && own <= grain; own = written[next]) {
        if (own < grain) yield own;
        next += 1;
      }
      yield grain;
    }
    yield* written.slice(next);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastWrite;
    const files = await this.#files;
    await files?.versions.close();
    await files?.base?.close();
  }

  async #append(offsetBytes: number, bytes: Uint8Array): Promise<DiskPosition> {
    const first = Math.floor(offsetBytes / grainBytes);
    const end = Math.ceil((offsetBytes + bytes.length) / grainBytes);
    const grains = new Uint8Array((end - first) * grainBytes);
    const keptBytes = Math.min(grains.length, this.sizeBytes - first * grainBytes);
    await this.readAt(this.#position, first * grainBytes, grains.subarray(0, keptBytes));
    grains.set(bytes, offsetBytes - first * grainBytes);
    const { versions: versionFile } = await this.#opened();
    await writeFully(versionFile, grains, this.#versionFileBytes);
    // From here on without waiting: readers and snapshots see all grains of the write or none.
    const position = this.#position + 1;
    for (let grain = first; grain < end; grain += 1)
      this.#addVersion(grain, {
        position,
        storedAtBytes: this.#versionFileBytes + (grain - first) * grainBytes,
      });
    this.#versionFileBytes += grains.length;
    this.#position = position;
    return position;
  }

  async #readGrain(position: DiskPosition, grain: number, withinBytes: number, target: Uint8Array) {
    const storedAtBytes = this.#storedAt(grain, position);
    const { base, versions } =
      storedAtBytes !== undefined || this.#base.allocated.has(grain) ? await this.#opened() : noFiles;
    if (storedAtBytes !== undefined && versions !== undefined) {
      await readFully(versions, target, storedAtBytes + withinBytes, this.name);
      return;
    }
    // A disk that has grown has zeros behind its base.
    const baseBytes = Math.max(0, this.#base.sizeBytes - grain * grainBytes - withinBytes);
    const inBase = base === undefined ? target.subarray(0, 0) : target.subarray(0, baseBytes);
    if (base !== undefined) await readFully(base, inBase, grain * grainBytes + withinBytes, this.name);
    target.fill(0, inBase.length);
  }

  /** Where the version of a grain lies that holds at `position`; undefined where that is the base. */
  #storedAt(grain: number, position: DiskPosition): number | undefined {
    return this.#versions.get(grain)?.findLast(candidate => candidate.position <= position)?.storedAtBytes;
  }

  #addVersion(grain: number, version: GrainVersion): void {
    const versions = this.#versions.get(grain) ?? [];
    versions.push(version);
    this.#versions.set(grain, versions);
  }

  async #inOrder(change: () => Promise<DiskPosition>): Promise<DiskPosition> {
    const made = this.#lastWrite.then(change);
    this.#lastWrite = made.then(
      () => undefined,
      () => undefined,
    );
    return await made;
  }

  async #opened(): Promise<DiskFiles> {
    this.#files ??= this.#openFiles();
    return await this.#files;
  }

  #assertPosition(position: DiskPosition): void {
    if (Number.isSafeInteger(position) && position >= 0 && position <= this.#position) return;
    throw new AppError(
      'NOT_FOUND',
      `${this.name} has no position ${position}; its last is ${this.#position}`,
    );
  }
}

interface DiskFiles {
  /** Undefined for a disk that began with zeros alone. */
  readonly base: FileHandle | undefined;
  readonly versions: FileHandle;
}

const noFiles = { base: undefined, versions: undefined };

async function openFiles(basePath: string, versionPath: string): Promise<DiskFiles> {
  const base = await open(basePath, 'r');
  try {
    return { base, versions: await open(versionPath, 'w+') };
  } catch (error) {
    await base.close();
    throw error;
  }
}

async function readFully(file: FileHandle, target: Uint8Array, offsetBytes: number, name: string) {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, target.length - done, offsetBytes + done);
    if (bytesRead === 0) throw new AppError('INTERNAL', `${name}: its file ends at ${offsetBytes + done}`);
    done += bytesRead;
  }
}

async function writeFully(file: FileHandle, source: Uint8Array, offsetBytes: number) {
  for (let done = 0; done < source.length;) {
    const { bytesWritten } = await file.write(source, done, source.length - done, offsetBytes + done);
    done += bytesWritten;
  }
}
