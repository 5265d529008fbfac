import { mkdir, open, readdir, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { placeNew, syncFolder } from '../../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../../base/node/fileErrors.ts';
import { toHex, type Random } from '../../../base/random.ts';
import { isHexId } from '../../codec/blobId.ts';
import { objectFolders } from '../objectFolders.ts';
import {
  configName,
  type ListedObject,
  type ObjectKind,
  type ObjectName,
  type ObjectStore,
} from '../objectStore.ts';
import { endsTooEarly, namesIn, readExactly } from './files.ts';

export interface LocalObjectStoreOptions {
  /** An absolute path; a folder of this machine or of a network share. */
  readonly folder: string;
  readonly readOnly: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** Files under construction. One folder for all of them, so that leftovers are found without a search. */
const temporaryFolder = 'tmp';

/** No write of one object takes this long: whoever began a temporary file of this age is dead. */
const temporaryFileLifeMs = 24 * 60 * 60 * 1000;

const statsInFlight = 16;

/**
 * A repository in a folder, laid out as restic's local backend does it: `data/` has a subfolder for each first two
 * digits, every other kind lies flat.
 */
export class LocalObjectStore implements ObjectStore {
  readonly location: string;
  readonly #options: LocalObjectStoreOptions;
  /** Once in the life of a store, before its first write. */
  #cleaned: Promise<void> | undefined;

  constructor(options: LocalObjectStoreOptions) {
    this.#options = options;
    this.location = options.folder;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    this.#begin(signal);
    this.#assertWritable(configName);
    try {
      // The folder of the audit record is no part of the format: it comes with the first entry.
      const ofFormat = Object.values(objectFolders).filter(name => name !== objectFolders.audit);
      for (const subfolder of [temporaryFolder, ...ofFormat, ...packFolders()])
        await mkdir(join(this.location, subfolder), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fileError(this.location, error);
    }
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#begin(signal);
    this.#assertWritable(name);
    await (this.#cleaned ??= this.#removeDeadTemporaries());
    const path = this.#path(name);
    const temporary = join(
      this.location,
      temporaryFolder,
      `${name.id}-${toHex(this.#options.random.bytes(8))}`,
    );
    try {
      await this.#writeDurably(temporary, bytes);
      if (signal.aborted) throw new CancelledError();
      await this.#publish(temporary, path);
    } catch (error) {
      throw fileError(path, error);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  async get(name: ObjectName, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#withFile(name, signal, async (file, path) => {
      const { size } = await file.stat();
      if (size > maxBytes)
        throw new CorruptDataError(`${path}: ${size} bytes, at most ${maxBytes} expected`, { object: path });
      return await readExactly(file, path, 0, size);
    });
  }

  async getRange(
    name: ObjectName,
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#withFile(name, signal, async (file, path) => {
      const { size } = await file.stat();
      if (offsetBytes + lengthBytes > size) throw endsTooEarly(path, offsetBytes, size);
      return await readExactly(file, path, offsetBytes, lengthBytes);
    });
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    return await this.#withFile(name, signal, async file => (await file.stat()).size);
  }

  async *list(kind: ObjectKind, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
    this.#begin(signal);
    const found = mapOrdered(
      this.#ids(kind, signal),
      statsInFlight,
      async id => await this.#listed({ kind, id }),
    );
    for await (const object of found) {
      if (signal.aborted) throw new CancelledError();
      if (object !== undefined) yield object;
    }
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    this.#begin(signal);
    this.#assertWritable(name);
    const path = this.#path(name);
    try {
      await rm(path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw await this.#missingOr(error, name);
    }
  }

  async freeBytes(signal: AbortSignal): Promise<number> {
    this.#begin(signal);
    try {
      const { bavail, bsize } = await statfs(this.location);
      return bavail * bsize;
    } catch (error) {
      throw fileError(this.location, error);
    }
  }

  /** Removes what writers that died long ago left under construction; such files are in nobody's way. */
  async #removeDeadTemporaries(): Promise<void> {
    const folder = join(this.location, temporaryFolder);
    try {
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const { mtimeMs } = await stat(path);
        if (this.#options.clock.now().getTime() - mtimeMs >= temporaryFileLifeMs) await rm(path);
      }
    } catch {
      // The next writer tries again.
    }
  }

  async #writeDurably(temporary: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#createTemporary(temporary);
    try {
      await file.writeFile(bytes);
      const { size } = await file.stat();
      if (size !== bytes.length)
        throw new AppError('STORAGE_FULL', `${temporary}: only ${size} of ${bytes.length} bytes arrived`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #createTemporary(temporary: string): Promise<FileHandle> {
    try {
      return await open(temporary, 'wx', 0o600);
    } catch (error) {
      // A repository that others made has no such folder. One whose share is not mounted must not get one either:
      // the backup would fill the disk of the mount point.
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      await this.#assertPresent();
      await mkdir(dirname(temporary), { recursive: true, mode: 0o700 });
      return await open(temporary, 'wx', 0o600);
    }
  }

  /** Gives a complete file its name, which must be free. */
  async #publish(temporary: string, path: string): Promise<void> {
    try {
      await placeNew(temporary, path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await placeNew(temporary, path);
    }
    await syncFolder(dirname(path));
  }

  async #withFile<T>(
    name: ObjectName,
    signal: AbortSignal,
    work: (file: FileHandle, path: string) => Promise<T>,
  ): Promise<T> {
    this.#begin(signal);
    const path = this.#path(name);
    try {
      const file = await open(path, 'r');
      try {
        return await work(file, path);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw await this.#missingOr(error, name);
    }
  }

  async *#ids(kind: ObjectKind, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    if (kind === 'config') {
      yield configName.id;
      return;
    }
    const root = join(this.location, objectFolders[kind]);
    const names = await namesIn(root);
    if (names === undefined) await this.#assertPresent();
    if (kind !== 'pack') {
      yield* names?.filter(isHexId) ?? [];
      return;
    }
    for (const name of names ?? []) {
      if (signal.aborted) throw new CancelledError();
      yield* (await namesIn(join(root, name)))?.filter(isHexId) ?? [];
    }
  }

  async #listed(name: ObjectName): Promise<ListedObject | undefined> {
    try {
      return { id: name.id, sizeBytes: (await stat(this.#path(name))).size };
    } catch (error) {
      // Removed since its name was read.
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw fileError(this.#path(name), error);
    }
  }

  /**
   * NOT_FOUND if the object alone is missing; UNREACHABLE if the whole repository is, as when a share was unmounted
   * under its mount point.
   */
  async #missingOr(error: unknown, name: ObjectName): Promise<AppError> {
    if (systemErrorCode(error) === 'ENOENT' && name.kind !== 'config') {
      try {
        await this.#assertPresent();
      } catch (gone) {
        return fileError(this.location, gone);
      }
    }
    return fileError(this.#path(name), error);
  }

  async #assertPresent(): Promise<void> {
    try {
      await stat(this.#path(configName));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      throw new AppError('UNREACHABLE', `${this.location}: the repository is not there any more`, {
        object: this.location,
        remedy: 'Mount or connect the folder that holds the repository',
        cause: error,
      });
    }
  }

  #begin(signal: AbortSignal): void {
    if (signal.aborted) throw new CancelledError();
  }

  #assertWritable(name: ObjectName): void {
    if (!this.#options.readOnly) return;
    throw new AppError('PERMISSION', `${this.#path(name)}: the repository was opened for reading only`, {
      object: this.location,
    });
  }

  #path({ kind, id }: ObjectName): string {
    if (kind === 'config') return join(this.location, 'config');
    if (!isHexId(id)) throw new AppError('INVALID_INPUT', `“${id}” is not the name of a ${kind}`);
    return kind === 'pack'
      ? join(this.location, objectFolders.pack, id.slice(0, 2), id)
      : join(this.location, objectFolders[kind], id);
  }
}

function packFolders(): string[] {
  return Array.from({ length: 256 }, (_, index) =>
    join(objectFolders.pack, index.toString(16).padStart(2, '0')),
  );
}
