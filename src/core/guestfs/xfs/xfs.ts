import { AppError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { unknownPieces } from '../filePieces.ts';
import { fingerprintRuns, readRuns } from '../fileRuns.ts';
import type { DirectoryListing, FileRange, GuestFileSystem, NodeId, NodeStat } from '../guestFileSystem.ts';
import { decodePath, encodeName, namesOfPath } from '../names.ts';
import { detailsOfAttributes, type NodeDetails } from '../nodeDetails.ts';
import { requireKind } from '../nodeKinds.ts';
import { namedListing } from '../rawListing.ts';
import { readAttributes } from './attributes.ts';
import { readDirectory } from './directory.ts';
import { extentRuns } from './extents.ts';
import { localContent, readInode, type Inode } from './inode.ts';
import { recoverLog } from './logRecovery.ts';
import { readSuperblock } from './superblock.ts';
import { readLinkTarget } from './symlink.ts';
import type { XfsVolume } from './volume.ts';

/**
 * Opens an XFS file system of version 4 or 5. Changes that wait in its log, as in every crash-consistent snapshot, are
 * taken into account in memory, as the guest itself would at its next start.
 * @param source  read at random in small pieces: give it a cache if it is remote
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT, what the source throws
 */
export async function openXfs(source: BlockSource, signal: AbortSignal): Promise<GuestFileSystem> {
  const volume: XfsVolume = { source, superblock: await readSuperblock(source, signal) };
  const recovery = await recoverLog(volume, signal);
  if (recovery === undefined) return new XfsFileSystem(volume, 'clean', [], new Set());
  const superblock = await readSuperblock(recovery.source, signal);
  const recovered = { source: recovery.source, superblock };
  return new XfsFileSystem(recovered, 'replayed', recovery.problems, recovery.unfinishedInodes);
}

class XfsFileSystem implements GuestFileSystem {
  readonly kind = 'xfs';
  readonly label: string;
  readonly uuid: string;
  readonly journal: GuestFileSystem['journal'];
  readonly problems: readonly string[];
  readonly root: NodeId;
  readonly #volume: XfsVolume;
  readonly #unfinishedInodes: ReadonlySet<number>;

  constructor(
    volume: XfsVolume,
    journal: GuestFileSystem['journal'],
    problems: readonly string[],
    unfinishedInodes: ReadonlySet<number>,
  ) {
    const { superblock } = volume;
    this.#volume = volume;
    this.#unfinishedInodes = unfinishedInodes;
    this.label = superblock.label;
    this.uuid = superblock.uuid;
    this.journal = journal;
    this.problems = [...superblock.problems, ...problems];
    this.root = superblock.rootInode as NodeId;
  }

  async lookup(path: string, signal: AbortSignal): Promise<NodeId> {
    let node = this.root;
    for (const name of namesOfPath(path)) {
      const wanted = encodeName(name);
      const { entries } = await readDirectory(
        this.#volume,
        await this.#inode(node, 'directory', signal),
        signal,
      );
      const entry = entries.find(candidate => Buffer.compare(candidate.name, wanted) === 0);
      if (entry === undefined) throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
      node = entry.node;
    }
    return node;
  }

  async list(directory: NodeId, signal: AbortSignal): Promise<DirectoryListing> {
    const inode = await this.#inode(directory, 'directory', signal);
    const raw = await readDirectory(this.#volume, inode, signal);
    return await namedListing(raw, async node => (await this.stat(node, signal)).kind);
  }

  async stat(node: NodeId, signal: AbortSignal): Promise<NodeStat> {
    return (await readInode(this.#volume, node, signal)).stat;
  }

  async *readFile(node: NodeId, range: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const inode = await this.#file(node, signal);
    const { sizeBytes } = inode.stat;
    const endBytes = Math.min(sizeBytes, range.offsetBytes + (range.lengthBytes ?? sizeBytes));
    if (range.offsetBytes >= endBytes) return;
    if (inode.format === 'local') {
      yield localContent(inode).slice(range.offsetBytes, endBytes);
      return;
    }
    const runs = extentRuns(this.#volume, inode, range.offsetBytes, endBytes, signal);
    yield* readRuns(this.#volume.source, runs, range.offsetBytes, endBytes, signal);
  }

  async *fingerprints(node: NodeId, signal: AbortSignal): AsyncIterable<string | undefined> {
    const inode = await this.#file(node, signal);
    const { sizeBytes } = inode.stat;
    if (inode.format === 'local' || sizeBytes === 0) {
      yield* unknownPieces(sizeBytes);
      return;
    }
    const runs = extentRuns(this.#volume, inode, 0, sizeBytes, signal);
    yield* fingerprintRuns(this.#volume.source, runs, sizeBytes, signal);
  }

  async readlink(node: NodeId, signal: AbortSignal): Promise<string> {
    const inode = await this.#inode(node, 'symlink', signal);
    return decodePath(await readLinkTarget(this.#volume, inode, signal));
  }

  async details(node: NodeId, signal: AbortSignal): Promise<NodeDetails> {
    const inode = await readInode(this.#volume, node, signal);
    return detailsOfAttributes(await readAttributes(this.#volume, inode, signal), 'xfs');
  }

  async #file(node: NodeId, signal: AbortSignal): Promise<Inode> {
    const inode = await this.#inode(node, 'file', signal);
    if (!this.#unfinishedInodes.has(node)) return inode;
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `the log holds an unfinished change of the extents of inode ${node}`,
      { remedy: 'Restore the disk and start a guest from it, which finishes the change' },
    );
  }

  async #inode(node: NodeId, kind: NodeStat['kind'], signal: AbortSignal): Promise<Inode> {
    const inode = await readInode(this.#volume, node, signal);
    requireKind(inode, kind);
    return inode;
  }
}
