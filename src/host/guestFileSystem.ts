import {
  EventEmitter,
  FilePermission,
  type FileStat,
  FileSystemError,
  type FileSystemProvider,
  FileType,
  l10n,
  Uri,
} from 'vscode';

import { toAppError } from '../base/errors.ts';
import { formatBytes, MiB } from '../base/units.ts';
import { type GuestNodeDto, type GuestPath, maxReadBytes, readGuestFile } from '../protocol/guest.ts';
import { followLinks, listWholeFolder } from './guestFolder.ts';
import { schemes } from './ids.ts';
import { sentence } from './model/errorText.ts';
import { guestAddress, guestName, parseGuestAddress } from './model/guestPath.ts';
import { type OpenPlaces, unlocking } from './openPlaces.ts';
import type { Worker } from './workerLink.ts';

/** The editor reads a file as a whole into memory, in two processes; what is larger is restored instead. */
export const maxOpenedBytes = 50 * MiB;

export function guestUri(path: GuestPath): Uri {
  return Uri.from({ scheme: schemes.guestFile, ...guestAddress(path) });
}

/** Files in a restore point, read-only, with their true size and time. They never change, so nothing is watched. */
export class GuestFileSystem implements FileSystemProvider {
  readonly onDidChangeFile;
  readonly #worker: Worker;
  readonly #places: Pick<OpenPlaces, 'repository' | 'unlock'>;
  readonly #changed = new EventEmitter<never>();
  readonly #lifetime = new AbortController();

  constructor(worker: Worker, places: Pick<OpenPlaces, 'repository' | 'unlock'>) {
    this.#worker = worker;
    this.#places = places;
    this.onDidChangeFile = this.#changed.event;
  }

  watch(): { dispose(): void } {
    return { dispose: () => undefined };
  }

  async stat(uri: Uri): Promise<FileStat> {
    return await this.#answer(uri, async (path, signal) => {
      const { node, isLink } = await followLinks(this.#worker, path, signal);
      return {
        type: isLink ? linkTo(typeOf(node)) : typeOf(node),
        size: node.sizeBytes,
        mtime: Date.parse(node.modifiedAt),
        ctime: Date.parse(node.createdAt ?? node.changedAt),
        permissions: FilePermission.Readonly,
      };
    });
  }

  async readDirectory(uri: Uri): Promise<[string, FileType][]> {
    return await this.#answer(uri, async (path, signal) => {
      const { at } = await followLinks(this.#worker, path, signal);
      const { entries } = await listWholeFolder(this.#worker, at, signal);
      return entries.map(node => [node.name, typeOf(node)]);
    });
  }

  async readFile(uri: Uri): Promise<Uint8Array> {
    return await this.#answer(uri, async (path, signal) => {
      const { at, node } = await followLinks(this.#worker, path, signal);
      if (node.kind === 'directory') throw FileSystemError.FileIsADirectory(uri);
      if (node.kind !== 'file') {
        throw FileSystemError.Unavailable(
          l10n.t('{0} is not a file but a {1}: it has no content', guestName(path.path), node.kind),
        );
      }
      if (node.sizeBytes > maxOpenedBytes) throw FileSystemError.Unavailable(tooLargeText(node));
      return await this.#readWhole(at, node.sizeBytes, signal);
    });
  }

  createDirectory(uri: Uri): never {
    throw readOnly(uri);
  }

  writeFile(uri: Uri): never {
    throw readOnly(uri);
  }

  delete(uri: Uri): never {
    throw readOnly(uri);
  }

  rename(uri: Uri): never {
    throw readOnly(uri);
  }

  dispose(): void {
    this.#lifetime.abort();
    this.#changed.dispose();
  }

  async #answer<T>(uri: Uri, work: (path: GuestPath, signal: AbortSignal) => Promise<T>): Promise<T> {
    const path = parseGuestAddress(uri);
    if (path === undefined) throw FileSystemError.FileNotFound(uri);
    const { signal } = this.#lifetime;
    try {
      await this.#places.repository(path.repository, signal);
      return await unlocking(this.#places, path, async () => await work(path, signal), signal);
    } catch (error) {
      throw fileSystemError(uri, error);
    }
  }

  async #readWhole(file: GuestPath, sizeBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const target = new Uint8Array(sizeBytes);
    for (let offsetBytes = 0; offsetBytes < sizeBytes;) {
      const lengthBytes = Math.min(maxReadBytes, sizeBytes - offsetBytes);
      const page = await this.#worker.request(readGuestFile, { ...file, offsetBytes, lengthBytes }, signal);
      const bytes = Buffer.from(page.content, 'base64');
      if (bytes.byteLength !== lengthBytes)
        throw FileSystemError.Unavailable(l10n.t('{0} ends before its size', file.path));
      target.set(bytes, offsetBytes);
      offsetBytes += lengthBytes;
    }
    return target;
  }
}

/** Why a file is not opened, and what to do instead. */
export function tooLargeText({ name, sizeBytes }: GuestNodeDto): string {
  return l10n.t(
    '{0} has {1}; the editor holds a file in memory and opens at most {2}. "Quiesce: Restore Guest File…" writes it to a folder without that limit.',
    name,
    formatBytes(sizeBytes),
    formatBytes(maxOpenedBytes),
  );
}

function typeOf({ kind }: GuestNodeDto): FileType {
  if (kind === 'directory') return FileType.Directory;
  if (kind === 'symlink') return FileType.SymbolicLink;
  return kind === 'file' ? FileType.File : FileType.Unknown;
}

/** The editor's types are bits, although declared as a plain enumeration. */
function linkTo(type: FileType): FileType {
  return FileType.SymbolicLink | type;
}

function readOnly(uri: Uri): FileSystemError {
  return FileSystemError.NoPermissions(
    l10n.t('{0} is in a restore point, which never changes', guestName(uri.path)),
  );
}

function fileSystemError(uri: Uri, thrown: unknown): Error {
  if (thrown instanceof FileSystemError) return thrown;
  const error = toAppError(thrown);
  if (error.code === 'NOT_FOUND') return FileSystemError.FileNotFound(uri);
  if (error.code === 'PERMISSION') return FileSystemError.NoPermissions(sentence(error));
  return FileSystemError.Unavailable(sentence(error));
}
