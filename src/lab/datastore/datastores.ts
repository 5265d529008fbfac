import type { Clock } from '../../base/clock.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { LabVm } from '../model/labVm.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import type { VmFileType } from '../model/vmFileType.ts';
import type { DatastoreFile, FileBytes } from './datastoreFile.ts';
import { folderOf, formatDatastorePath, parseDatastorePath, type DatastorePlace } from './datastorePath.ts';
import { filesOfVm } from './vmFiles.ts';

/** What is in a folder. */
export type FolderEntry =
  | { readonly kind: 'folder'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly file: DatastoreFile };

interface StoredFile {
  readonly bytes: FileBytes;
  readonly modifiedAt: Date;
}

/**
 * All files on the datastores of the lab: those of VMs, which follow from what the VMs are at that moment, and those
 * that somebody has put there.
 */
export class Datastores {
  readonly #registry: ObjectRegistry;
  readonly #clock: Clock;
  /** By whole path. */
  readonly #stored = new Map<string, StoredFile>();
  /** Whole paths of folders that somebody has made; a folder with something in it exists without. */
  readonly #folders = new Set<string>();

  constructor(registry: ObjectRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  file(place: DatastorePlace): DatastoreFile | undefined {
    const path = formatDatastorePath(place);
    const stored = this.#stored.get(path);
    if (stored !== undefined) return { path, lock: 'none', ...stored };
    return this.#vmFiles(place.datastore, folderOf(place.path)).find(file => file.path === path);
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
    for (const file of this.#allFiles(datastore, path)) {
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

  /** Of VMs that may have files in the folder, those that are in it or below it. */
  *#allFiles(datastore: string, folder: string): Generator<DatastoreFile> {
    const prefix = formatDatastorePath({ datastore, path: folder });
    const isBelow = (path: string) => path.startsWith(folder === '' ? `${prefix} ` : `${prefix}/`);
    for (const file of this.#vmFiles(datastore, folder)) if (isBelow(file.path)) yield file;
    for (const [path, stored] of this.#stored) if (isBelow(path)) yield { path, lock: 'none', ...stored };
  }

  /** The files of every VM that has some at or below the folder. */
  #vmFiles(datastore: string, folder: string): DatastoreFile[] {
    const prefix = `[${datastore}] ${folder === '' ? '' : `${folder}/`}`;
    const isThere = (vm: LabVm) =>
      vm.home.path.startsWith(prefix) ||
      vm.disks.some(({ current }) => {
        for (let link: typeof current | undefined = current; link !== undefined; link = link.parent)
          if (link.fileName.startsWith(prefix)) return true;
        return false;
      });
    return [...this.#registry.instancesOf(LabVm)].filter(isThere).flatMap(filesOfVm);
  }
}

/** A datastore of a datacenter by its name. */
export function datastoreNamed(registry: ObjectRegistry, datacenter: MoRef, name: string): MoRef | undefined {
  const datastores = registry.get(datacenter).property('datastore') as readonly MoRef[];
  return datastores.find(ref => registry.get(ref).property('name') === name);
}
