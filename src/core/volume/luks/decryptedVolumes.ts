import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { madeVolume } from '../madeVolume.ts';
import { openListings } from '../openListings.ts';
import type { Volume, VolumeListing } from '../volume.ts';
import { decryptedSource } from './decryptedSource.ts';
import { readLuks1 } from './luks1.ts';
import { readLuks2 } from './luks2.ts';
import { unsupportedLuks, type LuksHeader } from './luksHeader.ts';
import { identityOf, type VolumeKeys } from './volumeKeys.ts';

const opened = { kind: 'member', title: 'LUKS encryption, opened below' } as const;

/**
 * Adds what lies in encrypted volumes whose key is known. They themselves are no volumes to be opened then. What no
 * passphrase opens is told as a problem, once passphrases were given.
 * @param known  volumes that were looked at before
 */
export async function addDecryptedVolumes(
  listings: readonly VolumeListing[],
  keys: VolumeKeys | undefined,
  signal: AbortSignal,
  known: ReadonlySet<Volume> = new Set(),
): Promise<VolumeListing[]> {
  const { volumes, problems, close } = openListings(listings);
  for (const [disk, { volumes: found }] of listings.entries()) {
    for (const volume of found.filter(other => other.content?.kind === 'luks' && !known.has(other))) {
      try {
        const header = await readLuksHeader(volume.source, signal);
        const { key, isTried } = (await keys?.find(volume.source, header, signal)) ?? {};
        if (key === undefined) {
          if (isTried === true) {
            problems[disk]?.push(`Volume ${volume.index} is encrypted, and no passphrase given opens it`);
          }
          continue;
        }
        problems[disk]?.push(...header.problems);
        const onDisk = volumes[disk] ?? [];
        onDisk.push(await openedVolume(onDisk, volume, header, key, signal));
        volumes[disk] = onDisk.map(other => (other === volume ? { ...other, content: opened } : other));
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT', 'INVALID_INPUT')) throw error;
        problems[disk]?.push(`Volume ${volume.index}: ${error.message}`);
      }
    }
  }
  return close();
}

/** @throws CORRUPT_DATA; UNSUPPORTED_FORMAT for what is not read */
export async function readLuksHeader(volume: BlockSource, signal: AbortSignal): Promise<LuksHeader> {
  const reader = new BinaryReader(await readRange(volume, 0, 512, signal), 'LUKS header');
  const isFirst = Buffer.from(reader.bytes('magic', 0, 6)).toString('latin1') === 'LUKS\xba\xbe';
  const version = reader.u16be('version', 6);
  if (isFirst && version === 1) return await readLuks1(volume, signal);
  if (isFirst && version > 2) throw unsupportedLuks(`it is of version ${version}`);
  return await readLuks2(volume, signal);
}

async function openedVolume(
  onDisk: readonly Volume[],
  volume: Volume,
  header: LuksHeader,
  key: Uint8Array,
  signal: AbortSignal,
): Promise<Volume> {
  if (header.uuid === '') throw new CorruptDataError('the encrypted volume has no id');
  const source = decryptedSource(volume.source, header.payload, key, identityOf(header));
  const name = `luks/${header.label === '' ? header.uuid.slice(0, 8) : header.label}`;
  const offsetBytes = volume.offsetBytes + header.payload.offsetBytes;
  return await madeVolume(onDisk, { name, uuid: header.uuid, offsetBytes, source }, signal);
}
