import { MiB } from '../../base/units.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { bytesOf, bytesOfDisk, type DatastoreFile, type FileBytes } from '../datastore/datastoreFile.ts';
import {
  folderOf,
  formatDatastorePath,
  parseDatastorePath,
  type DatastorePlace,
} from '../datastore/datastorePath.ts';
import { datastoreNamed } from '../datastore/datastores.ts';
import { type StoredBlock } from '../disk/diskBytes.ts';
import type { LabContext } from '../labContext.ts';
import type { TaskWork } from '../model/labTask.ts';
import { fileFault, invalidArgument, VimFault } from '../soap/vimFault.ts';
import { startTask, type MethodCall, type MethodTable } from './methodCall.ts';

/** FileManager. */
export const fileMethods: MethodTable = {
  MakeDirectory: {
    on: 'FileManager',
    answer: call => {
      const place = placeIn(call, 'name', 'datacenter');
      const { datastores } = call.lab;
      if (exists(call.lab, place)) throw fileFault('FileAlreadyExists', formatDatastorePath(place));
      const parent = { ...place, path: folderOf(place.path) };
      if (call.parameters['createParentDirectories'] !== true && !datastores.isFolder(parent))
        throw fileFault('FileNotFound', formatDatastorePath(parent));
      datastores.makeFolder(place);
    },
  },
  DeleteDatastoreFile_Task: {
    on: 'FileManager',
    answer: call => {
      const place = placeIn(call, 'name', 'datacenter');
      return fileTask(call, 'FileManager.deleteFile', async () => {
        requireThere(call.lab, place);
        call.lab.datastores.remove(place);
        await Promise.resolve();
      });
    },
  },
  CopyDatastoreFile_Task: { on: 'FileManager', answer: call => transferFile(call, false) },
  MoveDatastoreFile_Task: { on: 'FileManager', answer: call => transferFile(call, true) },
};

/** @throws VimFault InvalidDatastorePath, InvalidDatastore */
export function placeIn(
  { lab, parameters }: MethodCall,
  name: string,
  datacenterName: string,
  otherwise?: string,
): DatastorePlace {
  const text = parameters[name] as string;
  const place = parseDatastorePath(text);
  if (place === undefined)
    throw new VimFault('InvalidDatastorePath', `Invalid datastore path '${text}'.`, { datastorePath: text });
  const named = parameters[datacenterName] ?? (otherwise === undefined ? undefined : parameters[otherwise]);
  // A vCenter has several, and the same name may be in each.
  if (named === undefined) throw invalidArgument(datacenterName);
  if (datastoreNamed(lab.registry, named as MoRef, place.datastore) === undefined)
    throw new VimFault('InvalidDatastore', `Invalid datastore '${place.datastore}'.`, {
      name: place.datastore,
    });
  return place;
}

/** A task on files, which no VM is locked by. */
export function fileTask(call: MethodCall, descriptionId: string, work: TaskWork): MoRef {
  const { datacenter } = call.lab.inventory;
  const options = { descriptionId, cancelable: true, entity: datacenter, entityName: 'Lab' };
  return startTask(call, options, work);
}

function transferFile(call: MethodCall, removesSource: boolean): MoRef {
  const { lab, parameters } = call;
  const source = placeIn(call, 'sourceName', 'sourceDatacenter');
  const target = placeIn(call, 'destinationName', 'destinationDatacenter', 'sourceDatacenter');
  const descriptionId = removesSource ? 'FileManager.moveFile' : 'FileManager.copyFile';
  return fileTask(call, descriptionId, async (progress, signal) => {
    const file = requireThere(lab, source);
    requireFree(lab, target, parameters['force'] === true);
    if (file === undefined) throw fileFault('NotAFile', formatDatastorePath(source));
    if (file.lock !== 'none') throw fileFault('FileLocked', file.path);
    await progress(20);
    const copy = await copied(lab, file, signal);
    if (removesSource) lab.datastores.remove(source);
    lab.datastores.store(target, copy);
  });
}

const maxBytesInMemory = 4 * MiB;

async function copied(
  lab: LabContext,
  { bytes, path }: DatastoreFile,
  signal: AbortSignal,
): Promise<FileBytes> {
  const { read, sizeBytes } = bytes;
  if (read === undefined) throw fileFault('CannotAccessFile', path);
  const blocks = async function* (): AsyncGenerator<StoredBlock> {
    let offsetBytes = 0;
    for await (const piece of read(0, sizeBytes)) {
      signal.throwIfAborted();
      yield { offsetBytes, bytes: piece };
      offsetBytes += piece.length;
    }
  };
  if (sizeBytes > maxBytesInMemory) {
    const disk = await lab.disks.fromBlocks(path, sizeBytes, blocks());
    return bytesOfDisk(disk, () => disk.position);
  }
  const pieces: Uint8Array[] = [];
  for await (const block of blocks()) pieces.push(block.bytes);
  return bytesOf(Buffer.concat(pieces));
}

function exists(lab: LabContext, place: DatastorePlace): boolean {
  return lab.datastores.file(place) !== undefined || lab.datastores.isFolder(place);
}

/** The file, or undefined for a folder. */
function requireThere(lab: LabContext, place: DatastorePlace): DatastoreFile | undefined {
  if (!exists(lab, place)) throw fileFault('FileNotFound', formatDatastorePath(place));
  return lab.datastores.file(place);
}

/** @throws VimFault FileNotFound without the folder; FileAlreadyExists for what is not replaced; FileLocked */
export function requireFree(lab: LabContext, place: DatastorePlace, replaces: boolean): void {
  const parent = { ...place, path: folderOf(place.path) };
  if (!lab.datastores.isFolder(parent)) throw fileFault('FileNotFound', formatDatastorePath(parent));
  if (!exists(lab, place)) return;
  if (!replaces) throw fileFault('FileAlreadyExists', formatDatastorePath(place));
  lab.datastores.remove(place);
}
