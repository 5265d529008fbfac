import type { Clock } from '../../base/clock.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { DiskChain } from '../model/diskChain.ts';
import { LabVm } from '../model/labVm.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import type { VmFileType } from '../model/vmFileType.ts';
import { fileFault } from '../soap/vimFault.ts';
import type { DatastoreFile, FileBytes } from './datastoreFile.ts';
import {
  folderOf,
  formatDatastorePath,
  nameOf,
  parseDatastorePath,
  type DatastorePlace,
} from './datastorePath.ts';
import { filesOfDisk, filesOfVm } from './vmFiles.ts';

/** What is in a folder. */
export type FolderEntry =
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly file: DatastoreFile };

interface StoredFile {
  readonly bytes: FileBytes;
  readonly modifiedAt: Date;
}

/**
 * All files on the datastores of the lab: those of VMs, which follow from what the VMs are at that moment, disks of no
 * VM, and what somebody has put there.
 */
export class Datastores {
  readonly #registry: ObjectRegistry;
  readonly #clock: Clock;
  /** By whole path. */
  readonly #stored = new Map<string, StoredFile>();
  /** Disks of no VM, with the time since when. */
  readonly #disks = new Map<DiskChain, Date>();
  /** Whole paths of folders that somebody has made; a folder with something in it exists without. */
  readonly #folders = new Set<string>();

  constructor(registry: ObjectRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  file(place: DatastorePlace): DatastoreFile | undefined {
    const path = formatDatastorePath(place);
    const files = [...this.#files(place.datastore, folderOf(place.path))];
    return files.findLast(file => file.path === path);
  }

  isFolder(place: DatastorePlace): boolean {
    if (place.path === '' || this.#folders.has(formatDatastorePath(place))) return true;
    return this.list(place).length > 0;
  }

  /** What is directly in a folder, by name; nothing for a folder that is not there. */
  list({ datastore, path }: DatastorePlace): FolderEntry[] {
    const prefix = path === '' ? '' : `${path}/`;
    const found = new Map<string, FolderEntry>();
    const addFolder = (inside: string) => {
      const [name = ''] = inside.split('/');
      if (!found.has(name)) found.set(name, { kind: 'folder', name });
    };
    for (const whole of this.#folders) {
      const place = parseDatastorePath(whole);
      if (place?.datastore === datastore && place.path.startsWith(prefix))
        addFolder(place.path.slice(prefix.length));
    }
    for (const file of this.#files(datastore, path)) {
      const inside = parseDatastorePath(file.path)?.path.slice(prefix.length) ?? '';
      if (inside.includes('/')) addFolder(inside);
      else found.set(inside, { kind: 'file', name: inside, file });
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Puts a file there, in place of what somebody has put there before. */
  store(place: DatastorePlace, bytes: FileBytes): void {
    this.#stored.set(formatDatastorePath(place), { bytes, modifiedAt: this.#clock.now() });
  }

  makeFolder(place: DatastorePlace): void {
    this.#folders.add(formatDatastorePath(place));
  }

  /**
   * Removes a file, a disk with all its files, or a folder with everything in it.
   * @throws VimFault FileLocked for what is a VM's own
   */
  remove(place: DatastorePlace): void {
    const path = formatDatastorePath(place);
    const isGone = (other: string) => other === path || other.startsWith(`${path}/`);
    const folder = this.isFolder(place) ? place.path : folderOf(place.path);
    for (const vm of this.#vmsAt(place.datastore, folder)) {
      const own = filesOfVm(vm).find(
        file => isGone(file.path) && !vm.addedFiles.has(nameOf(file.path)) && !this.#stored.has(file.path),
      );
      if (own !== undefined) throw fileFault('FileLocked', own.path);
      for (const name of [...vm.addedFiles.keys()])
        if (isGone(`${vm.home.path}${name}`)) this.removeFromVm(vm, name);
    }
    for (const other of [...this.#stored.keys()]) if (isGone(other)) this.#stored.delete(other);
    for (const other of [...this.#folders]) if (isGone(other)) this.#folders.delete(other);
    for (const chain of [...this.#disks.keys()])
      if (chain.links.some(({ fileName }) => isGone(fileName))) this.#disks.delete(chain);
  }

  /** A disk that is no VM's, by its newest descriptor. */
  disk(path: string): DiskChain | undefined {
    return [...this.#disks.keys()].find(chain => chain.current.fileName === path);
  }

  /** A disk becomes nobody's: its files stay where they are. */
  keepDisk(chain: DiskChain): void {
    this.#disks.set(chain, this.#clock.now());
  }

  /** A disk becomes somebody's. */
  releaseDisk(chain: DiskChain): void {
    this.#disks.delete(chain);
  }

  /**
   * Puts a file into a VM's folder as a host does that leaves something there: it is the VM's from then on, listed in
   * its layout, and goes with it.
   * @param name  without a folder, for instance "web01-vss_manifests1.zip"
   */
  addToVm(vm: LabVm, name: string, content: Uint8Array, layoutType: VmFileType): void {
    vm.addedFiles.set(name, { layoutType, content, modifiedAt: this.#clock.now() });
    this.#registry.changed(vm.ref);
  }

  /** As a host does when what it has left is no longer needed, for instance with its snapshot. */
  removeFromVm(vm: LabVm, name: string): void {
    if (vm.addedFiles.delete(name)) this.#registry.changed(vm.ref);
  }

  /** The VM that has a file of that path. */
  owner({ datastore, path }: DatastorePlace): LabVm | undefined {
    const whole = formatDatastorePath({ datastore, path });
    return this.#vmsAt(datastore, folderOf(path)).find(vm => filesOfVm(vm).some(file => file.path === whole));
  }

  /** Everything at or below a folder; what somebody has put there comes after what it hides. */
  *#files(datastore: string, folder: string): Generator<DatastoreFile> {
    const prefix = folder === '' ? `[${datastore}] ` : `[${datastore}] ${folder}/`;
    for (const vm of this.#vmsAt(datastore, folder))
      for (const file of filesOfVm(vm)) if (file.path.startsWith(prefix)) yield file;
    for (const [chain, since] of this.#disks)
      for (const file of filesOfDisk(chain, false, since)) if (file.path.startsWith(prefix)) yield file;
    for (const [path, stored] of this.#stored)
      if (path.startsWith(prefix)) yield { path, lock: 'none', ...stored };
  }

  /** The VMs that have files at or below the folder. */
  #vmsAt(datastore: string, folder: string): LabVm[] {
    const prefix = `[${datastore}] ${folder === '' ? '' : `${folder}/`}`;
    const isThere = (vm: LabVm) =>
      vm.home.path.startsWith(prefix) ||
      vm.disks.some(({ links }) => links.some(({ fileName }) => fileName.startsWith(prefix)));
    return [...this.#registry.instancesOf(LabVm)].filter(isThere);
  }
}

/** A datastore of a datacenter by its name. */
export function datastoreNamed(registry: ObjectRegistry, datacenter: MoRef, name: string): MoRef | undefined {
  const datastores = registry.get(datacenter).property('datastore') as readonly MoRef[];
  return datastores.find(ref => registry.get(ref).property('name') === name);
}
