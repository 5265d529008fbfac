import { defined } from '../../base/assert.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import type { ImageFile } from '../images/imageFiles.ts';
import { VimFault } from '../soap/vimFault.ts';
import { groupText, mayAccess, passwdText, type GuestAccount } from './accounts.ts';
import { contentInMemory, contentOnDisk, type FileContent } from './fileContent.ts';

export interface NodeAttributes {
  /** Permission bits: `0o7777`. */
  mode: number;
  uid: number;
  gid: number;
  modifiedAt: Date;
  accessedAt: Date;
}

export type GuestNode = GuestFileNode | GuestFolderNode | GuestLinkNode;

export interface GuestFileNode extends NodeAttributes {
  readonly kind: 'file';
  content: FileContent;
}

export interface GuestFolderNode extends NodeAttributes {
  readonly kind: 'directory';
  readonly children: Map<string, GuestNode>;
}

export interface GuestLinkNode extends NodeAttributes {
  readonly kind: 'symlink';
  readonly target: string;
}

/** A disk's file system at its place in the guest's tree. */
export interface Mount {
  readonly path: string;
  readonly disk: VersionedDisk;
  readonly files: readonly ImageFile[];
}

/** A node and where it hangs. */
export interface FoundNode {
  readonly folder: GuestFolderNode;
  readonly name: string;
  /** Undefined if the folder has nothing of that name. */
  readonly node: GuestNode | undefined;
}

/** As Linux counts: a path with more links in it leads nowhere. */
const maxLinks = 40;

/**
 * The tree as it is at the start: the images' file systems, and what a running guest has besides: a folder for
 * temporary files in memory and the accounts. The root's mount comes first.
 */
export function createFileTree(mounts: readonly Mount[], now: Date): GuestFolderNode {
  const root = newFolder({ mode: 0o755, uid: 0, gid: 0, modifiedAt: now, accessedAt: now });
  for (const { path, disk, files } of mounts) {
    const top = path === '/' ? root : folderAt(root, path);
    for (const file of files) place(top, file, disk);
  }
  const ofRoot = { uid: 0, gid: 0, modifiedAt: now, accessedAt: now };
  root.children.set('tmp', newFolder({ ...ofRoot, mode: 0o1777 }));
  const etc = folderAt(root, '/etc');
  for (const [name, text] of [
    ['passwd', passwdText],
    ['group', groupText],
  ] as const)
    etc.children.set(name, newFile({ ...ofRoot, mode: 0o644 }, contentInMemory(Buffer.from(text))));
  return root;
}

export function newFolder(attributes: NodeAttributes): GuestFolderNode {
  return { ...attributes, kind: 'directory', children: new Map() };
}

export function newFile(attributes: NodeAttributes, content: FileContent): GuestFileNode {
  return { ...attributes, kind: 'file', content };
}

/**
 * Follows a path as the account would: links on the way, and one at its end if that is wanted.
 * @throws VimFault FileNotFound for what is not there but in the last step, GuestPermissionDenied, InvalidArgument
 */
export function walkTo(
  root: GuestFolderNode,
  path: string,
  account: GuestAccount,
  { followLast }: { readonly followLast: boolean },
): FoundNode {
  const isOfWindows = /^[A-Za-z]:(\\|$)/.test(path);
  if (!path.startsWith('/') && !isOfWindows)
    throw new VimFault('FileNotFound', `${path} is not an absolute path`, { file: path });
  const trail: FoundNode[] = [{ folder: root, name: '', node: root }];
  const waiting = steps(isOfWindows ? path.replaceAll('\\', '/') : path);
  for (let links = 0; waiting.length > 0;) {
    const step = defined(waiting.shift(), 'a step');
    const folder = trail.at(-1)?.node;
    if (folder?.kind !== 'directory') throw fileNotFound(path);
    if (!mayAccess(account, folder, 1)) throw permissionDenied();
    if (step === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const node = folder.children.get(step);
    if (node?.kind === 'symlink' && (waiting.length > 0 || followLast)) {
      links += 1;
      if (links > maxLinks) throw fileNotFound(path);
      if (node.target.startsWith('/')) trail.length = 1;
      waiting.unshift(...steps(node.target));
      continue;
    }
    trail.push({ folder, name: step, node });
    if (node === undefined && waiting.length > 0) throw fileNotFound(path);
  }
  return defined(trail.at(-1), 'the last step');
}

export function fileNotFound(path: string): VimFault {
  return new VimFault('FileNotFound', `File ${path} was not found`, { file: path });
}

export function permissionDenied(): VimFault {
  return new VimFault(
    'GuestPermissionDenied',
    'A general system error occurred: insufficient permissions in the host operating system',
  );
}

function steps(path: string): string[] {
  return path.split('/').filter(step => step !== '' && step !== '.');
}

/** The folder at a path that no link leads over; made if it is not there. */
function folderAt(root: GuestFolderNode, path: string): GuestFolderNode {
  let folder = root;
  for (const step of steps(path)) {
    const found = folder.children.get(step);
    const next = found?.kind === 'directory' ? found : newFolder({ ...attributesOf(root), mode: 0o755 });
    folder.children.set(step, next);
    folder = next;
  }
  return folder;
}

function attributesOf({ mode, uid, gid, modifiedAt, accessedAt }: GuestNode): NodeAttributes {
  return { mode, uid, gid, modifiedAt, accessedAt };
}

function place(top: GuestFolderNode, file: ImageFile, disk: VersionedDisk): void {
  const time = new Date(file.modifiedMs);
  const { mode, uid, gid } = file;
  const attributes = { mode, uid, gid, modifiedAt: time, accessedAt: time };
  const way = steps(file.path);
  const name = way.pop();
  if (name === undefined) {
    Object.assign(top, attributes);
    return;
  }
  const parent = folderAt(top, `/${way.join('/')}`);
  if (file.kind === 'directory') parent.children.set(name, newFolder(attributes));
  else if (file.kind === 'symlink')
    parent.children.set(name, { ...attributes, kind: 'symlink', target: file.target ?? '' });
  else parent.children.set(name, newFile(attributes, contentOnDisk(disk, file.sizeBytes, file.runs ?? [])));
}
