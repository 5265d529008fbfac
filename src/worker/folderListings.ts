import type {
  DirectoryEntry,
  DirectoryListing,
  GuestFileSystem,
  NodeId,
} from '../core/guestfs/guestFileSystem.ts';

export interface ListingOrder {
  readonly nameContains?: string;
  readonly foldersFirst?: boolean;
}

interface KeptListing {
  readonly key: string;
  readonly listing: DirectoryListing;
}

/**
 * Folders in order. The one last asked for of each file system is kept, for a large folder is asked for page by page;
 * what is in a restore point never changes.
 */
export class FolderListings {
  readonly #last = new WeakMap<GuestFileSystem, KeptListing>();

  /** @throws what the file system throws */
  async read(
    fileSystem: GuestFileSystem,
    folder: NodeId,
    order: ListingOrder,
    signal: AbortSignal,
  ): Promise<DirectoryListing> {
    const key = JSON.stringify([folder, order.nameContains ?? '', order.foldersFirst ?? false]);
    const kept = this.#last.get(fileSystem);
    if (kept?.key === key) return kept.listing;
    const { entries, problems } = await fileSystem.list(folder, signal);
    const listing = { entries: inOrder(entries, order), problems };
    this.#last.set(fileSystem, { key, listing });
    return listing;
  }
}

/** By name, compared as code units: the same on every machine. */
function inOrder(
  entries: readonly DirectoryEntry[],
  { nameContains = '', foldersFirst = false }: ListingOrder,
): readonly DirectoryEntry[] {
  const wanted = nameContains.toLowerCase();
  const rank = ({ kind }: DirectoryEntry) => (foldersFirst && kind !== 'directory' ? 1 : 0);
  return entries
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}
