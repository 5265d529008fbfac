import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { DiskPosition, VersionedDisk } from '../disk/versionedDisk.ts';
import type { PlainObject } from './managedObject.ts';

/** One file of a disk: the base, or what was written since a snapshot. */
export interface DiskLink {
  fileName: string;
  parent: DiskLink | undefined;
  /** The state of the disk with which the file ends; undefined while the VM writes to it. */
  frozenAt: DiskPosition | undefined;
}

/**
 * A disk of a VM as its files present it. The bytes are in the versioned disk; the chain only keeps the names right,
 * which is what a client sees: `-000001.vmdk` after the first snapshot, back to the base after its removal.
 */
export class DiskChain {
  /** The device as it was configured, without what depends on the chain. */
  device: PlainObject;
  readonly content: VersionedDisk;
  readonly uuid: string;
  #current: DiskLink;

  /** @param baseFileName  of a linked clone: the file of another VM that its own stands on */
  constructor(
    device: PlainObject,
    content: VersionedDisk,
    fileName: string,
    uuid: string,
    baseFileName?: string,
  ) {
    this.device = device;
    this.content = content;
    this.uuid = uuid;
    const parent =
      baseFileName === undefined ? undefined : { fileName: baseFileName, parent: undefined, frozenAt: 0 };
    this.#current = { fileName, parent, frozenAt: undefined };
  }

  get key(): number {
    return this.device['key'] as number;
  }

  /** Independent disks, and whole disks of the storage, take no part in snapshots. */
  get independent(): boolean {
    const { diskMode, compatibilityMode } = this.#backing();
    return String(diskMode).startsWith('independent') || compatibilityMode === 'physicalMode';
  }

  get isThin(): boolean {
    return this.#backing()['thinProvisioned'] === true;
  }

  get current(): DiskLink {
    return this.#current;
  }

  /** From now on writes go to a new file. Returns the link whose content is frozen. */
  freeze(): DiskLink {
    const frozen = this.#current;
    frozen.frozenAt = this.content.position;
    this.#current = { fileName: this.#nextFileName(), parent: frozen, frozenAt: undefined };
    return frozen;
  }

  /** Joins the link written after `frozen` into it, as removing a snapshot does; it keeps the name of `frozen`. */
  merge(frozen: DiskLink): void {
    for (let link: DiskLink | undefined = this.#current; link !== undefined; link = link.parent) {
      if (link.parent !== frozen) continue;
      link.fileName = frozen.fileName;
      link.parent = frozen.parent;
      return;
    }
  }

  /** The device as the API shows it when `link` is its file. */
  describe(link: DiskLink, datastore: MoRef, changeId: string | undefined): PlainObject {
    const sizeBytes = this.content.sizeBytes;
    return {
      ...this.device,
      backing: this.#describeBacking(link, datastore, changeId),
      capacityInKB: sizeBytes / 1024,
      capacityInBytes: sizeBytes,
    };
  }

  /** All file names of the chain that ends with `link`, base first. */
  static files(link: DiskLink): string[] {
    return DiskChain.linksOf(link).map(({ fileName }) => fileName);
  }

  /** The chain that ends with `link`, base first. */
  static linksOf(link: DiskLink): DiskLink[] {
    return link.parent === undefined ? [link] : [...DiskChain.linksOf(link.parent), link];
  }

  /** 32 hex digits that belong to a link. */
  contentIdOf(link: DiskLink): string {
    return contentIdOf(link.fileName);
  }

  #describeBacking(link: DiskLink, datastore: MoRef, changeId: string | undefined): PlainObject {
    const { diskMode, thinProvisioned, sharing, compatibilityMode } = this.#backing();
    if (compatibilityMode !== undefined) {
      return {
        _type: 'VirtualDiskRawDiskMappingVer1BackingInfo',
        ...{ fileName: link.fileName, datastore, deviceName: 'vml.0200', compatibilityMode, diskMode },
        ...{ uuid: this.uuid, contentId: this.contentIdOf(link), changeId, sharing },
        parent:
          link.parent === undefined ? undefined : this.#describeBacking(link.parent, datastore, undefined),
      };
    }
    return {
      _type: 'VirtualDiskFlatVer2BackingInfo',
      fileName: link.fileName,
      datastore,
      diskMode,
      split: false,
      writeThrough: false,
      thinProvisioned,
      uuid: this.uuid,
      contentId: this.contentIdOf(link),
      changeId,
      parent:
        link.parent === undefined ? undefined : this.#describeBacking(link.parent, datastore, undefined),
      digestEnabled: false,
      sharing,
    };
  }

  #backing(): PlainObject {
    return this.device['backing'] as PlainObject;
  }

  #nextFileName(): string {
    const names = DiskChain.files(this.#current);
    const base = (names[0] ?? '').replace(/\.vmdk$/, '');
    for (let number = 1; ; number += 1) {
      const candidate = `${base}-${String(number).padStart(6, '0')}.vmdk`;
      if (!names.includes(candidate)) return candidate;
    }
  }
}

/** 32 hex digits that belong to a file name. */
function contentIdOf(fileName: string): string {
  let hash = 0x811c9dc5;
  for (const character of fileName)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0').repeat(4);
}
