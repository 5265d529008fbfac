import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { fingerprintRuns, readRuns, readWholeRuns, type FileRun } from '../fileRuns.ts';
import type { DirectoryListing, FileRange, GuestFileSystem, NodeId, NodeStat } from '../guestFileSystem.ts';
import { decodeName, encodeName, namesOfPath } from '../names.ts';
import { noDetails, type NodeDetails } from '../nodeDetails.ts';
import type { FatListing, FatNode } from './fatNode.ts';
import { clusterRuns, maxDirectoryBytes, type FatContent, type FatVolume } from './fatVolume.ts';

/** What FAT and exFAT do differently. */
export interface FatDialect {
  readonly kind: string;
  readonly label: string;
  readonly uuid: string;
  readonly problems: readonly string[];
  readonly volume: FatVolume;
  readonly root: FatContent;
  /** Where the root directory lies if it is not in clusters. */
  readonly fixedRoot: { readonly offsetBytes: number; readonly sizeBytes: number } | undefined;
  readonly parseDirectory: (bytes: Uint8Array, directoryCluster: number) => FatListing;
}

const rootNode = 0 as NodeId;
const epoch = { seconds: 0, nanoseconds: 0 };

/** A file system of the FAT family. It knows no owners, modes, links or journals. */
export class FatFileSystem implements GuestFileSystem {
  readonly kind: string;
  readonly label: string;
  readonly uuid: string;
  readonly journal = 'none';
  readonly problems: readonly string[];
  readonly root = rootNode;
  readonly #dialect: FatDialect;
  /** What is known of a node is in its directory alone: nodes are kept from when they were listed. */
  readonly #nodes = new Map<NodeId, FatNode>();

  constructor(dialect: FatDialect) {
    this.#dialect = dialect;
    this.kind = dialect.kind;
    this.label = dialect.label;
    this.uuid = dialect.uuid;
    this.problems = dialect.problems;
    this.#nodes.set(rootNode, {
      node: rootNode,
      name: new Uint8Array(0),
      isDirectory: true,
      isReadOnly: false,
      content: dialect.root,
      validBytes: 0,
      createdAt: epoch,
      modifiedAt: epoch,
      accessedAt: epoch,
    });
  }

  async lookup(path: string, signal: AbortSignal): Promise<NodeId> {
    let node = this.root;
    for (const name of namesOfPath(path)) {
      const wanted = encodeName(name);
      const { nodes } = await this.#read(node, signal);
      const found = nodes.find(candidate => Buffer.compare(candidate.name, wanted) === 0);
      if (found === undefined) throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
      node = found.node;
    }
    return node;
  }

  async list(directory: NodeId, signal: AbortSignal): Promise<DirectoryListing> {
    const { nodes, problems } = await this.#read(directory, signal);
    const entries = nodes.map(({ name, node, isDirectory }) => {
      const kind: NodeStat['kind'] = isDirectory ? 'directory' : 'file';
      return { name: decodeName(name), node, kind };
    });
    return { entries, problems };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous, what was listed is in memory
  async stat(node: NodeId, signal: AbortSignal): Promise<NodeStat> {
    if (signal.aborted) throw new CancelledError();
    const { isDirectory, isReadOnly, content, createdAt, modifiedAt, accessedAt } = this.#node(node);
    return {
      node,
      kind: isDirectory ? 'directory' : 'file',
      mode: isDirectory ? 0o755 : isReadOnly ? 0o444 : 0o644,
      uid: 0,
      gid: 0,
      linkCount: 1,
      sizeBytes: isDirectory ? 0 : (content.sizeBytes ?? 0),
      accessedAt,
      modifiedAt,
      changedAt: modifiedAt,
      createdAt,
    };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the same
  async details(node: NodeId, signal: AbortSignal): Promise<NodeDetails> {
    if (signal.aborted) throw new CancelledError();
    this.#node(node);
    return noDetails;
  }

  async *readFile(node: NodeId, range: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { content, validBytes } = this.#node(node, 'file');
    const sizeBytes = content.sizeBytes ?? 0;
    const endBytes = Math.min(sizeBytes, range.offsetBytes + (range.lengthBytes ?? sizeBytes));
    const runs = valid(clusterRuns(this.#dialect.volume, content, endBytes, signal), validBytes);
    yield* readRuns(this.#dialect.volume.source, runs, range.offsetBytes, endBytes, signal);
  }

  async *fingerprints(node: NodeId, signal: AbortSignal): AsyncIterable<string | undefined> {
    const { content, validBytes } = this.#node(node, 'file');
    const sizeBytes = content.sizeBytes ?? 0;
    const runs = valid(clusterRuns(this.#dialect.volume, content, sizeBytes, signal), validBytes);
    yield* fingerprintRuns(this.#dialect.volume.source, runs, sizeBytes, signal);
  }

  async readlink(node: NodeId): Promise<string> {
    return await Promise.reject(new AppError('INVALID_INPUT', `FAT has no links, and ${node} is none`));
  }

  async #read(directory: NodeId, signal: AbortSignal): Promise<FatListing> {
    const { content } = this.#node(directory, 'directory');
    const bytes = await this.#directoryBytes(directory, content, signal);
    const listing = this.#dialect.parseDirectory(bytes, content.firstCluster);
    for (const node of listing.nodes) this.#nodes.set(node.node, node);
    return listing;
  }

  async #directoryBytes(directory: NodeId, content: FatContent, signal: AbortSignal): Promise<Uint8Array> {
    const { volume, fixedRoot } = this.#dialect;
    if (directory === rootNode && fixedRoot !== undefined) {
      return await readRange(volume.source, fixedRoot.offsetBytes, fixedRoot.sizeBytes, signal);
    }
    if ((content.sizeBytes ?? 0) > maxDirectoryBytes)
      throw new CorruptDataError('a FAT directory is larger than it can be');
    const runs: FileRun[] = [];
    for await (const run of clusterRuns(volume, content, maxDirectoryBytes, signal)) runs.push(run);
    const last = runs.at(-1);
    const endBytes = last === undefined ? 0 : last.offsetBytes + last.lengthBytes;
    return await readWholeRuns(volume.source, runs, 0, endBytes, signal);
  }

  #node(node: NodeId, kind?: NodeStat['kind']): FatNode {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new AppError('NOT_FOUND', `${node} is no node of the FAT volume`);
    const own = found.isDirectory ? 'directory' : 'file';
    if (kind !== undefined && own !== kind) {
      throw new AppError('INVALID_INPUT', `node ${node} is a ${own}, not a ${kind}`);
    }
    return found;
  }
}

async function* valid(
  runs: AsyncIterable<FileRun>,
  validBytes: number,
): AsyncGenerator<FileRun, void, undefined> {
  for await (const run of runs) {
    if (run.offsetBytes >= validBytes) continue;
    yield { ...run, lengthBytes: Math.min(run.lengthBytes, validBytes - run.offsetBytes) };
  }
}
