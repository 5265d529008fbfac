import { CorruptDataError } from '../../../base/errors.ts';
import { attributeType } from './attributes.ts';
import type { FileRecords } from './records.ts';
import { readWholeStream, streamOf, type Clusters } from './stream.ts';

/** Orders names as the indexes of a volume do; below zero if the first one comes earlier. */
export type Collate = (one: Uint8Array, other: Uint8Array) => number;

const upCaseRecord = 10;
const tableBytes = 128 * 1024;

/**
 * How a volume orders names, in UTF-16: without regard to case, by the volume's own table of capital letters.
 * @throws CORRUPT_DATA
 * @see linux-ntfs documentation, "$UpCase", "Collation"
 */
export async function readCollation(
  clusters: Clusters,
  records: FileRecords,
  signal: AbortSignal,
): Promise<Collate> {
  const { attributes } = await records.read(upCaseRecord, signal);
  const stream = streamOf(clusters, attributes, attributeType.data, '');
  if (stream?.sizeBytes !== tableBytes) throw new CorruptDataError('the table of capital letters is damaged');
  const bytes = await readWholeStream(clusters, stream, tableBytes, signal);
  const table = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const capitalAt = (name: Uint8Array, at: number) =>
    table.getUint16(((name[at] ?? 0) | ((name[at + 1] ?? 0) << 8)) * 2, true);
  return (one, other) => {
    const commonBytes = Math.min(one.byteLength, other.byteLength);
    for (let at = 0; at < commonBytes; at += 2) {
      const order = capitalAt(one, at) - capitalAt(other, at);
      if (order !== 0) return order;
    }
    return one.byteLength - other.byteLength;
  };
}
