import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { DiskPosition, VersionedDisk } from '../disk/versionedDisk.ts';
import { ChangeTracking } from './changeTracking.ts';
import type { PlainObject } from './managedObject.ts';

/** One file of a disk: the base, or what was written since a snapshot. */
export interface DiskLink {
  fileName: string;
  parent: DiskLink | undefined;
  /** The state of the disk with which the file ends; undefined while the VM writes to it. */
  frozenAt: DiskPosition | undefined;
  /** What change tracking called that state; undefined if nothing was tracked. */
  changeId: string | undefined;
}

/**
 * A disk of a VM as its files present it. The bytes are in the versioned disk; the chain only keeps the names right,
 * which is what a client sees: `-000001.vmdk` after the first snapshot, back to the base after its removal. Going back to
 * a snapshot makes the chain a tree: a file may be the parent of several.
 */
export class DiskChain {
  /** The device as it was configured, without what depends on the chain. */
  device: PlainObject;
  readonly content: VersionedDisk;
  uuid: string;
  readonly tracking = new ChangeTracking();
  /** Where its files are, if not where its VM is. */
  datastore: MoRef | undefined;
  /** The VM whose files these are, if they are only attached to another one. */
  lender: MoRef | undefined;
  #current: DiskLink;
  /** All files of the disk, those of other branches too. */
  readonly #links = new Set<DiskLink>();
  /** Those that a snapshot needs. */
  readonly #held = new Set<DiskLink>();

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
      baseFileName === undefined
        ? undefined
        : { fileName: baseFileName, parent: undefined, frozenAt: 0, changeId: undefined };
    this.#current = this.#newLink(fileName, parent);
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

  /** All files of the disk, each after the one it stands on. */
  get links(): readonly DiskLink[] {
    return [...new Set([...this.#links, this.#current].flatMap(link => DiskChain.linksOf(link)))];
  }

  /** Whether there are files that no snapshot needs, as when those of a removed one could not be joined. */
  get needsConsolidation(): boolean {
    return [...this.#links].some(link => this.#isDispensable(link));
  }

  /** From now on writes go to a new file. Returns the link whose content is frozen; a snapshot needs it from now on. */
  freeze(): DiskLink {
    const frozen = this.#current;
    frozen.frozenAt = this.content.position;
    frozen.changeId = this.tracking.mark(this.content.position);
    this.hold(frozen);
    this.#current = this.#newLink(this.#nextFileName(), frozen);
    return frozen;
  }

  /** A snapshot needs the link, which is frozen, from now on. */
  hold(frozen: DiskLink): void {
    this.#held.add(frozen);
  }

  /** The snapshot that needed the link is gone; its file stays until the disk is consolidated. */
  release(frozen: DiskLink): void {
    this.#held.delete(frozen);
  }

  /** Joins every file that no snapshot needs with the one written after it, which takes over its name. */
  consolidate(): void {
    for (;;) {
      const link = [...this.#links].find(candidate => this.#isDispensable(candidate));
      if (link === undefined) return;
      const [child] = this.#childrenOf(link);
      this.#links.delete(link);
      if (child === undefined) continue;
      child.fileName = link.fileName;
      child.parent = link.parent;
    }
  }

  /** Back to the content of a link that a snapshot needs; what was written since is dropped with its file. */
  async revertTo(frozen: DiskLink): Promise<void> {
    this.#links.delete(this.#current);
    this.#current = this.#newLink(this.#nextFileName(), frozen);
    await this.content.revertTo(frozen.frozenAt ?? 0);
    this.tracking.stop();
  }

  /** All files lie elsewhere from now on, under names that `rename` makes of those they have. */
  moveFiles(rename: (fileName: string) => string, datastore: MoRef | undefined): void {
    for (const link of this.links) link.fileName = rename(link.fileName);
    this.datastore = datastore;
  }

  /** The device as the API shows it when `link` is its file. */
  describe(link: DiskLink, datastore: MoRef, device: PlainObject = this.device): PlainObject {
    const sizeBytes = this.content.sizeAt(link.frozenAt ?? this.content.position);
    const changeId = link.frozenAt === undefined ? this.tracking.changeId : link.changeId;
    return {
      ...device,
      backing: this.#describeBacking(link, this.datastore ?? datastore, changeId),
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

  #newLink(fileName: string, parent: DiskLink | undefined): DiskLink {
    const link = { fileName, parent, frozenAt: undefined, changeId: undefined };
    this.#links.add(link);
    return link;
  }

  #isDispensable(link: DiskLink): boolean {
    return link !== this.#current && !this.#held.has(link) && this.#childrenOf(link).length < 2;
  }

  #childrenOf(link: DiskLink): DiskLink[] {
    return [...this.#links].filter(({ parent }) => parent === link);
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
    const names = this.links.map(({ fileName }) => fileName);
    const [baseName = ''] = DiskChain.files(this.#current);
    const base = baseName.replace(/\.vmdk$/, '');
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
