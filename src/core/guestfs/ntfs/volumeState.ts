import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import { attributeType, undoFixup } from './attributes.ts';
import type { FileRecords } from './records.ts';
import { decodeUtf16 } from './fileName.ts';
import { readStream, streamOf, type Clusters } from './stream.ts';

/** What the volume says of itself. */
export interface VolumeState {
  readonly label: string;
  /** It is marked to be checked. */
  readonly isDirty: boolean;
  /** `open`: changes may wait in it. `empty`: it holds no restart area, as other programs than Windows leave it. */
  readonly log: 'open' | 'closed' | 'empty';
  readonly problems: readonly string[];
}

const logRecord = 2;
const volumeRecord = 3;
const dirtyFlag = 1;
const pageBytes = 4096;
const noClient = 0xffff;
const cleanFlag = 2;

/**
 * Reads the volume's name, whether it is marked as damaged, and whether its log holds changes: nobody but Windows can
 * replay that log.
 * @throws CORRUPT_DATA
 */
export async function readVolumeState(
  clusters: Clusters,
  records: FileRecords,
  signal: AbortSignal,
): Promise<VolumeState> {
  const { attributes } = await records.read(volumeRecord, signal);
  const resident = (type: number) => {
    const content = attributes.find(attribute => attribute.type === type)?.content;
    return content?.kind === 'resident' ? content.bytes : new Uint8Array(0);
  };
  const information = new BinaryReader(resident(attributeType.volumeInformation), 'NTFS volume information');
  const isDirty = (information.u16le('flags', 10) & dirtyFlag) !== 0;
  const log = await readLogState(clusters, records, signal);
  const problems: string[] = [];
  if (isDirty) problems.push('Windows marked the volume as damaged; it checks it at the next start');
  if (log === 'open') {
    problems.push(
      'The volume was in use: its log holds changes that only Windows can replay; the latest ones may be missing or damaged',
    );
  }
  return { label: decodeUtf16(resident(attributeType.volumeName)), isDirty, log, problems };
}

/** The log is closed if no client uses it, or its restart area says so. */
async function readLogState(
  clusters: Clusters,
  records: FileRecords,
  signal: AbortSignal,
): Promise<VolumeState['log']> {
  const { attributes } = await records.read(logRecord, signal);
  const log = streamOf(clusters, attributes, attributeType.data, '');
  if (log === undefined || log.sizeBytes < 2 * pageBytes) return 'empty';
  let newest = -1n;
  let state: VolumeState['log'] = 'empty';
  for (const start of [0, pageBytes]) {
    const page = new Uint8Array(pageBytes);
    let at = 0;
    for await (const piece of readStream(clusters, log, start, start + pageBytes, signal)) {
      page.set(piece, at);
      at += piece.byteLength;
    }
    try {
      undoFixup(page, 'RSTR', 'NTFS log');
      const reader = new BinaryReader(page, 'NTFS log');
      const area = reader.u16le('restart area', 24, { max: pageBytes - 48 });
      const sequence = reader.bits64le('sequence', area);
      if (sequence <= newest) continue;
      newest = sequence;
      const isUsed = reader.u16le('clients in use', area + 12) !== noClient;
      const isClosed = !isUsed || (reader.u16le('flags', area + 14) & cleanFlag) !== 0;
      state = isClosed ? 'closed' : 'open';
    } catch (error) {
      // A log that was emptied holds no restart page.
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
    }
  }
  return state;
}
