import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { accountOf, guestOf } from '../guest/guestAccess.ts';
import type { GuestAccount } from '../guest/accounts.ts';
import { fileNotFound, type GuestNode } from '../guest/fileTree.ts';
import type { AttributeChange, GuestFiles } from '../guest/guestFiles.ts';
import type { LabGuest } from '../guest/labGuest.ts';
import { toHex } from '../../base/random.ts';
import { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { invalidArgument, VimFault } from '../soap/vimFault.ts';
import { hostInUrls } from './leaseMethods.ts';
import { instanceOf, type Method, type MethodCall, type MethodTable } from './methodCall.ts';

/** A call that reached the guest: the VM runs, its tools answer, and the account is who it says. */
interface GuestCall {
  readonly call: MethodCall;
  readonly vm: LabVm;
  readonly account: GuestAccount;
  readonly guest: LabGuest;
  readonly files: GuestFiles;
  readonly text: (parameter: string) => string;
}

export const guestMethods: MethodTable = {
  ValidateCredentialsInGuest: inGuest('GuestAuthManager', () => undefined),
  ListFilesInGuest: inGuest('GuestFileManager', listFiles),
  InitiateFileTransferFromGuest: inGuest('GuestFileManager', ({ call, vm, account, files, text }) => {
    const path = text('guestFilePath');
    const node = files.fileToRead(account, path);
    const transfer = { vm, account, path, direction: 'from', sizeBytes: 0, change: {} } as const;
    const { size, attributes } = describeFile(path, node, vm);
    return {
      attributes,
      size,
      url: transferUrl(call, vm, call.lab.guestTransfers.grant(transfer, lifetimeMs(call))),
    };
  }),
  InitiateFileTransferToGuest: inGuest('GuestFileManager', ({ call, vm, account, files, text }) => {
    const path = text('guestFilePath');
    const sizeBytes = call.parameters['fileSize'] as number;
    if (sizeBytes < 0) throw invalidArgument('fileSize');
    files.checkWritable(account, path, call.parameters['overwrite'] === true);
    const change = changeIn(call.parameters['fileAttributes'] as PlainObject);
    const transfer = { vm, account, path, direction: 'to', sizeBytes, change } as const;
    return transferUrl(call, vm, call.lab.guestTransfers.grant(transfer, lifetimeMs(call)));
  }),
  MoveFileInGuest: inGuest('GuestFileManager', ({ call, account, files, text }) => {
    files.move(account, text('srcFilePath'), text('dstFilePath'), call.parameters['overwrite'] === true);
  }),
  DeleteFileInGuest: inGuest('GuestFileManager', ({ account, files, text }) => {
    files.remove(account, text('filePath'));
  }),
  MakeDirectoryInGuest: inGuest('GuestFileManager', ({ call, account, files, text }) => {
    files.makeFolder(account, text('directoryPath'), call.parameters['createParentDirectories'] === true);
  }),
  DeleteDirectoryInGuest: inGuest('GuestFileManager', ({ call, account, files, text }) => {
    files.removeFolder(account, text('directoryPath'), call.parameters['recursive'] === true);
  }),
  CreateTemporaryFileInGuest: inGuest('GuestFileManager', call => createTemporary(call, 'file')),
  CreateTemporaryDirectoryInGuest: inGuest('GuestFileManager', call => createTemporary(call, 'directory')),
  ChangeFileAttributesInGuest: inGuest('GuestFileManager', ({ call, account, files, text }) => {
    const change = changeIn(call.parameters['fileAttributes'] as PlainObject);
    files.setAttributes(account, text('guestFilePath'), change);
  }),
  StartProgramInGuest: inGuest('GuestProcessManager', ({ call, account, guest }) => {
    const spec = call.parameters['spec'] as { readonly programPath: string; readonly arguments: string };
    const pid = guest.start(account, spec.programPath, spec.arguments);
    if (pid === undefined) throw fileNotFound(spec.programPath);
    return pid;
  }),
  ListProcessesInGuest: inGuest('GuestProcessManager', ({ call, guest }) =>
    guest.processes((call.parameters['pids'] as readonly number[] | undefined) ?? []),
  ),
  TerminateProcessInGuest: inGuest('GuestProcessManager', ({ call, guest }) => {
    const pid = call.parameters['pid'] as number;
    if (!guest.endProcess(pid))
      throw new VimFault('GuestProcessNotFound', `There is no process ${pid}`, { pid });
  }),
};

function inGuest(on: string, answer: (call: GuestCall) => unknown): Method {
  return {
    on,
    answer: call => {
      const { lab, parameters } = call;
      const vm = instanceOf(lab.registry.get(parameters['vm'] as MoRef), LabVm);
      const guest = guestOf(vm);
      const { files } = guest;
      const account = accountOf(lab.guestPasswords, parameters['auth'] as PlainObject);
      const value = answer({ call, vm, account, guest, files, text: name => parameters[name] as string });
      // What tools tell of the guest's disks may have changed.
      lab.registry.changed(vm.ref);
      return value;
    },
  };
}

function listFiles({ call, vm, account, files, text }: GuestCall): PlainObject {
  const { index = 0, maxResults = 50, matchPattern } = call.parameters as ListParameters;
  const pattern = matchPattern === undefined ? undefined : compiled(matchPattern);
  const all = files.list(account, text('filePath')).filter(([name]) => pattern?.test(name) ?? true);
  const page = all.slice(index, index + maxResults);
  return {
    files: page.map(([name, node]) => describeFile(name, node, vm)),
    remaining: Math.max(0, all.length - index - page.length),
  };
}

interface ListParameters {
  readonly index?: number;
  readonly maxResults?: number;
  readonly matchPattern?: string;
}

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    throw invalidArgument('matchPattern');
  }
}

function describeFile(
  path: string,
  node: GuestNode,
  { nature }: LabVm,
): { path: string; type: string; size: number; attributes: PlainObject } {
  return {
    path,
    type: node.kind,
    size: node.kind === 'file' ? node.content.sizeBytes : 0,
    attributes:
      nature.family === 'windowsGuest'
        ? { _type: 'GuestWindowsFileAttributes', modificationTime: node.modifiedAt, hidden: false }
        : posixAttributes(node),
  };
}

function posixAttributes(node: GuestNode): PlainObject {
  return {
    _type: 'GuestPosixFileAttributes',
    ...{ modificationTime: node.modifiedAt, accessTime: node.accessedAt },
    symlinkTarget: node.kind === 'symlink' ? node.target : undefined,
    ...{ ownerId: node.uid, groupId: node.gid, permissions: node.mode },
  };
}

/** @throws VimFault InvalidArgument for the attributes of another kind of guest */
function changeIn(attributes: PlainObject): AttributeChange {
  const type = attributes['_type'];
  if (type === 'GuestWindowsFileAttributes') throw invalidArgument('fileAttributes');
  const { ownerId, groupId, permissions, modificationTime, accessTime } = attributes as PosixAttributes;
  return {
    uid: ownerId,
    gid: groupId,
    mode: permissions,
    modifiedAt: modificationTime,
    accessedAt: accessTime,
  };
}

interface PosixAttributes {
  readonly ownerId?: number;
  readonly groupId?: number;
  readonly permissions?: number;
  readonly modificationTime?: Date;
  readonly accessTime?: Date;
}

function createTemporary({ call, account, files, text }: GuestCall, kind: 'file' | 'directory'): string {
  const folder = (call.parameters['directoryPath'] as string | undefined) ?? '/tmp';
  const name = `${text('prefix')}${toHex(call.lab.random.bytes(6))}${text('suffix')}`;
  const path = `${folder.replace(/\/+$/, '')}/${name}`;
  files.createTemporary(account, kind, path);
  return path;
}

function lifetimeMs({ lab }: MethodCall): number {
  return lab.faults.guestTransferSeconds * 1000;
}

/** Unless told otherwise it names no host, as a host's own answer does: it is the one the client has asked. */
function transferUrl({ lab }: MethodCall, vm: LabVm, query: string): string {
  const { authority } = lab.servers.main;
  const host = hostInUrls(lab, vm) ?? `*${authority.slice(authority.lastIndexOf(':'))}`;
  return `https://${host}/guestFile?${query}`;
}
