import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import type { DirectoryListing, FileRange, GuestFileSystem, NodeId, NodeStat } from '../guestFileSystem.ts';
import { decodePath, encodeName, namesOfPath } from '../names.ts';
import { detailsOfAttributes, type NodeDetails } from '../nodeDetails.ts';
import { namedListing } from '../rawListing.ts';
import { readAttributes } from './attributes.ts';
import { readDirectory } from './directory.ts';
import { fingerprintContent, readContent, readWhole } from './fileContent.ts';
import { readInode, requireReadable, type Inode } from './inode.ts';
import { readJournal } from './journal.ts';
import { journalOverlay } from './journalOverlay.ts';
import { readSuperblock } from './superblock.ts';
import type { Ext4Volume } from './volume.ts';

const rootInode = 2;
/** Links up to this length lie in the inode. */
const maxFastLinkBytes = 59;
const maxLinkBytes = 65_536;

/**
 * Opens an ext2, ext3 or ext4 file system. A journal that was not yet written back, as in every crash-consistent
 * snapshot, is taken into account in memory, as the guest itself would at its next start.
 * @param source  read at random in small pieces: give it a cache if it is remote
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT, what the source throws
 */
export async function openExt4(source: BlockSource, signal: AbortSignal): Promise<GuestFileSystem> {
  const superblock = await readSuperblock(source, signal);
  const volume: Ext4Volume = { source, superblock };
  if (superblock.journalInode === undefined) return new Ext4FileSystem(volume, 'none', []);
  if (!superblock.needsRecovery) return new Ext4FileSystem(volume, 'clean', []);

  const journal = await readInode(volume, superblock.journalInode, signal);
  const { blocks, problems } = await readJournal(volume, journal, signal);
  if (blocks.size === 0) return new Ext4FileSystem(volume, 'clean', problems);
  const recovered = journalOverlay(source, superblock.blockBytes, blocks);
  const recoveredVolume = { source: recovered, superblock: await readSuperblock(recovered, signal) };
  return new Ext4FileSystem(recoveredVolume, 'replayed', problems);
}

class Ext4FileSystem implements GuestFileSystem {
  readonly kind: string;
  readonly label: string;
  readonly uuid: string;
  readonly journal: GuestFileSystem['journal'];
  readonly problems: readonly string[];
  readonly root = rootInode as NodeId;
  readonly #volume: Ext4Volume;

  constructor(volume: Ext4Volume, journal: GuestFileSystem['journal'], problems: readonly string[]) {
    this.#volume = volume;
    this.kind = volume.superblock.kind;
    this.label = volume.superblock.label;
    this.uuid = volume.superblock.uuid;
    this.journal = journal;
    this.problems = [...volume.superblock.problems, ...problems];
  }

  async lookup(path: string, signal: AbortSignal): Promise<NodeId> {
    let node = this.root;
    for (const name of namesOfPath(path)) {
      const wanted = encodeName(name);
      const { entries } = await readDirectory(this.#volume, await this.#directory(node, signal), signal);
      const entry = entries.find(candidate => Buffer.compare(candidate.name, wanted) === 0);
      if (entry === undefined) throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
      node = entry.node;
    }
    return node;
  }

  async list(directory: NodeId, signal: AbortSignal): Promise<DirectoryListing> {
    const inode = await this.#directory(directory, signal);
    const raw = await readDirectory(this.#volume, inode, signal);
    return await namedListing(raw, async node => (await this.stat(node, signal)).kind);
  }

  async stat(node: NodeId, signal: AbortSignal): Promise<NodeStat> {
    return (await this.#inode(node, signal)).stat;
  }

  async *readFile(node: NodeId, range: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const inode = await this.#inode(node, signal);
    requireReadable(inode, 'file');
    const { sizeBytes } = inode.stat;
    const endBytes = Math.min(sizeBytes, range.offsetBytes + (range.lengthBytes ?? sizeBytes));
    yield* readContent(this.#volume, inode, range.offsetBytes, endBytes, signal);
  }

  async *fingerprints(node: NodeId, signal: AbortSignal): AsyncIterable<string | undefined> {
    const inode = await this.#inode(node, signal);
    requireReadable(inode, 'file');
    yield* fingerprintContent(this.#volume, inode, signal);
  }

  async readlink(node: NodeId, signal: AbortSignal): Promise<string> {
    const inode = await this.#inode(node, signal);
    requireReadable(inode, 'symlink');
    const { sizeBytes } = inode.stat;
    if (sizeBytes > maxLinkBytes) {
      throw new CorruptDataError(`symbolic link inode ${inode.number} has ${sizeBytes} bytes`);
    }
    if (sizeBytes <= maxFastLinkBytes && !inode.flags.hasInlineData) {
      return decodePath(inode.blockArea.subarray(0, sizeBytes));
    }
    return decodePath(await readWhole(this.#volume, inode, signal));
  }

  async details(node: NodeId, signal: AbortSignal): Promise<NodeDetails> {
    const inode = await this.#inode(node, signal);
    return detailsOfAttributes(await readAttributes(this.#volume, inode, signal), 'ext4');
  }

  async #directory(node: NodeId, signal: AbortSignal): Promise<Inode> {
    const inode = await this.#inode(node, signal);
    requireReadable(inode, 'directory');
    return inode;
  }

  async #inode(node: NodeId, signal: AbortSignal): Promise<Inode> {
    return await readInode(this.#volume, node, signal);
  }
}
