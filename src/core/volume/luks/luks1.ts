import { BinaryReader } from '../../../base/binaryReader.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import {
  maxIterations,
  maxKeyBytes,
  maxStripes,
  type Keyslot,
  type LuksHeader,
  type Pbkdf2Derivation,
} from './luksHeader.ts';

const headerBytes = 592;
const sectorBytes = 512;
const slots = { offset: 208, bytes: 48, count: 8, activeMark: 0x00ac_71f3 } as const;

/**
 * Reads the header of version 1.
 * @throws CORRUPT_DATA
 * @see "LUKS1 On-Disk Format Specification", 1.2.3
 */
export async function readLuks1(volume: BlockSource, signal: AbortSignal): Promise<LuksHeader> {
  const reader = new BinaryReader(await readRange(volume, 0, headerBytes, signal), 'LUKS header');
  const cipher = `${text(reader, 'cipher', 8, 32)}-${text(reader, 'cipher mode', 40, 32)}`;
  const hash = text(reader, 'hash', 72, 32);
  const keyBytes = reader.u32be('key length', 108, { min: 16, max: maxKeyBytes });
  const derivation = (offset: number, saltOffset: number): Pbkdf2Derivation => ({
    kind: 'pbkdf2',
    hash,
    iterations: reader.u32be('iterations', offset, { min: 1, max: maxIterations }),
    salt: reader.bytes('salt', saltOffset, 32),
  });
  const keyslots: Keyslot[] = [];
  for (let slot = 0; slot < slots.count; slot += 1) {
    const offset = slots.offset + slot * slots.bytes;
    if (reader.u32be('keyslot', offset) !== slots.activeMark) continue;
    keyslots.push({
      derivation: derivation(offset + 4, offset + 8),
      keyBytes,
      areaOffsetBytes: reader.u32be('key material', offset + 40) * sectorBytes,
      stripes: reader.u32be('stripes', offset + 44, { min: 1, max: maxStripes }),
      spreadHash: hash,
      cipher,
      areaKeyBytes: keyBytes,
    });
  }
  return {
    version: 1,
    uuid: text(reader, 'uuid', 168, 40),
    label: '',
    keyslots,
    payload: {
      offsetBytes: reader.u32be('payload', 104) * sectorBytes,
      sizeBytes: undefined,
      cipher,
      sectorBytes,
      firstSector: 0,
    },
    digest: { derivation: derivation(164, 132), digest: reader.bytes('digest', 112, 20) },
    problems: [],
  };
}

function text(reader: BinaryReader, field: string, offset: number, lengthBytes: number): string {
  return (
    Buffer.from(reader.bytes(field, offset, lengthBytes))
      .toString('latin1')
      .split('\0', 1)[0] ?? ''
  );
}
