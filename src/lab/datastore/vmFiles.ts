import type { DiskChain, DiskLink } from '../model/diskChain.ts';
import type { VmFacts } from '../model/vmDescription.ts';
import type { VmFileType } from '../model/vmFileType.ts';
import { grainBytes } from '../disk/grainMap.ts';
import { SeededRandom } from '../guest/seededRandom.ts';
import {
  bytesOf,
  bytesOfDisk,
  type DatastoreFile,
  type FileBytes,
  type FileLock,
  type ReadableBytes,
} from './datastoreFile.ts';
import { besides, nameOf } from './datastorePath.ts';
import { readSeSparse, seSparseBytes, type SeSparseDelta } from './seSparse.ts';
import { changeTrackingName, extentName, formatVmfsDescriptor } from './vmdkDescriptor.ts';
import { formatVmsd } from './vmsdFile.ts';
import { formatVmx } from './vmxFile.ts';

/** A file of a VM with the kind under which `layoutEx` lists it; it does not list all. */
export interface VmFile extends DatastoreFile {
  readonly layoutType: VmFileType | undefined;
}

/** Every file of a VM, whatever datastore it is on; each path once. */
export function filesOfVm(vm: VmFacts): VmFile[] {
  const modifiedAt = vm.settings['modified'] as Date;
  const inFolder = (name: string, layoutType: VmFileType, bytes: FileBytes): VmFile => ({
    path: `${vm.home.path}${name}`,
    layoutType,
    modifiedAt,
    lock: 'none',
    bytes,
  });
  const { vmPathName } = vm.settings['files'] as { readonly vmPathName: string };
  const baseName = nameOf(vmPathName).replace(/\.vm(tx|x)$/, '');
  const files = [
    inFolder(
      nameOf(vmPathName),
      'config',
      text(() => formatVmx(vm)),
    ),
    inFolder(
      `${baseName}.vmsd`,
      'snapshotList',
      text(() => formatVmsd(vm)),
    ),
    // A VM has one only once its firmware has run.
    ...(vm.hasBeenOn ? [inFolder(`${baseName}.nvram`, 'nvram', nvram(vm))] : []),
    ...(vm.hasBeenOn
      ? [
          inFolder(
            'vmware.log',
            'log',
            text(() => formatLog(vm)),
          ),
        ]
      : []),
    ...chainsOf(vm).flatMap(chain => filesOfDisk(chain, vm.powerState === 'poweredOn', modifiedAt)),
    ...vm.snapshots.map(({ facts }) =>
      inFolder(`${baseName}-Snapshot${facts.id}.vmsn`, 'snapshotData', bytesOf(new Uint8Array(28_672))),
    ),
  ];
  for (const [name, added] of vm.addedFiles)
    files.push({
      ...inFolder(name, added.layoutType, bytesOf(added.content)),
      modifiedAt: added.modifiedAt,
    });
  return [...new Map(files.map(file => [file.path, file])).values()];
}

/** The disks of a VM, and those that only a snapshot of it still has. */
function chainsOf(vm: VmFacts): DiskChain[] {
  const frozen = vm.snapshots.flatMap(({ facts }) => facts.disks.map(({ chain }) => chain));
  // What is another VM's is listed there.
  return [...new Set([...vm.disks, ...frozen])].filter(({ lender }) => lender === undefined);
}

/** Descriptor and extent of each link of a disk, which is open while its VM is on. */
export function filesOfDisk(chain: DiskChain, isOn: boolean, modifiedAt: Date): VmFile[] {
  const trackingBytes = { sizeBytes: trackingFileBytes(chain.content.sizeBytes), read: undefined };
  return chain.links.flatMap((link): VmFile[] => {
    const written: FileLock = link === chain.current ? 'exclusive' : 'shared';
    const lock: FileLock = isOn ? written : 'none';
    const isDelta = link.parent !== undefined;
    const name = nameOf(link.fileName);
    const extent = besides(link.fileName, extentName(name, isDelta));
    const tracking = besides(link.fileName, changeTrackingName(name));
    const descriptor = text(() => describeLink(chain, link));
    return [
      { path: link.fileName, layoutType: 'diskDescriptor', modifiedAt, lock: 'none', bytes: descriptor },
      { path: extent, layoutType: 'diskExtent', modifiedAt, lock, bytes: extentBytes(chain, link) },
      ...(chain.tracking.isActive
        ? [{ path: tracking, layoutType: undefined, modifiedAt, lock, bytes: trackingBytes }]
        : []),
    ];
  });
}

function describeLink(chain: DiskChain, link: DiskLink): string {
  const parent = link.parent && {
    name: nameOf(link.parent.fileName),
    contentId: chain.contentIdOf(link.parent),
  };
  return formatVmfsDescriptor({
    name: nameOf(link.fileName),
    contentId: chain.contentIdOf(link),
    capacityBytes: chain.content.sizeBytes,
    isThin: chain.isThin,
    uuid: chain.uuid,
    parent,
    hasChangeTracking: chain.tracking.isActive,
  });
}

/** The extent of the first link holds all bytes of a disk, that of a delta what was written since. */
function extentBytes({ content }: DiskChain, link: DiskLink): FileBytes {
  const position = () => link.frozenAt ?? content.position;
  const { parent } = link;
  if (parent === undefined) {
    const bytes = bytesOfDisk(content, position);
    if (link.frozenAt !== undefined) return bytes;
    return { ...bytes, write: async (offsetBytes, written) => await content.write(offsetBytes, written) };
  }
  // Worked out when somebody looks: a VM that runs goes on writing.
  const delta = (): SeSparseDelta => ({
    capacityBytes: content.sizeBytes,
    writtenGrains: content.changedGrains(parent.frozenAt ?? 0, position()),
    readDisk: async (offsetBytes, target) => await content.readAt(position(), offsetBytes, target),
  });
  return {
    get sizeBytes() {
      return seSparseBytes(delta());
    },
    read: (offsetBytes, lengthBytes) => readSeSparse(delta())(offsetBytes, lengthBytes),
  };
}

/** A header and a bit for each block. How they are written is not known, so that the lab shows it to nobody. */
function trackingFileBytes(capacityBytes: number): number {
  const sectorBytes = 512;
  const bitmapBytes = Math.ceil(capacityBytes / grainBytes / 8);
  return sectorBytes * (1 + Math.ceil(bitmapBytes / sectorBytes));
}

/** Put together when somebody looks: most are never read. */
function text(format: () => string): FileBytes {
  let formatted: ReadableBytes | undefined;
  const bytes = () => (formatted ??= bytesOf(new TextEncoder().encode(format())));
  return {
    get sizeBytes() {
      return bytes().sizeBytes;
    },
    read: (offsetBytes, lengthBytes) => bytes().read(offsetBytes, lengthBytes),
  };
}

const nvramBytes = 8684;

/** The same for a VM every time: what the firmware keeps is of no interest, but must come back as it was. */
function nvram(vm: VmFacts): FileBytes {
  const content = new Uint8Array(nvramBytes);
  const seed = Number.parseInt(String(vm.settings['uuid']).slice(0, 8), 16);
  new SeededRandom(Number.isNaN(seed) ? 1 : seed).fill(content);
  content.set(new TextEncoder().encode('MRVN'), 0);
  return bytesOf(content);
}

function formatLog(vm: VmFacts): string {
  const time = (vm.bootTime ?? (vm.settings['createDate'] as Date)).toISOString();
  return `${time} In(05) vmx - Log for the simulated VM ${vm.name}\n`;
}
