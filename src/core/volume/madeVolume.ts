import { AppError } from '../../base/errors.ts';
import type { BlockSource } from '../block/blockSource.ts';
import { identifyContent, type ContentSignature } from '../block/contentSignature.ts';
import type { Volume } from './volume.ts';

/** Numbers of volumes that are made of others; no partition has one so high. */
const firstMadeIndex = 1001;

/**
 * A volume that is made of others.
 * @param onDisk  the volumes of the disk it is listed with, so far
 */
export async function madeVolume(
  onDisk: readonly Volume[],
  volume: {
    readonly name: string;
    readonly uuid: string;
    readonly offsetBytes: number;
    readonly source: BlockSource;
  },
  signal: AbortSignal,
): Promise<Volume> {
  const { source } = volume;
  return {
    ...volume,
    index: Math.max(firstMadeIndex - 1, ...onDisk.map(({ index }) => index)) + 1,
    role: 'data',
    typeId: undefined,
    sizeBytes: source.sizeBytes,
    content: await contentOf(source, signal),
  };
}

async function contentOf(source: BlockSource, signal: AbortSignal): Promise<ContentSignature | undefined> {
  try {
    return await identifyContent(source, signal);
  } catch (error) {
    // What cannot be read is listed all the same; opening it tells why.
    if (!AppError.is(error) || error.code === 'CANCELLED') throw error;
    return undefined;
  }
}
