import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import type {
  DirectoryEntry,
  DirectoryListing,
  FileRange,
  GuestFileSystem,
  NodeId,
  NodeKind,
  NodeStat,
  Timestamp,
} from '../guestFileSystem.ts';
import { decodeName, encodeName, namesOfPath } from '../names.ts';
import { attributeType, residentBytes } from './attributes.ts';
import { readBootSector, type BootSector } from './bootSector.ts';
import { readCollation, type Collate } from './collation.ts';
import { findInDirectoryIndex, readDirectoryIndex, type IndexListing } from './directoryIndex.ts';
import { parseFileName } from './fileName.ts';
import { FileRecords, maxRecords, type FileRecord } from './records.ts';
import {
  kindOfReparsePoint,
  linkTarget,
  parseReparsePoint,
  reparseTag,
  requireLocalContent,
  type ReparsePoint,
} from './reparse.ts';
import { noDetails, type NodeDetails, type NodeStream } from '../nodeDetails.ts';
import { sddlOf } from './sddl.ts';
import { SecurityDescriptors } from './securityDescriptors.ts';
import { unknownPieces } from '../filePieces.ts';
import {
  fingerprintStream,
  readStream,
  readWholeStream,
  streamOf,
  type Clusters,
  type Stream,
} from './stream.ts';
import { readVolumeState, type VolumeState } from './volumeState.ts';
import { parseWofFormat, readWof, wofStreamName } from './wof.ts';

const rootRecord = 5;
/** Records below hold the file system itself. */
const firstUserRecord = 16;
const maxReparseBytes = 16 * 1024;
const attributes = {
  readOnly: 0x1,
  offline: 0x1000,
  recallOnOpen: 0x4_0000,
  recallOnAccess: 0x40_0000,
} as const;
const elsewhere = attributes.offline | attributes.recallOnOpen | attributes.recallOnAccess;
/** 1970 in steps of 100 ns since 1601. */
const epoch = 116_444_736_000_000_000n;
const stepsPerSecond = 10_000_000n;

/**
 * Opens an NTFS file system. Its log is not replayed, which `problems` tells where changes wait there. A path may end
 * in `:stream` to name an alternate stream of a file.
 * @param source  read at random in small pieces: give it a cache if it is remote
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT, what the source throws
 */
export async function openNtfs(source: BlockSource, signal: AbortSignal): Promise<GuestFileSystem> {
  const boot = await readBootSector(source, signal);
  const clusters: Clusters = { source, clusterBytes: boot.clusterBytes, sizeBytes: boot.sizeBytes };
  const records = await FileRecords.open(clusters, boot, signal);
  return new NtfsFileSystem(clusters, records, boot, await readVolumeState(clusters, records, signal));
}

/** A record with what decides how it is read. */
interface OpenNode {
  readonly record: FileRecord;
  readonly kind: NodeKind;
  readonly reparsePoint: ReparsePoint | undefined;
  /** Name of the stream the node stands for; empty for the file itself. */
  readonly streamName: string;
}

class NtfsFileSystem implements GuestFileSystem {
  readonly kind = 'ntfs';
  readonly label: string;
  readonly uuid: string;
  readonly journal: GuestFileSystem['journal'];
  readonly problems: readonly string[];
  readonly root = rootRecord as NodeId;
  readonly #clusters: Clusters;
  readonly #records: FileRecords;
  readonly #descriptors: SecurityDescriptors;
  /** Once it was looked for. */
  #collate: { readonly known: Collate | undefined } | undefined;

  constructor(clusters: Clusters, records: FileRecords, boot: BootSector, state: VolumeState) {
    this.#clusters = clusters;
    this.#records = records;
    this.#descriptors = new SecurityDescriptors(clusters, records);
    this.label = state.label;
    this.uuid = boot.serial;
    this.journal = state.log === 'open' ? 'none' : 'clean';
    this.problems = state.problems;
  }

  async lookup(path: string, signal: AbortSignal): Promise<NodeId> {
    const names = namesOfPath(path);
    let node = this.root;
    for (const [index, name] of names.entries()) {
      const isLast = index + 1 === names.length;
      const colon = isLast ? name.indexOf(':') : -1;
      const [fileName, streamName] = colon < 0 ? [name, ''] : [name.slice(0, colon), name.slice(colon + 1)];
      const found = await this.#child(node, fileName, signal);
      if (found === undefined) throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
      node = streamName === '' ? found : await this.#streamNode(found, streamName, path, signal);
    }
    return node;
  }

  async list(directory: NodeId, signal: AbortSignal): Promise<DirectoryListing> {
    const { record } = await this.#open(directory, signal, 'directory');
    const index = await readDirectoryIndex(this.#clusters, record, signal);
    const problems = [...index.problems];
    const entries: DirectoryEntry[] = [];
    for (const { bytes, record: number, isDirectory, isReparsePoint } of index.entries) {
      if (number < firstUserRecord) continue;
      const name = decodeName(bytes);
      const node = number as NodeId;
      try {
        const plainKind = isDirectory ? 'directory' : 'file';
        entries.push({
          name,
          node,
          kind: isReparsePoint ? (await this.#open(node, signal)).kind : plainKind,
        });
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
        problems.push(`${name}: ${error.message}`);
      }
    }
    return { entries, problems };
  }

  async stat(node: NodeId, signal: AbortSignal): Promise<NodeStat> {
    const { record, kind, streamName, reparsePoint } = await this.#open(node, signal);
    const information = this.#information(record);
    const flags = information.u32le('attributes', 32);
    const isReadOnly = (flags & attributes.readOnly) !== 0 && kind === 'file';
    const linkTargetBytes =
      kind === 'symlink' && reparsePoint !== undefined ? Buffer.byteLength(linkTarget(reparsePoint)) : 0;
    const stream = streamOf(this.#clusters, record.attributes, attributeType.data, streamName);
    return {
      node,
      kind,
      mode: kind === 'file' ? (isReadOnly ? 0o444 : 0o644) : kind === 'symlink' ? 0o777 : 0o755,
      uid: 0,
      gid: 0,
      linkCount: linkCount(record),
      sizeBytes: kind === 'file' ? (stream?.sizeBytes ?? 0) : linkTargetBytes,
      createdAt: readTime(information, 0),
      modifiedAt: readTime(information, 8),
      changedAt: readTime(information, 16),
      accessedAt: readTime(information, 24),
    };
  }

  async *readFile(node: NodeId, range: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { record, reparsePoint, streamName } = await this.#open(node, signal, 'file');
    const stream = streamOf(this.#clusters, record.attributes, attributeType.data, streamName);
    const sizeBytes = stream?.sizeBytes ?? 0;
    const endBytes = Math.min(sizeBytes, range.offsetBytes + (range.lengthBytes ?? sizeBytes));
    const isWhole = streamName === '';
    if (isWhole && reparsePoint?.tag === reparseTag.compressed) {
      const stored = this.#compressedStream(record);
      const format = parseWofFormat(reparsePoint.payload);
      const file = { sizeBytes, startBytes: range.offsetBytes, endBytes };
      yield* readWof(this.#clusters, stored, format, file, signal);
      return;
    }
    if (isWhole && reparsePoint !== undefined) {
      const flags = this.#information(record).u32le('attributes', 32);
      requireLocalContent(reparsePoint, (flags & elsewhere) !== 0);
    }
    if (stream !== undefined) yield* readStream(this.#clusters, stream, range.offsetBytes, endBytes, signal);
  }

  async *fingerprints(node: NodeId, signal: AbortSignal): AsyncIterable<string | undefined> {
    const { record, reparsePoint, streamName } = await this.#open(node, signal, 'file');
    const stream = streamOf(this.#clusters, record.attributes, attributeType.data, streamName);
    const isElsewhere = streamName === '' && reparsePoint !== undefined;
    if (stream === undefined || isElsewhere) yield* unknownPieces(stream?.sizeBytes ?? 0);
    else yield* fingerprintStream(this.#clusters, stream, signal);
  }

  async readlink(node: NodeId, signal: AbortSignal): Promise<string> {
    const { reparsePoint } = await this.#open(node, signal, 'symlink');
    if (reparsePoint === undefined) throw new CorruptDataError(`NTFS record ${node} is no link`);
    return linkTarget(reparsePoint);
  }

  async details(node: NodeId, signal: AbortSignal): Promise<NodeDetails> {
    const { record } = await this.#open(node, signal);
    const streams: NodeStream[] = [];
    for (const name of streamNames(record)) {
      const stream = streamOf(this.#clusters, record.attributes, attributeType.data, name);
      // It holds the file's own content, which is read from it.
      if (stream !== undefined && name !== wofStreamName) streams.push({ name, sizeBytes: stream.sizeBytes });
    }
    return { ...noDetails, streams, ...(await this.#security(record, signal)) };
  }

  /** A descriptor that cannot be read hides nothing else. */
  async #security(
    record: FileRecord,
    signal: AbortSignal,
  ): Promise<Pick<NodeDetails, 'securityDescriptor' | 'problems'>> {
    try {
      const bytes = await this.#descriptors.of(record, signal);
      if (bytes === undefined) return { securityDescriptor: undefined, problems: [] };
      const { text, problems } = sddlOf(bytes);
      return { securityDescriptor: text, problems };
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
      return { securityDescriptor: undefined, problems: [error.message] };
    }
  }

  async #child(directory: NodeId, name: string, signal: AbortSignal): Promise<NodeId | undefined> {
    const { record } = await this.#open(directory, signal, 'directory');
    const wanted = encodeName(name);
    const { entries } = await this.#entriesLike(record, wanted, signal);
    const entry = entries.find(
      ({ bytes, record: number }) => number >= firstUserRecord && Buffer.compare(bytes, wanted) === 0,
    );
    return entry?.record as NodeId | undefined;
  }

  /** Names among which the wanted one is, if there is one: all of them where the order of a tree cannot be trusted. */
  async #entriesLike(directory: FileRecord, wanted: Uint8Array, signal: AbortSignal): Promise<IndexListing> {
    const text = Buffer.from(wanted).toString('utf8');
    const isOrdinary = Buffer.compare(Buffer.from(text, 'utf8'), wanted) === 0;
    const collate = isOrdinary ? await this.#collation(signal) : undefined;
    if (collate !== undefined) {
      const stored = Buffer.from(text, 'utf16le');
      const found = await findInDirectoryIndex(this.#clusters, directory, stored, collate, signal);
      if (found.problems.length === 0) return found;
    }
    return await readDirectoryIndex(this.#clusters, directory, signal);
  }

  /** Undefined where the volume's table is damaged. */
  async #collation(signal: AbortSignal): Promise<Collate | undefined> {
    if (this.#collate !== undefined) return this.#collate.known;
    try {
      this.#collate = { known: await readCollation(this.#clusters, this.#records, signal) };
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
      this.#collate = { known: undefined };
    }
    return this.#collate.known;
  }

  /** Streams are numbered behind the record, in the order in which the record holds them. */
  async #streamNode(node: NodeId, streamName: string, path: string, signal: AbortSignal): Promise<NodeId> {
    const position = streamNames(await this.#records.read(node, signal)).indexOf(streamName);
    if (position < 0) throw new AppError('NOT_FOUND', `${path} does not exist`, { object: path });
    return (node + (position + 1) * maxRecords) as NodeId;
  }

  async #open(node: NodeId, signal: AbortSignal, kind?: NodeKind): Promise<OpenNode> {
    const record = await this.#records.read(node % maxRecords, signal);
    const position = Math.floor(node / maxRecords);
    const streamName = position === 0 ? '' : streamNames(record)[position - 1];
    if (streamName === undefined)
      throw new CorruptDataError(`NTFS record ${record.number} has no stream ${position}`);
    const stored = streamOf(this.#clusters, record.attributes, attributeType.reparsePoint, '');
    const reparsePoint =
      stored === undefined
        ? undefined
        : parseReparsePoint(await readWholeStream(this.#clusters, stored, maxReparseBytes, signal));
    const plainKind = record.isDirectory ? 'directory' : 'file';
    const own = reparsePoint === undefined ? plainKind : (kindOfReparsePoint(reparsePoint) ?? plainKind);
    const found = streamName === '' ? own : 'file';
    if (kind !== undefined && found !== kind) {
      throw new AppError('INVALID_INPUT', `NTFS record ${record.number} is a ${found}, not a ${kind}`);
    }
    return { record, kind: found, reparsePoint, streamName };
  }

  #compressedStream(record: FileRecord): Stream {
    const stored = streamOf(this.#clusters, record.attributes, attributeType.data, wofStreamName);
    if (stored !== undefined) return stored;
    throw new CorruptDataError(`NTFS record ${record.number} lacks its compressed content`);
  }

  #information({ attributes: all, number }: FileRecord): BinaryReader {
    const what = `NTFS record ${number}`;
    return new BinaryReader(residentBytes(all, attributeType.standardInformation, what), what);
  }
}

function streamNames(record: FileRecord): string[] {
  const named = record.attributes.filter(({ type, name }) => type === attributeType.data && name !== '');
  return [...new Set(named.map(({ name }) => name))];
}

/** Short names exist beside long ones and are no links of their own. */
function linkCount({ attributes: all, number }: FileRecord): number {
  return all.filter(({ type, content }) => {
    if (type !== attributeType.fileName || content.kind !== 'resident') return false;
    return !parseFileName(new BinaryReader(content.bytes, `name of NTFS record ${number}`), 0).isShortOnly;
  }).length;
}

function readTime(reader: BinaryReader, offset: number): Timestamp {
  const steps = BigInt.asIntN(64, reader.bits64le('time', offset)) - epoch;
  const rest = ((steps % stepsPerSecond) + stepsPerSecond) % stepsPerSecond;
  return { seconds: Number((steps - rest) / stepsPerSecond), nanoseconds: Number(rest) * 100 };
}
