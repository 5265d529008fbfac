import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { unknownPieces } from '../filePieces.ts';
import { fingerprintRuns, readRuns, readWholeRuns, type FileRun } from '../fileRuns.ts';
import type { Attribute } from './attributes.ts';
import { decompressLznt1 } from './lznt1.ts';

/** The content of an attribute, put together from its parts. */
export type Stream = ResidentStream | ClusterStream;

interface ResidentStream {
  readonly kind: 'resident';
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
}

interface ClusterStream {
  readonly kind: 'clusters';
  readonly sizeBytes: number;
  readonly initializedBytes: number;
  readonly runs: readonly FileRun[];
  /** Bytes that are compressed together; undefined if it is not compressed. */
  readonly unitBytes: number | undefined;
  readonly isEncrypted: boolean;
}

const windowBytes = 1024 * 1024;

/** The geometry a stream is read with. */
export interface Clusters {
  readonly source: BlockSource;
  readonly clusterBytes: number;
  readonly sizeBytes: number;
}

/**
 * @returns undefined if the record has no such attribute
 * @throws CORRUPT_DATA if a part is missing or leaves the volume
 */
export function streamOf(
  clusters: Clusters,
  attributes: readonly Attribute[],
  type: number,
  name: string,
): Stream | undefined {
  const parts = attributes.filter(attribute => attribute.type === type && attribute.name === name);
  const [any] = parts;
  if (any === undefined) return undefined;
  if (any.content.kind === 'resident') {
    const { bytes } = any.content;
    return { kind: 'resident', bytes, sizeBytes: bytes.byteLength };
  }
  const contents = parts.flatMap(({ content }) => (content.kind === 'clusters' ? [content] : []));
  contents.sort((one, other) => one.firstCluster - other.firstCluster);
  const runs: FileRun[] = [];
  let nextCluster = 0;
  for (const { firstCluster, mapping } of contents) {
    if (firstCluster !== nextCluster)
      throw new CorruptDataError(`a part of an NTFS attribute ${type} is missing`);
    nextCluster = decodeRuns(clusters, mapping, firstCluster, runs);
  }
  const [first] = contents;
  const { sizeBytes = 0, initializedBytes = 0, unitClusters = 1 } = first ?? {};
  const unitBytes =
    any.flags.isCompressed && unitClusters > 1 ? unitClusters * clusters.clusterBytes : undefined;
  return {
    kind: 'clusters',
    sizeBytes,
    initializedBytes,
    runs,
    unitBytes,
    isEncrypted: any.flags.isEncrypted,
  };
}

/** Each run is a length and a step from the start of the run before; without a step it is a hole. */
function decodeRuns(
  { clusterBytes, sizeBytes }: Clusters,
  mapping: Uint8Array,
  firstCluster: number,
  runs: FileRun[],
) {
  const reader = new BinaryReader(mapping, 'NTFS runs');
  let position = 0;
  let nextCluster = firstCluster;
  for (let offset = 0; offset < mapping.byteLength;) {
    const widths = reader.u8('widths', offset);
    if (widths === 0) break;
    const [lengthWidth, stepWidth] = [widths & 15, widths >>> 4];
    if (lengthWidth < 1 || lengthWidth > 6 || stepWidth > 6) throw reader.error('a run has no sense', offset);
    const bytes = Buffer.from(reader.bytes('run', offset + 1, lengthWidth + stepWidth));
    const clusterCount = bytes.readUIntLE(0, lengthWidth);
    if (stepWidth > 0) position += bytes.readIntLE(lengthWidth, stepWidth);
    const volumeOffsetBytes = stepWidth > 0 ? position * clusterBytes : undefined;
    const lengthBytes = clusterCount * clusterBytes;
    const end = (volumeOffsetBytes ?? 0) + lengthBytes;
    if (clusterCount < 1 || position < 0 || end > (volumeOffsetBytes === undefined ? 2 ** 52 : sizeBytes)) {
      throw reader.error(`a run of ${clusterCount} clusters at ${position} leaves the volume`, offset);
    }
    runs.push({ offsetBytes: nextCluster * clusterBytes, lengthBytes, volumeOffsetBytes });
    nextCluster += clusterCount;
    offset += 1 + lengthWidth + stepWidth;
  }
  return nextCluster;
}

/**
 * The content from `startBytes` up to `endBytes`, which must lie in the stream, in pieces of at most 1 MiB.
 * @throws UNSUPPORTED_FORMAT if it is encrypted
 */
export async function* readStream(
  clusters: Clusters,
  stream: Stream,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (startBytes >= endBytes) return;
  if (stream.kind === 'resident') {
    if (signal.aborted) throw new CancelledError();
    yield stream.bytes.slice(startBytes, endBytes);
    return;
  }
  if (stream.isEncrypted) {
    throw new AppError('UNSUPPORTED_FORMAT', 'the file is encrypted by the guest (EFS)', {
      remedy: 'Restore the disk and open it in a guest that has the key',
    });
  }
  if (stream.unitBytes === undefined) {
    yield* readRuns(clusters.source, initialized(stream), startBytes, endBytes, signal);
    return;
  }
  const { unitBytes } = stream;
  const step = Math.max(unitBytes, windowBytes);
  for (let at = startBytes; at < endBytes;) {
    const until = Math.min(endBytes, (Math.floor(at / step) + 1) * step, at + windowBytes);
    const piece = new Uint8Array(until - at);
    for (let unit = Math.floor(at / unitBytes); unit * unitBytes < until; unit += 1) {
      const bytes = await readUnit(clusters, stream, unit, unitBytes, signal);
      const from = Math.max(at, unit * unitBytes);
      const to = Math.min(until, (unit + 1) * unitBytes);
      if (bytes !== undefined)
        piece.set(bytes.subarray(from - unit * unitBytes, to - unit * unitBytes), from - at);
    }
    if (until > stream.initializedBytes) piece.fill(0, Math.max(0, stream.initializedBytes - at));
    yield piece;
    at = until;
  }
}

/** What tells the content without reading it, piece by piece of 1 MiB. */
export async function* fingerprintStream(
  clusters: Clusters,
  stream: Stream,
  signal: AbortSignal,
): AsyncGenerator<string | undefined, void, undefined> {
  const { sizeBytes } = stream;
  if (stream.kind === 'resident' || stream.unitBytes !== undefined) yield* unknownPieces(sizeBytes);
  else yield* fingerprintRuns(clusters.source, initialized(stream), sizeBytes, signal);
}

/** All of a stream that must be small. @throws CORRUPT_DATA if it is not */
export async function readWholeStream(
  clusters: Clusters,
  stream: Stream,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (stream.sizeBytes > maxBytes) {
    throw new CorruptDataError(`an NTFS attribute has ${stream.sizeBytes} bytes, more than ${maxBytes}`);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of readStream(clusters, stream, 0, stream.sizeBytes, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Holes of a unit lie behind what is compressed: a unit without holes is not compressed, one of holes alone is zeros. */
async function readUnit(
  clusters: Clusters,
  { runs }: ClusterStream,
  unit: number,
  unitBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const startBytes = unit * unitBytes;
  let storedBytes = 0;
  const inUnit: FileRun[] = [];
  for (let index = firstRunBehind(runs, startBytes); index < runs.length; index += 1) {
    const run = runs[index];
    if (run === undefined || run.offsetBytes >= startBytes + unitBytes) break;
    inUnit.push(run);
    if (run.volumeOffsetBytes === undefined) continue;
    const from = Math.max(run.offsetBytes, startBytes);
    storedBytes += Math.min(run.offsetBytes + run.lengthBytes, startBytes + unitBytes) - from;
  }
  if (storedBytes === 0) return undefined;
  const stored = await readWholeRuns(clusters.source, inUnit, startBytes, startBytes + storedBytes, signal);
  return storedBytes === unitBytes ? stored : decompressLznt1(stored, unitBytes);
}

/** The first run that ends behind an offset. */
function firstRunBehind(runs: readonly FileRun[], offsetBytes: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle];
    if (run !== undefined && run.offsetBytes + run.lengthBytes <= offsetBytes) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* initialized({ runs, initializedBytes }: ClusterStream): Generator<FileRun, void, undefined> {
  for (const run of runs) {
    if (run.offsetBytes >= initializedBytes) return;
    yield { ...run, lengthBytes: Math.min(run.lengthBytes, initializedBytes - run.offsetBytes) };
  }
}
