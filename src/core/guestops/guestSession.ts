import type { CredentialSource } from '../../base/credentialSource.ts';
import { AppError } from '../../base/errors.ts';
import { hostIdentityOf } from '../vsphere/hostCertificate.ts';
import { requirePrivileges } from '../vsphere/privileges/requirePrivileges.ts';
import { readObject } from '../vsphere/propertyCollector.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import { required, type VimSession } from '../vsphere/session.ts';
import { isVim, type Answer, type Arguments, type OperationName, type Vim } from '../vsphere/vimCaller.ts';
import { guestError } from './guestErrors.ts';
import type { GuestMount } from './guestMounts.ts';
import { folderOf, nameOf, patternOf } from './guestPaths.ts';

/** An account of a guest. The password is asked for at each call. */
export interface GuestCredentials {
  readonly user: string;
  readonly source: CredentialSource;
}

export interface GuestVm {
  readonly ref: MoRef;
  /** As the user knows it. */
  readonly name: string;
}

/** What a guest has at a path. The last four are undefined where the guest is not like Unix. */
export interface GuestNode {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly sizeBytes: number;
  readonly modifiedAt: Date | undefined;
  /** Permission bits: `0o7777`. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Of a symbolic link. */
  readonly target: string | undefined;
}

/** What is set of a node; what is undefined stays as it is. */
export interface GuestAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modifiedAt?: Date;
}

/** Permission to move one file, good for one transfer that begins within minutes. */
export interface GuestTransferGrant {
  readonly url: string;
  readonly thumbprint: string | undefined;
  readonly sizeBytes: number;
}

/** A program that runs in the guest, or has ended there in the last minutes. */
export interface GuestProcess {
  readonly pid: number;
  readonly name: string;
  readonly commandLine: string;
  readonly hasEnded: boolean;
  /** Of one that has ended and was started through VMware Tools. */
  readonly exitCode: number | undefined;
}

const writePrivileges = ['VirtualMachine.GuestOperations.Query', 'VirtualMachine.GuestOperations.Modify'];

/** More than this at once makes guests answer slowly. */
const pageEntries = 500;

/**
 * Work in a running guest as one of its accounts, through VMware Tools. It holds nothing: every call logs in anew.
 * Every method throws AUTHENTICATION naming VM and user, PERMISSION, UNREACHABLE if VMware Tools do not answer and
 * CONFLICT if the VM does not run. No error holds the password.
 */
export class GuestSession {
  readonly vm: GuestVm;
  readonly user: string;
  readonly #session: VimSession;
  readonly #source: CredentialSource;
  readonly #managers: GuestManagers;

  private constructor(
    session: VimSession,
    vm: GuestVm,
    { user, source }: GuestCredentials,
    managers: GuestManagers,
  ) {
    this.#session = session;
    this.vm = vm;
    this.user = user;
    this.#source = source;
    this.#managers = managers;
  }

  /** Lets the guest check the account first. */
  static async open(
    session: VimSession,
    vm: GuestVm,
    credentials: GuestCredentials,
    signal: AbortSignal,
  ): Promise<GuestSession> {
    const { server, content } = session;
    const operations = required(content.guestOperationsManager, 'guest operations', server);
    const paths = ['authManager', 'fileManager', 'processManager'] as const;
    const found = await readObject(session, 'GuestOperationsManager', operations, paths, signal);
    const guest = new GuestSession(session, vm, credentials, {
      auth: required(found.authManager, 'guest operations', server),
      files: required(found.fileManager, 'guest operations', server),
      processes: required(found.processManager, 'guest operations', server),
    });
    await guest.#call('ValidateCredentialsInGuest', guest.#managers.auth, {}, 'log in', signal);
    return guest;
  }

  get vcenterId(): string {
    return this.#session.instanceUuid;
  }

  /**
   * To be asked before something is written that might have to be removed again.
   * @throws PERMISSION naming the privilege that the account of the server lacks
   */
  async assertMayWrite(signal: AbortSignal): Promise<void> {
    await requirePrivileges(this.#session, this.vm, writePrivileges, 'write files in the guest', signal);
  }

  /** The node itself, not what a link leads to; undefined if there is none. */
  async stat(path: string, signal: AbortSignal): Promise<GuestNode | undefined> {
    const what = `look at ${path}`;
    try {
      if (path === '/') return namedEntry(await this.#list('/', undefined, what, signal), '.');
      const pattern = patternOf(nameOf(path));
      return namedEntry(await this.#list(folderOf(path), pattern, what, signal), nameOf(path));
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return undefined;
      // A folder may be entered without being listed; then the node alone is asked for.
      if (AppError.is(error, 'PERMISSION') && path !== '/')
        return await this.#statDirectly(path, what, signal);
      throw error;
    }
  }

  /** What the guest has of the names at the end of the paths, by path; one call for each folder. */
  async statAll(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, GuestNode>> {
    const found = new Map<string, GuestNode>();
    for (const [folder, names] of byFolder(paths)) {
      // The root lies in no folder; a single one is found faster by its name.
      if (names.size === 1 || names.has('')) {
        for (const path of names.values()) {
          const node = await this.stat(path, signal);
          if (node !== undefined) found.set(path, node);
        }
        continue;
      }
      for (const [name, node] of await this.#listIfThere(folder, signal)) {
        const path = names.get(name);
        if (path !== undefined) found.set(path, node);
      }
    }
    return found;
  }

  /** @throws NOT_FOUND if the folder it is to be in is missing; CONFLICT if there is one already */
  async makeFolder(path: string, signal: AbortSignal): Promise<void> {
    const args = { directoryPath: path, createParentDirectories: false };
    await this.#callFiles('MakeDirectoryInGuest', args, `make the folder ${path}`, signal);
  }

  /** @throws CONFLICT if there is something at the new place; NOT_FOUND */
  async rename(from: string, to: string, signal: AbortSignal): Promise<void> {
    const args = { srcFilePath: from, dstFilePath: to, overwrite: false };
    await this.#callFiles('MoveFileInGuest', args, `rename ${from} to ${to}`, signal);
  }

  /** @throws NOT_FOUND */
  async remove(path: string, signal: AbortSignal): Promise<void> {
    await this.#callFiles('DeleteFileInGuest', { filePath: path }, `remove ${path}`, signal);
  }

  async setAttributes(path: string, attributes: GuestAttributes, signal: AbortSignal): Promise<void> {
    const args = { guestFilePath: path, fileAttributes: posixAttributes(attributes) };
    await this.#callFiles(
      'ChangeFileAttributesInGuest',
      args,
      `set owner, permissions and time of ${path}`,
      signal,
    );
  }

  /** Permission to write a file that must not exist, with exactly that many bytes. */
  async grantUpload(
    path: string,
    sizeBytes: number,
    attributes: GuestAttributes,
    signal: AbortSignal,
  ): Promise<GuestTransferGrant> {
    const args = {
      guestFilePath: path,
      fileAttributes: posixAttributes(attributes),
      fileSize: sizeBytes,
      overwrite: false,
    };
    const url = await this.#callFiles('InitiateFileTransferToGuest', args, `write ${path}`, signal);
    return { url, sizeBytes, thumbprint: await this.#thumbprintOf(url, signal) };
  }

  /** @throws NOT_FOUND; CONFLICT for what is no file */
  async grantDownload(path: string, signal: AbortSignal): Promise<GuestTransferGrant> {
    const args = { guestFilePath: path };
    const what = `read ${path}`;
    const { url, size } = await this.#callFiles('InitiateFileTransferFromGuest', args, what, signal);
    return { url, sizeBytes: size, thumbprint: await this.#thumbprintOf(url, signal) };
  }

  /** What is in a folder, by name. @throws NOT_FOUND */
  async folder(path: string, signal: AbortSignal): Promise<ReadonlyMap<string, GuestNode>> {
    const entries = await this.#list(path, undefined, `look into ${path}`, signal);
    return new Map(entries.filter(([name]) => name !== '.' && name !== '..'));
  }

  /**
   * All processes, or those asked for.
   * @param pids  none for all
   */
  async processes(pids: readonly number[], signal: AbortSignal): Promise<readonly GuestProcess[]> {
    const { processes } = this.#managers;
    const found = await this.#call('ListProcessesInGuest', processes, { pids }, 'list processes', signal);
    return found.map(({ pid, name, cmdLine, endTime, exitCode }) => ({
      ...{ pid, name, commandLine: cmdLine, hasEnded: endTime !== undefined, exitCode },
    }));
  }

  /**
   * Starts a program and does not wait for it. In a Linux the arguments are read by a shell, which redirects.
   * @returns its process id
   * @throws NOT_FOUND if the guest has no such program
   */
  async startProgram(programPath: string, programArguments: string, signal: AbortSignal): Promise<number> {
    const spec = { _type: 'GuestProgramSpec', programPath, arguments: programArguments } as const;
    return await this.#call(
      'StartProgramInGuest',
      this.#managers.processes,
      { spec },
      `start ${programPath}`,
      signal,
    );
  }

  async endProgram(pid: number, signal: AbortSignal): Promise<void> {
    const { processes } = this.#managers;
    await this.#call('TerminateProcessInGuest', processes, { pid }, 'end a process', signal);
  }

  /** Where the guest has its file systems, longest path first. */
  async mounts(signal: AbortSignal): Promise<readonly GuestMount[]> {
    const found = await readObject(this.#session, 'VirtualMachine', this.vm.ref, ['guest.disk'], signal);
    const mounts = (found['guest.disk'] ?? []).flatMap(({ diskPath, capacity, freeSpace, mappings }) =>
      diskPath === undefined
        ? []
        : [
            {
              path: diskPath,
              capacityBytes: capacity,
              freeBytes: freeSpace,
              deviceKeys: (mappings ?? []).map(({ key }) => key),
            },
          ],
    );
    return mounts.sort((a, b) => b.path.length - a.path.length);
  }

  async #statDirectly(path: string, what: string, signal: AbortSignal): Promise<GuestNode | undefined> {
    try {
      const entries = await this.#list(path, undefined, what, signal);
      return namedEntry(entries, '.') ?? entries[0]?.[1];
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async #listIfThere(folder: string, signal: AbortSignal): Promise<readonly Entry[]> {
    try {
      return await this.#list(folder, undefined, `look into ${folder}`, signal);
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return [];
      throw error;
    }
  }

  async #list(
    folder: string,
    matchPattern: string | undefined,
    what: string,
    signal: AbortSignal,
  ): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (let remaining = 1; remaining > 0;) {
      const args = {
        filePath: folder,
        index: entries.length,
        maxResults: pageEntries,
        ...(matchPattern !== undefined && { matchPattern }),
      };
      const page = await this.#callFiles('ListFilesInGuest', args, what, signal);
      const files = page.files ?? [];
      for (const file of files) entries.push([nameOf(file.path), nodeOf(file)]);
      remaining = files.length === 0 ? 0 : page.remaining;
    }
    return entries;
  }

  /** A URL that names a host of its own leads to another certificate than the server's. */
  async #thumbprintOf(url: string, signal: AbortSignal): Promise<string | undefined> {
    if (/^https?:\/\/\*/.test(url)) return undefined;
    return (await hostIdentityOf(this.#session, this.vm.ref, signal))?.fingerprint;
  }

  async #callFiles<Name extends OperationName>(
    operation: Name,
    args: Omit<Arguments<Name>, 'vm' | 'auth'>,
    what: string,
    signal: AbortSignal,
  ): Promise<Answer<Name>> {
    return await this.#call(operation, this.#managers.files, args, what, signal);
  }

  async #call<Name extends OperationName>(
    operation: Name,
    manager: MoRef,
    args: Omit<Arguments<Name>, 'vm' | 'auth'>,
    what: string,
    signal: AbortSignal,
  ): Promise<Answer<Name>> {
    const password = await this.#source.password(signal);
    const auth: Vim<'NamePasswordAuthentication'> = {
      _type: 'NamePasswordAuthentication',
      interactiveSession: false,
      username: this.user,
      password: password.reveal(),
    };
    try {
      const complete = { ...args, vm: this.vm.ref, auth } as unknown as Arguments<Name>;
      return await this.#session.call(operation, manager, complete, signal);
    } catch (error) {
      throw guestError(error, { vmName: this.vm.name, user: this.user, what });
    }
  }
}

interface GuestManagers {
  readonly auth: MoRef;
  readonly files: MoRef;
  readonly processes: MoRef;
}

type Entry = readonly [name: string, node: GuestNode];

function namedEntry(entries: readonly Entry[], name: string): GuestNode | undefined {
  return entries.find(([entryName]) => entryName === name)?.[1];
}

function byFolder(paths: readonly string[]): Map<string, Map<string, string>> {
  const folders = new Map<string, Map<string, string>>();
  for (const path of paths) {
    const names = folders.get(folderOf(path)) ?? new Map<string, string>();
    folders.set(folderOf(path), names.set(nameOf(path), path));
  }
  return folders;
}

function nodeOf({ type, size, attributes }: Vim<'GuestFileInfo'>): GuestNode {
  const posix = isVim(attributes, 'GuestPosixFileAttributes') ? attributes : undefined;
  return {
    kind: type === 'directory' || type === 'symlink' ? type : 'file',
    sizeBytes: size,
    modifiedAt: attributes.modificationTime,
    // Some guests tell the kind of the file in the bits above.
    mode: posix?.permissions === undefined ? undefined : posix.permissions & 0o7777,
    uid: unsigned(posix?.ownerId),
    gid: unsigned(posix?.groupId),
    target: attributes.symlinkTarget,
  };
}

function posixAttributes({ mode, uid, gid, modifiedAt }: GuestAttributes): Vim<'GuestPosixFileAttributes'> {
  return {
    _type: 'GuestPosixFileAttributes',
    ...(modifiedAt !== undefined && { modificationTime: modifiedAt }),
    ...(uid !== undefined && { ownerId: uid | 0 }),
    ...(gid !== undefined && { groupId: gid | 0 }),
    ...(mode !== undefined && { permissions: mode }),
  };
}

/** Ids of Linux are unsigned, those of the API signed, with the same bits. */
function unsigned(id: number | undefined): number | undefined {
  return id === undefined ? undefined : id >>> 0;
}
