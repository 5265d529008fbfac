import { filesOfVm } from '../datastore/vmFiles.ts';
import { besides, nameOf } from '../datastore/datastorePath.ts';
import { extentName } from '../datastore/vmdkDescriptor.ts';
import { DiskChain, type DiskLink } from './diskChain.ts';
import type { PlainObject } from './managedObject.ts';
import type { VmFacts } from './vmDescription.ts';

/** The files of a VM as `layoutEx` tells of them. */
export function describeLayoutEx(vm: VmFacts): PlainObject {
  const listed = filesOfVm(vm).filter(({ layoutType }) => layoutType !== undefined);
  const keys = new Map(listed.map(({ path }, key) => [path, key]));
  const keyOf = (path: string) => keys.get(path) ?? -1;
  const chainOf = (link: DiskLink) =>
    DiskChain.linksOf(link).map(({ fileName, parent }) => {
      const extent = extentName(nameOf(fileName), parent !== undefined);
      return { fileKey: [keyOf(fileName), keyOf(besides(fileName, extent))] };
    });
  const file = listed.map(({ path, layoutType, bytes: { sizeBytes } }, key) => ({
    key,
    name: path,
    type: layoutType,
    size: sizeBytes,
    uniqueSize: sizeBytes,
    accessible: true,
  }));
  const disk = vm.disks.map(chain => ({ key: chain.key, chain: chainOf(chain.current) }));
  const snapshot = vm.snapshots.map(({ ref, facts }) => ({
    key: ref,
    dataKey: listed.findIndex(({ path }) => path.endsWith(`-Snapshot${facts.id}.vmsn`)),
    memoryKey: -1,
    disk: facts.disks.map(({ chain, link }) => ({ key: chain.key, chain: chainOf(link) })),
  }));
  return { file, disk, snapshot, timestamp: vm.settings['modified'] };
}
