import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { type BlockSource, readRange } from '../../block/blockSource.ts';
import type { RestState } from './restState.ts';

const volumeRecord = 3;
const volumeInformation = 0x70;
const endOfAttributes = 0xffff_ffff;
const dirty = 0x1;
const sectorBytes = 512;

/**
 * Windows marks a volume as dirty when it is to be checked. A volume in use is not marked by that alone, so that a
 * missing mark says little; a mark says that something was not finished.
 * @throws CORRUPT_DATA
 * @see libyal, "New Technologies File System (NTFS)", MFT entry, attribute $VOLUME_INFORMATION
 */
export async function readNtfsRest(volume: BlockSource, signal: AbortSignal): Promise<RestState> {
  const boot = new BinaryReader(await readRange(volume, 0, 512, signal), 'NTFS boot sector');
  const bytesPerSector = boot.u16le('bytes per sector', 11, { min: 256, max: 4096 });
  const clusterCode = boot.u8('sectors per cluster', 13);
  const clusterBytes = bytesPerSector * (clusterCode > 128 ? 2 ** (256 - clusterCode) : clusterCode);
  const recordCode = boot.u8('size of records', 64);
  const recordBytes = recordCode > 127 ? 2 ** (256 - recordCode) : recordCode * clusterBytes;
  if (recordBytes < 256 || recordBytes > 65_536)
    throw new CorruptDataError(`NTFS boot sector: records of ${recordBytes} bytes`);
  const firstCluster =
    boot.u32le('cluster of the MFT', 48) + boot.u32le('cluster of the MFT, high', 52) * 2 ** 32;
  const offset = firstCluster * clusterBytes + volumeRecord * recordBytes;
  if (!Number.isSafeInteger(offset) || offset + recordBytes > volume.sizeBytes)
    throw new CorruptDataError('NTFS boot sector: the MFT lies outside of the volume');
  const record = repaired(await readRange(volume, offset, recordBytes, signal));
  const flags = volumeFlags(new BinaryReader(record, 'NTFS record $Volume', offset), record.byteLength);
  return (flags & dirty) !== 0
    ? { state: 'in-use', isConclusive: true, finding: 'it is marked as dirty' }
    : {
        state: 'unknown',
        isConclusive: false,
        finding: 'it is not marked as dirty, which one that is in use is not either',
      };
}

function volumeFlags(reader: BinaryReader, recordBytes: number): number {
  let at = reader.u16le('first attribute', 20);
  while (at + 24 <= recordBytes) {
    const type = reader.u32le('type of an attribute', at);
    if (type === endOfAttributes) break;
    if (type === volumeInformation) {
      const content = at + reader.u16le('content of an attribute', at + 20);
      return reader.u16le('flags of the volume', content + 10);
    }
    const lengthBytes = reader.u32le('length of an attribute', at + 4, { min: 16, max: recordBytes });
    at += lengthBytes;
  }
  throw reader.error('$VOLUME_INFORMATION is missing', 0);
}

/** The last two bytes of each sector of a record are kept beside it. @throws CORRUPT_DATA for a torn record */
function repaired(record: Uint8Array): Uint8Array {
  const reader = new BinaryReader(record, 'NTFS record $Volume');
  if (new TextDecoder('latin1').decode(record.subarray(0, 4)) !== 'FILE')
    throw new CorruptDataError('NTFS record $Volume: it has no signature');
  const place = reader.u16le('place of the sequence', 4);
  const count = reader.u16le('length of the sequence', 6, { max: record.byteLength / sectorBytes + 1 });
  const mended = record.slice();
  for (let sector = 0; sector + 1 < count; sector += 1) {
    const end = (sector + 1) * sectorBytes - 2;
    if (reader.u16le('end of a sector', end) !== reader.u16le('sequence', place))
      throw new CorruptDataError('NTFS record $Volume: it is torn');
    mended.set(reader.bytes('sequence', place + 2 + sector * 2, 2), end);
  }
  return mended;
}
