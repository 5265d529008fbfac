import { guestAccounts, type GuestAccount } from '../guest/accounts.ts';
import type { AttributeChange, GuestFiles } from '../guest/guestFiles.ts';
import type { GuestNode } from '../guest/fileTree.ts';
import type { LabVm } from '../model/labVm.ts';
import { VimFault } from '../soap/vimFault.ts';
import { HttpError } from './httpAnswer.ts';

/** The control API looks at guests and changes them as the administrator would, whether they run or not. */
const root = guestAccounts[0] as GuestAccount;

export function describeGuestFile(vm: LabVm, query: URLSearchParams): unknown {
  return inGuest(vm, files => describe(files.stat(root, pathIn(query))));
}

export function listGuestFolder(vm: LabVm, query: URLSearchParams): unknown {
  return inGuest(vm, files =>
    files
      .list(root, pathIn(query))
      .filter(([name]) => name !== '.' && name !== '..')
      .map(([name, node]) => ({ name, ...describe(node) })),
  );
}

export async function readGuestFile(vm: LabVm, query: URLSearchParams): Promise<Uint8Array> {
  const { content } = inGuest(vm, files => files.fileToRead(root, pathIn(query)));
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** As if a program in the guest had written the file, or changed its attributes where no bytes are given. */
export function writeGuestFile(
  vm: LabVm,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
): unknown {
  const { base64, mode, uid, gid, modifiedAt } = body as WrittenFile;
  const time = modifiedAt === undefined ? undefined : new Date(modifiedAt);
  const change: AttributeChange = { mode, uid, gid, modifiedAt: time };
  return inGuest(vm, files => {
    const path = pathIn(query);
    if (base64 !== undefined) files.write(root, path, Buffer.from(base64, 'base64'), change);
    else files.setAttributes(root, path, change);
    return describe(files.stat(root, path));
  });
}

/** As if somebody in the guest had removed a file, or a folder with everything in it. */
export function removeGuestFile(vm: LabVm, query: URLSearchParams): void {
  inGuest(vm, files => {
    const path = pathIn(query);
    if (files.stat(root, path).kind === 'directory') files.removeFolder(root, path, true);
    else files.remove(root, path);
  });
}

interface WrittenFile {
  readonly base64?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modifiedAt?: string;
}

function describe(node: GuestNode): object {
  const { kind, mode, uid, gid, modifiedAt } = node;
  return {
    kind,
    mode,
    uid,
    gid,
    modifiedAt,
    ...(node.kind === 'file' && { sizeBytes: node.content.sizeBytes }),
    ...(node.kind === 'symlink' && { target: node.target }),
  };
}

function inGuest<Value>(vm: LabVm, use: (files: GuestFiles) => Value): Value {
  if (vm.guest === undefined) throw new HttpError(404, `Nothing is known of the files of ${vm.name}`);
  try {
    return use(vm.guest.files);
  } catch (error) {
    if (error instanceof VimFault) throw new HttpError(404, error.message);
    throw error;
  }
}

function pathIn(query: URLSearchParams): string {
  const path = query.get('path');
  if (path === null) throw new HttpError(400, 'path is missing');
  return path;
}
