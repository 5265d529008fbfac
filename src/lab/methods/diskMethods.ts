import { randomUuid } from '../../base/random.ts';
import { formatDatastorePath, type DatastorePlace } from '../datastore/datastorePath.ts';
import { openUploadedDisk } from '../datastore/uploadedDisk.ts';
import { geometryOf, spacedUuid } from '../datastore/vmdkDescriptor.ts';
import { blocksAt } from '../disk/diskBytes.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import type { LabContext } from '../labContext.ts';
import { DiskChain } from '../model/diskChain.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { fileFault, invalidArgument } from '../soap/vimFault.ts';
import { fileTask, placeIn, requireFree } from './fileMethods.ts';
import type { MethodTable } from './methodCall.ts';

/** VirtualDiskManager. */
export const diskMethods: MethodTable = {
  CreateVirtualDisk_Task: {
    on: 'VirtualDiskManager',
    answer: call => {
      const { lab, parameters } = call;
      const place = placeIn(call, 'name', 'datacenter');
      const spec = parameters['spec'] as PlainObject;
      const capacityKb = spec['capacityKb'];
      if (typeof capacityKb !== 'number' || capacityKb <= 0) throw invalidArgument('spec');
      return fileTask(call, 'VirtualDiskManager.createVirtualDisk', async () => {
        requireFree(lab, place, false);
        const content = await lab.disks.blank(formatDatastorePath(place), capacityKb * 1024);
        keepNewDisk(lab, place, content, spec['diskType'] === 'thin');
      });
    },
  },
  ExtendVirtualDisk_Task: {
    on: 'VirtualDiskManager',
    answer: call => {
      const { lab, parameters } = call;
      const place = placeIn(call, 'name', 'datacenter');
      const sizeBytes = (parameters['newCapacityKb'] as number) * 1024;
      return fileTask(call, 'VirtualDiskManager.extendVirtualDisk', async () => {
        const chain = closedDisk(lab, place);
        if (sizeBytes < chain.content.sizeBytes) throw invalidArgument('newCapacityKb');
        if (chain.links.length > 1) throw fileFault('FileLocked', formatDatastorePath(place));
        await chain.content.grow(sizeBytes);
        chain.tracking.stop();
      });
    },
  },
  DeleteVirtualDisk_Task: {
    on: 'VirtualDiskManager',
    answer: call => {
      const place = placeIn(call, 'name', 'datacenter');
      return fileTask(call, 'VirtualDiskManager.deleteVirtualDisk', async () => {
        closedDisk(call.lab, place);
        call.lab.datastores.remove(place);
        await Promise.resolve();
      });
    },
  },
  CopyVirtualDisk_Task: {
    on: 'VirtualDiskManager',
    answer: call => {
      const { lab, parameters } = call;
      const source = placeIn(call, 'sourceName', 'sourceDatacenter');
      const target = placeIn(call, 'destName', 'destDatacenter', 'sourceDatacenter');
      const spec = parameters['destSpec'] as PlainObject | undefined;
      return fileTask(call, 'VirtualDiskManager.copyVirtualDisk', async (progress, signal) => {
        requireFree(lab, target, parameters['force'] === true);
        const { content, isThin } = closedDisk(lab, source);
        await progress(20);
        const blocks = blocksAt(content, content.position, signal);
        const copy = await lab.disks.fromBlocks(formatDatastorePath(target), content.sizeBytes, blocks);
        keepNewDisk(lab, target, copy, spec === undefined ? isThin : spec['diskType'] === 'thin');
      });
    },
  },
  MoveVirtualDisk_Task: {
    on: 'VirtualDiskManager',
    answer: call => {
      const { lab, parameters } = call;
      const source = placeIn(call, 'sourceName', 'sourceDatacenter');
      const target = placeIn(call, 'destName', 'destDatacenter', 'sourceDatacenter');
      return fileTask(call, 'VirtualDiskManager.moveVirtualDisk', async progress => {
        if (formatDatastorePath(source) === formatDatastorePath(target))
          throw fileFault('FileAlreadyExists', formatDatastorePath(target));
        const chain = await looseDisk(lab, source);
        requireFree(lab, target, parameters['force'] === true);
        await progress(50);
        const path = formatDatastorePath(target);
        chain.moveFiles(() => path, lab.inventory.datastores.get(target.datastore));
      });
    },
  },
  InflateVirtualDisk_Task: {
    on: 'VirtualDiskManager',
    answer: call => {
      const place = placeIn(call, 'name', 'datacenter');
      return fileTask(call, 'VirtualDiskManager.inflateVirtualDisk', async progress => {
        const chain = closedDisk(call.lab, place);
        await progress(50);
        const backing = chain.device['backing'] as PlainObject;
        chain.device = { ...chain.device, backing: { ...backing, thinProvisioned: false } };
      });
    },
  },
  QueryVirtualDiskUuid: {
    on: 'VirtualDiskManager',
    answer: call => spacedUuid(anyDisk(call.lab, placeIn(call, 'name', 'datacenter')).uuid),
  },
  SetVirtualDiskUuid: {
    on: 'VirtualDiskManager',
    answer: call => {
      const chain = closedDisk(call.lab, placeIn(call, 'name', 'datacenter'));
      const digits = String(call.parameters['uuid']).replace(/[ -]/g, '');
      if (!/^[0-9a-f]{32}$/i.test(digits)) throw invalidArgument('uuid');
      chain.uuid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toUpperCase();
    },
  },
  QueryVirtualDiskGeometry: {
    on: 'VirtualDiskManager',
    answer: call => geometryOf(anyDisk(call.lab, placeIn(call, 'name', 'datacenter')).content.sizeBytes),
  },
};

function keepNewDisk(lab: LabContext, place: DatastorePlace, content: VersionedDisk, isThin: boolean): void {
  const backing = { diskMode: 'persistent', thinProvisioned: isThin, sharing: 'sharingNone' };
  const device = { _type: 'VirtualDisk', key: -1, backing };
  const uuid = randomUuid(lab.random).toUpperCase();
  lab.datastores.keepDisk(new DiskChain(device, content, formatDatastorePath(place), uuid));
}

/** @throws VimFault FileNotFound, or FileLocked for one that a VM has open */
function closedDisk(lab: LabContext, place: DatastorePlace): DiskChain {
  const path = formatDatastorePath(place);
  const loose = lab.datastores.disk(path);
  if (loose !== undefined) return loose;
  const chain = chainOfVm(lab, place);
  if (chain === undefined) throw fileFault('FileNotFound', path);
  if (lab.datastores.owner(place)?.powerState === 'poweredOn') throw fileFault('FileLocked', path);
  return chain;
}

/** @throws VimFault FileNotFound */
function anyDisk(lab: LabContext, place: DatastorePlace): DiskChain {
  const path = formatDatastorePath(place);
  const chain = lab.datastores.disk(path) ?? chainOfVm(lab, place);
  if (chain === undefined) throw fileFault('FileNotFound', path);
  return chain;
}

/**
 * A disk that is no VM's, also one that somebody has uploaded as descriptor and flat extent.
 * @throws VimFault FileNotFound; FileLocked for a VM's, and for one of several files; GenericVmConfigFault for a file that is
 * no such disk
 */
async function looseDisk(lab: LabContext, place: DatastorePlace): Promise<DiskChain> {
  const path = formatDatastorePath(place);
  if (lab.datastores.owner(place) !== undefined) throw fileFault('FileLocked', path);
  const known = lab.datastores.disk(path);
  const chain = known ?? (await openUploadedDisk(lab, place));
  if (chain === undefined) throw fileFault('FileNotFound', path);
  if (chain.links.length > 1) throw fileFault('FileLocked', path);
  if (known === undefined) lab.datastores.keepDisk(chain);
  return chain;
}

function chainOfVm(lab: LabContext, place: DatastorePlace): DiskChain | undefined {
  const path = formatDatastorePath(place);
  return lab.datastores.owner(place)?.disks.find(({ current }) => current.fileName === path);
}
