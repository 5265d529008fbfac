import { createHash, getHashes } from 'node:crypto';
import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import { MiB } from '../../../base/units.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import {
  maxIterations,
  maxKeyBytes,
  maxStripes,
  unsupportedLuks,
  type KeyDerivation,
  type KeyDigest,
  type Keyslot,
  type LuksHeader,
  type Payload,
  type Pbkdf2Derivation,
} from './luksHeader.ts';

const headBytes = 4096;
const magics = { first: 'LUKS\xba\xbe', second: 'SKUL\xba\xbe' } as const;
/** Of the head with its text; the second copy follows the first one. */
const sizesBytes = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map(kib => kib * 1024);
const maxHeaderBytes = 4 * MiB;
const checksum = { offset: 448, bytes: 64 } as const;
const sectorSizes: readonly number[] = [512, 1024, 2048, 4096];

interface HeaderCopy {
  readonly sequence: number;
  readonly uuid: string;
  readonly label: string;
  readonly text: Uint8Array;
}

/**
 * Reads the header of version 2: the newer of its two copies, of those that carry their checksum.
 * @throws CORRUPT_DATA if neither does; UNSUPPORTED_FORMAT for what is not read
 * @see cryptsetup, "LUKS2 On-Disk Format Specification", 1.1.1
 */
export async function readLuks2(volume: BlockSource, signal: AbortSignal): Promise<LuksHeader> {
  const first = await readCopy(volume, 0, magics.first, signal);
  let second: HeaderCopy | undefined;
  for (const offsetBytes of sizesBytes) {
    second ??= await readCopy(volume, offsetBytes, magics.second, signal);
  }
  const newest = first === undefined || (second?.sequence ?? -1) > first.sequence ? second : first;
  if (newest === undefined) {
    throw new AppError('CORRUPT_DATA', 'both headers of the encrypted volume are damaged');
  }
  const problems =
    first === undefined ? ['The header of the encrypted volume is damaged; its second copy was used'] : [];
  return { ...parse(newest), problems };
}

async function readCopy(
  volume: BlockSource,
  offsetBytes: number,
  magic: string,
  signal: AbortSignal,
): Promise<HeaderCopy | undefined> {
  if (offsetBytes + headBytes > volume.sizeBytes) return undefined;
  const head = await readRange(volume, offsetBytes, headBytes, signal);
  const reader = new BinaryReader(head, 'LUKS2 header', offsetBytes);
  if (Buffer.from(head.subarray(0, 6)).toString('latin1') !== magic) return undefined;
  try {
    reader.u64be('own position', 256, { min: offsetBytes, max: offsetBytes });
    const sizeBytes = reader.u64be('header size', 8, { min: headBytes, max: maxHeaderBytes });
    if (reader.u16be('version', 6) !== 2 || !sizesBytes.includes(sizeBytes)) return undefined;
    if (offsetBytes + sizeBytes > volume.sizeBytes) return undefined;
    const whole = await readRange(volume, offsetBytes, sizeBytes, signal);
    const algorithm = textOf(reader, 'checksum algorithm', 72, 32);
    const found = whole.slice(checksum.offset, checksum.offset + checksum.bytes);
    whole.fill(0, checksum.offset, checksum.offset + checksum.bytes);
    if (!getHashes().includes(algorithm)) return undefined;
    const expected = createHash(algorithm).update(whole).digest();
    if (Buffer.compare(expected, found.subarray(0, expected.byteLength)) !== 0) return undefined;
    const text = whole.subarray(headBytes);
    const end = text.indexOf(0);
    return {
      sequence: reader.u64be('sequence', 16),
      uuid: textOf(reader, 'uuid', 168, 40),
      label: textOf(reader, 'label', 24, 48),
      text: text.subarray(0, end < 0 ? text.byteLength : end),
    };
  } catch (error) {
    if (AppError.is(error, 'CORRUPT_DATA')) return undefined;
    throw error;
  }
}

function parse({ uuid, label, text }: HeaderCopy): Omit<LuksHeader, 'problems'> {
  const root = JsonReader.parse(text, 'LUKS2 header');
  assertKnownRequirements(root.object('config'));
  const segments = named(root.object('segments'));
  const [segment] = segments;
  if (segment === undefined || segments.length > 1) throw unsupportedLuks('it was being encrypted anew');
  const digests = named(root.object('digests'));
  const digest = digests.find(({ value }) => value.strings('segments').includes(segment.name));
  if (digest === undefined) throw root.error('has no digest for its segment');
  const slotNames = digest.value.strings('keyslots');
  const keyslots = named(root.object('keyslots')).filter(({ name }) => slotNames.includes(name));
  return {
    version: 2,
    uuid,
    label,
    keyslots: keyslots.flatMap(({ value }) => parseKeyslot(value)),
    payload: parseSegment(segment.value),
    digest: parseDigest(digest.value),
  };
}

/** Something a reader has to know of, or it reads nonsense. */
function assertKnownRequirements(config: JsonReader): void {
  if (!config.has('requirements')) return;
  const requirements = config.object('requirements');
  const [required] = requirements.has('mandatory') ? requirements.strings('mandatory') : [];
  if (required !== undefined) throw unsupportedLuks(`it requires ${printable(required)}`);
}

/** Keyslots that take no passphrase, such as those of a change under way, are none. */
function parseKeyslot(slot: JsonReader): Keyslot[] {
  if (slot.string('type') !== 'luks2') return [];
  const [area, spread] = [slot.object('area'), slot.object('af')];
  if (area.string('type') !== 'raw' || spread.string('type') !== 'luks1') return [];
  return [
    {
      derivation: parseDerivation(slot.object('kdf')),
      keyBytes: slot.integer('key_size', { min: 16, max: maxKeyBytes }),
      areaOffsetBytes: decimal(area, 'offset'),
      stripes: spread.integer('stripes', { min: 1, max: maxStripes }),
      spreadHash: spread.string('hash'),
      cipher: area.string('encryption'),
      areaKeyBytes: area.integer('key_size', { min: 16, max: maxKeyBytes }),
    },
  ];
}

function parseDerivation(kdf: JsonReader): KeyDerivation {
  const kind = kdf.string('type');
  if (kind === 'pbkdf2') return parsePbkdf2(kdf);
  if (kind !== 'argon2i' && kind !== 'argon2id') {
    throw unsupportedLuks(`its keys are derived by ${printable(kind)}`);
  }
  return {
    kind,
    salt: base64(kdf, 'salt'),
    memoryKiB: kdf.integer('memory', { min: 8, max: 2 ** 32 - 1 }),
    passes: kdf.integer('time', { min: 1, max: 2 ** 32 - 1 }),
    lanes: kdf.integer('cpus', { min: 1, max: 2 ** 24 - 1 }),
  };
}

function parsePbkdf2(kdf: JsonReader): Pbkdf2Derivation {
  return {
    kind: 'pbkdf2',
    hash: kdf.string('hash'),
    salt: base64(kdf, 'salt'),
    iterations: kdf.integer('iterations', { min: 1, max: maxIterations }),
  };
}

function parseSegment(segment: JsonReader): Payload {
  const type = segment.string('type');
  if (type !== 'crypt') throw unsupportedLuks(`its data are of type ${printable(type)}`);
  if (segment.has('integrity')) {
    throw unsupportedLuks(`it has integrity tags, ${printable(segment.object('integrity').string('type'))}`);
  }
  const sectorBytes = segment.count('sector_size');
  if (!sectorSizes.includes(sectorBytes)) segment.wrong('sector_size', sectorSizes.join(', '));
  return {
    offsetBytes: decimal(segment, 'offset'),
    sizeBytes: segment.string('size') === 'dynamic' ? undefined : decimal(segment, 'size'),
    cipher: segment.string('encryption'),
    sectorBytes,
    firstSector: decimal(segment, 'iv_tweak'),
  };
}

function parseDigest(digest: JsonReader): KeyDigest {
  const type = digest.string('type');
  if (type !== 'pbkdf2') throw unsupportedLuks(`its keys are known by ${printable(type)}`);
  return { derivation: parsePbkdf2(digest), digest: base64(digest, 'digest') };
}

function named(reader: JsonReader): { readonly name: string; readonly value: JsonReader }[] {
  return reader.fields().map(name => ({ name, value: reader.object(name) }));
}

/** Numbers of 64 bits are texts. */
function decimal(reader: JsonReader, field: string): number {
  const text = reader.string(field);
  const value = Number(text);
  const isOne = /^\d{1,16}$/.test(text) && Number.isSafeInteger(value);
  return isOne ? value : reader.wrong(field, 'a whole number');
}

function base64(reader: JsonReader, field: string): Uint8Array {
  const text = reader.string(field);
  const isOne = /^[\w+/=]{1,1024}$/.test(text) && !text.includes('_');
  return isOne ? new Uint8Array(Buffer.from(text, 'base64')) : reader.wrong(field, 'base64');
}

function printable(name: string): string {
  return /^[\w:.-]{1,64}$/.test(name) ? name : 'something without a proper name';
}

function textOf(reader: BinaryReader, field: string, offset: number, lengthBytes: number): string {
  return (
    Buffer.from(reader.bytes(field, offset, lengthBytes))
      .toString('utf8')
      .split('\0', 1)[0] ?? ''
  );
}
