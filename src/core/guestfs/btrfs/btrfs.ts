import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import type { DirectoryListing, FileRange, GuestFileSystem, NodeId, NodeStat } from '../guestFileSystem.ts';
import { decodePath, encodeName, namesOfPath } from '../names.ts';
import { detailsOfAttributes, noDetails, type NodeDetails } from '../nodeDetails.ts';
import { requireKind } from '../nodeKinds.ts';
import { namedListing } from '../rawListing.ts';
import { readAttributes } from './attributes.ts';
import { findEntry, readDirectory } from './directory.ts';
import { unknownPieces } from '../filePieces.ts';
import { readContent } from './fileContent.ts';
import { readInode, type Inode } from './inode.ts';
import { replayLogs, type ReplayedLogs } from './log/replayLogs.ts';
import { Subvolumes, topSubvolumeId, type Subvolume } from './subvolumes.ts';
import { openVolume, type BtrfsVolume } from './volume.ts';

/** Longer than every path a guest can make. */
const maxLinkBytes = 65_536;

/**
 * Opens a Btrfs file system with all its subvolumes and snapshots, as they hang below the one at the top. The newest
 * commit is read, which is whole at every moment; what was forced to the disk since then stands in logs, which are
 * replayed in memory.
 * @param devices  on which the file system lies, as far as they are known, in any order; read at random in small
 *   pieces: give them a cache if they are remote
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT, what the devices throw
 */
export async function openBtrfs(
  devices: readonly BlockSource[],
  signal: AbortSignal,
): Promise<GuestFileSystem> {
  const volume = await openVolume(devices, signal);
  const logs = await replayLogs(volume, signal);
  const subvolumes = new Subvolumes(volume, logs.subvolumes);
  return new BtrfsFileSystem(volume, logs, subvolumes, await subvolumes.enter(topSubvolumeId, signal));
}

class BtrfsFileSystem implements GuestFileSystem {
  readonly kind = 'btrfs';
  readonly label: string;
  readonly uuid: string;
  readonly journal: 'none' | 'clean' | 'replayed';
  readonly problems: readonly string[];
  readonly root: NodeId;
  readonly #volume: BtrfsVolume;
  readonly #subvolumes: Subvolumes;

  constructor(volume: BtrfsVolume, logs: ReplayedLogs, subvolumes: Subvolumes, top: Subvolume) {
    this.#volume = volume;
    this.#subvolumes = subvolumes;
    this.label = volume.superblock.label;
    this.uuid = volume.superblock.uuid;
    this.journal = logs.state;
    this.problems = [...volume.problems, ...logs.problems];
    this.root = subvolumes.node(top, top.rootInode);
  }

  async lookup(path: string, signal: AbortSignal): Promise<NodeId> {
    let node = this.root;
    for (const name of namesOfPath(path)) {
      const directory = await this.#inode(node, 'directory', signal);
      const { isAbsentSubvolume } = this.#subvolumes.locate(node);
      const entry = isAbsentSubvolume
        ? undefined
        : await findEntry(this.#volume, this.#subvolumes, directory, encodeName(name), signal);
      if (entry === undefined) throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
      node = entry.node;
    }
    return node;
  }

  async list(directory: NodeId, signal: AbortSignal): Promise<DirectoryListing> {
    const inode = await this.#inode(directory, 'directory', signal);
    if (this.#subvolumes.locate(directory).isAbsentSubvolume) return { entries: [], problems: [] };
    const raw = await readDirectory(this.#volume, this.#subvolumes, inode, signal);
    return await namedListing(raw, async node => (await this.stat(node, signal)).kind);
  }

  async stat(node: NodeId, signal: AbortSignal): Promise<NodeStat> {
    return (await this.#read(node, signal)).stat;
  }

  async *readFile(node: NodeId, range: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const inode = await this.#inode(node, 'file', signal);
    const { sizeBytes } = inode.stat;
    const endBytes = Math.min(sizeBytes, range.offsetBytes + (range.lengthBytes ?? sizeBytes));
    if (range.offsetBytes < endBytes) {
      yield* readContent(this.#volume, inode, range.offsetBytes, endBytes, signal);
    }
  }

  /** Extents are packed, and spread over devices: only reading tells. */
  async *fingerprints(node: NodeId, signal: AbortSignal): AsyncIterable<undefined> {
    yield* unknownPieces((await this.#inode(node, 'file', signal)).stat.sizeBytes);
  }

  async readlink(node: NodeId, signal: AbortSignal): Promise<string> {
    const inode = await this.#inode(node, 'symlink', signal);
    const { sizeBytes } = inode.stat;
    if (sizeBytes > maxLinkBytes) throw new CorruptDataError(`the link of inode ${inode.number} is too long`);
    const pieces: Uint8Array[] = [];
    for await (const piece of readContent(this.#volume, inode, 0, sizeBytes, signal)) pieces.push(piece);
    return decodePath(Buffer.concat(pieces));
  }

  async details(node: NodeId, signal: AbortSignal): Promise<NodeDetails> {
    if (this.#subvolumes.locate(node).isAbsentSubvolume) return noDetails;
    const inode = await this.#read(node, signal);
    return detailsOfAttributes(await readAttributes(inode, signal), 'kernel');
  }

  async #inode(node: NodeId, kind: NodeStat['kind'], signal: AbortSignal): Promise<Inode> {
    const inode = await this.#read(node, signal);
    requireKind(inode, kind);
    return inode;
  }

  async #read(node: NodeId, signal: AbortSignal): Promise<Inode> {
    const { subvolume, inode, isAbsentSubvolume } = this.#subvolumes.locate(node);
    if (!isAbsentSubvolume) return await readInode(subvolume, inode, node, signal);
    const { stat } = await readInode(subvolume, subvolume.rootInode, node, signal);
    return { number: inode, subvolume, stat: { ...stat, mode: 0o755, linkCount: 1, sizeBytes: 0 } };
  }
}
