import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { blocksAt, type StoredBlock } from './diskBytes.ts';
import { GrainMap } from './grainMap.ts';
import { VersionedDisk, type DiskBase, type DiskPosition } from './versionedDisk.ts';

/** Makes and keeps the disks of one lab; their files lie in one folder, which is the lab's own. */
export class DiskStore implements AsyncDisposable {
  readonly #folder: string;
  readonly #disks = new Set<VersionedDisk>();
  /** Maps without a set bit by size, shared by all disks of the size. */
  readonly #nothing = new Map<number, GrainMap>();
  #nextFile = 1;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A disk that begins with the bytes of `base`, which is left as it is. */
  async fromBase(name: string, base: DiskBase): Promise<VersionedDisk> {
    const disk = await VersionedDisk.open(name, base, this.#newPath('versions'));
    this.#disks.add(disk);
    return disk;
  }

  async blank(name: string, sizeBytes: number): Promise<VersionedDisk> {
    return await this.fromBlocks(name, sizeBytes, []);
  }

  /** Zeros without a file before somebody writes: an inventory may have thousands of them. */
  unwritten(name: string, sizeBytes: number): VersionedDisk {
    const allocated = this.#nothing.get(sizeBytes) ?? GrainMap.empty(sizeBytes);
    this.#nothing.set(sizeBytes, allocated);
    const disk = VersionedDisk.unwritten(name, { sizeBytes, allocated }, this.#newPath('versions'));
    this.#disks.add(disk);
    return disk;
  }

  /** A disk that begins with `blocks`, zeros elsewhere. Nothing is left behind when they end in an error. */
  async fromBlocks(
    name: string,
    sizeBytes: number,
    blocks: AsyncIterable<StoredBlock> | Iterable<StoredBlock>,
  ): Promise<VersionedDisk> {
    const base = await this.#writeBase(sizeBytes, blocks);
    return await this.fromBase(name, base);
  }

  /** A disk with the bytes that another one has at `position`, and the raw image in which they are. */
  async copyAt(
    source: VersionedDisk,
    position: DiskPosition,
  ): Promise<{ readonly content: VersionedDisk; readonly imagePath: string }> {
    const blocks = blocksAt(source, position, AbortSignal.any([]));
    const base = await this.#writeBase(source.sizeAt(position), blocks);
    return { content: await this.fromBase(`copy of ${source.name}`, base), imagePath: base.path };
  }

  /** A disk that nobody will read again. */
  async drop(disk: VersionedDisk): Promise<void> {
    this.#disks.delete(disk);
    await disk[Symbol.asyncDispose]();
  }

  async #writeBase(
    sizeBytes: number,
    blocks: AsyncIterable<StoredBlock> | Iterable<StoredBlock>,
  ): Promise<DiskBase> {
    const path = this.#newPath('base');
    const allocated = GrainMap.empty(sizeBytes);
    const file = await open(path, 'wx');
    try {
      await file.truncate(sizeBytes);
      for await (const block of blocks) {
        await writeBlock(file, block);
        allocated.addRange(block.offsetBytes, block.bytes.length);
      }
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    await file.close();
    return { path, sizeBytes, allocated };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const disk of this.#disks) await disk[Symbol.asyncDispose]();
    this.#disks.clear();
  }

  #newPath(kind: 'base' | 'versions'): string {
    const number = this.#nextFile;
    this.#nextFile += 1;
    return join(this.#folder, `disk-${number}.${kind}`);
  }
}

async function writeBlock(file: FileHandle, block: StoredBlock): Promise<void> {
  for (let done = 0; done < block.bytes.length;) {
    const lengthBytes = block.bytes.length - done;
    const { bytesWritten } = await file.write(block.bytes, done, lengthBytes, block.offsetBytes + done);
    done += bytesWritten;
  }
}
