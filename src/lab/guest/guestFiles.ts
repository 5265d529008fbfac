import type { Clock } from '../../base/clock.ts';
import { MiB } from '../../base/units.ts';
import { VimFault } from '../soap/vimFault.ts';
import { mayAccess, type GuestAccount } from './accounts.ts';
import { contentInMemory } from './fileContent.ts';
import {
  createFileTree,
  fileNotFound,
  newFile,
  newFolder,
  permissionDenied,
  walkTo,
  type FoundNode,
  type GuestFileNode,
  type GuestFolderNode,
  type GuestNode,
  type Mount,
  type NodeAttributes,
} from './fileTree.ts';

/** What a client may set of a node; what is undefined stays. */
export type AttributeChange = { readonly [Key in keyof NodeAttributes]?: NodeAttributes[Key] | undefined };

/** How much a guest may be given to keep: it is in this process's memory. */
export const roomBytes = 256 * MiB;

/**
 * The files of one guest as it sees them itself, with owners and permissions. What is written here is not in the
 * bytes of the guest's disks. Faults are those of the API.
 */
export class GuestFiles {
  readonly mounts: readonly Mount[];
  readonly #clock: Clock;
  readonly #root: GuestFolderNode;

  constructor(mounts: readonly Mount[], clock: Clock) {
    this.mounts = mounts;
    this.#clock = clock;
    this.#root = createFileTree(mounts, clock.now());
  }

  get freeBytes(): number {
    return roomBytes - memoryBytes(this.#root);
  }

  /** A node by its path; the last step is not followed if it is a link. */
  stat(account: GuestAccount, path: string): GuestNode {
    return existing(this.#find(account, path), path);
  }

  /** A folder's nodes with `.` and `..`, or the one node that is no folder, under the path it was asked by. */
  list(account: GuestAccount, path: string): [name: string, node: GuestNode][] {
    const found = walkTo(this.#root, path, account, { followLast: true });
    const node = existing(found, path);
    if (node.kind !== 'directory') return [[path, this.stat(account, path)]];
    if (!mayAccess(account, node, 4)) throw permissionDenied();
    const children = [...node.children].sort(([a], [b]) => (a < b ? -1 : 1));
    return [['.', node], ['..', found.folder], ...children];
  }

  /** @throws VimFault for folders and links, which are not transferred */
  fileToRead(account: GuestAccount, path: string): GuestFileNode {
    const node = existing(this.#find(account, path), path);
    if (node.kind !== 'file') throw notAFile(path);
    if (!mayAccess(account, node, 4)) throw permissionDenied();
    return node;
  }

  /** Whether the account may write such a file; nothing is written. */
  checkWritable(account: GuestAccount, path: string, overwrite: boolean): void {
    const { folder, node } = this.#find(account, path);
    if (node === undefined) {
      if (!mayAccess(account, folder, 2)) throw permissionDenied();
      return;
    }
    if (node.kind !== 'file') throw notAFile(path);
    if (!overwrite) throw fileAlreadyExists(path);
    if (!mayAccess(account, node, 2)) throw permissionDenied();
  }

  /** Writes a file whole, or what has come of it. Owner and permissions are the account's and 0644 by default. */
  write(account: GuestAccount, path: string, bytes: Uint8Array, change: AttributeChange): void {
    this.checkWritable(account, path, true);
    const { folder, name } = this.#find(account, path);
    const now = this.#clock.now();
    const { uid, gid } = account;
    const attributes = { mode: 0o644, uid, gid, modifiedAt: now, accessedAt: now };
    const written = newFile(attributes, contentInMemory(bytes));
    folder.children.set(name, written);
    this.#apply(account, written, change);
  }

  setAttributes(account: GuestAccount, path: string, change: AttributeChange): void {
    this.#apply(account, existing(walkTo(this.#root, path, account, { followLast: true }), path), change);
  }

  makeFolder(account: GuestAccount, path: string, withParents: boolean): void {
    const parent = path.replace(/\/+[^/]*\/*$/, '');
    if (withParents && parent !== '' && !this.#exists(account, parent))
      this.makeFolder(account, parent, true);
    const { folder, name, node } = this.#find(account, path);
    if (node !== undefined) throw fileAlreadyExists(path);
    if (!mayAccess(account, folder, 2)) throw permissionDenied();
    const now = this.#clock.now();
    const { uid, gid } = account;
    folder.children.set(name, newFolder({ mode: 0o755, uid, gid, modifiedAt: now, accessedAt: now }));
  }

  /** The folder and those above it, where they are missing. */
  makeFolders(account: GuestAccount, path: string): void {
    if (!this.#exists(account, path)) this.makeFolder(account, path, true);
  }

  /** A new, empty file or folder that only the account may use; its path. */
  createTemporary(account: GuestAccount, kind: 'file' | 'directory', path: string): void {
    const { folder, name, node } = this.#find(account, path);
    if (node !== undefined) throw fileAlreadyExists(path);
    if (!mayAccess(account, folder, 2)) throw permissionDenied();
    const now = this.#clock.now();
    const attributes = { uid: account.uid, gid: account.gid, modifiedAt: now, accessedAt: now };
    const made =
      kind === 'file'
        ? newFile({ ...attributes, mode: 0o600 }, contentInMemory(new Uint8Array()))
        : newFolder({ ...attributes, mode: 0o700 });
    folder.children.set(name, made);
  }

  move(account: GuestAccount, from: string, to: string, overwrite: boolean): void {
    const source = this.#find(account, from);
    const node = existing(source, from);
    if (node.kind === 'directory') throw notAFile(from);
    const target = this.#find(account, to);
    if (target.node?.kind === 'directory') throw notAFile(to);
    if (target.node !== undefined && !overwrite) throw fileAlreadyExists(to);
    assertMayTakeOut(account, source);
    if (target.node === undefined) {
      if (!mayAccess(account, target.folder, 2)) throw permissionDenied();
    } else assertMayTakeOut(account, target);
    source.folder.children.delete(source.name);
    target.folder.children.set(target.name, node);
  }

  remove(account: GuestAccount, path: string): void {
    const found = this.#find(account, path);
    if (existing(found, path).kind === 'directory') throw notAFile(path);
    assertMayTakeOut(account, found);
    found.folder.children.delete(found.name);
  }

  removeIfThere(account: GuestAccount, path: string): void {
    if (this.#exists(account, path)) this.remove(account, path);
  }

  removeFolder(account: GuestAccount, path: string, recursive: boolean): void {
    const found = this.#find(account, path);
    const node = existing(found, path);
    if (node.kind !== 'directory')
      throw new VimFault('NotADirectory', `${path} is no folder`, { file: path });
    if (node.children.size > 0 && !recursive)
      throw new VimFault('DirectoryNotEmpty', `${path} is not empty`, { file: path });
    assertMayTakeOut(account, found);
    found.folder.children.delete(found.name);
  }

  #find(account: GuestAccount, path: string): FoundNode {
    return walkTo(this.#root, path, account, { followLast: false });
  }

  #exists(account: GuestAccount, path: string): boolean {
    try {
      return walkTo(this.#root, path, account, { followLast: true }).node !== undefined;
    } catch (error) {
      if (error instanceof VimFault && error.type === 'FileNotFound') return false;
      throw error;
    }
  }

  /** Giving a file away is the administrator's right, everything else the owner's too. */
  #apply(account: GuestAccount, node: GuestNode, change: AttributeChange): void {
    const isOwner = account.uid === 0 || account.uid === node.uid;
    const keepsOwner =
      (change.uid ?? node.uid) === node.uid &&
      ((change.gid ?? node.gid) === node.gid || (isOwner && change.gid === account.gid));
    if (!isOwner || (account.uid !== 0 && !keepsOwner)) throw permissionDenied();
    node.uid = change.uid ?? node.uid;
    node.gid = change.gid ?? node.gid;
    node.mode = (change.mode ?? node.mode) & 0o7777;
    node.modifiedAt = change.modifiedAt ?? node.modifiedAt;
    node.accessedAt = change.accessedAt ?? node.accessedAt;
  }
}

/** In a folder with the sticky bit, only the owner of a node, or of the folder, may take it out. */
function assertMayTakeOut(account: GuestAccount, { folder, node }: FoundNode): void {
  const isSticky = (folder.mode & 0o1000) !== 0;
  const owns = account.uid === 0 || account.uid === folder.uid || account.uid === node?.uid;
  if (!mayAccess(account, folder, 2) || (isSticky && !owns)) throw permissionDenied();
}

function memoryBytes(node: GuestNode): number {
  if (node.kind === 'file') return node.content.memoryBytes;
  if (node.kind === 'symlink') return 0;
  return [...node.children.values()].reduce((sum, child) => sum + memoryBytes(child), 0);
}

function existing({ node }: FoundNode, path: string): GuestNode {
  if (node === undefined) throw fileNotFound(path);
  return node;
}

function notAFile(path: string): VimFault {
  return new VimFault('NotAFile', `${path} is not a file`, { file: path });
}

function fileAlreadyExists(path: string): VimFault {
  return new VimFault('FileAlreadyExists', `${path} already exists`, { file: path });
}
