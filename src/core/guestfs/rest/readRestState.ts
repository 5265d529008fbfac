import type { BlockSource } from '../../block/blockSource.ts';
import { type ContentKind, identifyContent } from '../../block/contentSignature.ts';
import { readExt4Rest } from './ext4Rest.ts';
import { readNtfsRest } from './ntfsRest.ts';
import type { RestState } from './restState.ts';
import { readXfsRest } from './xfsRest.ts';

export interface VolumeRest extends RestState {
  /** `ext4`, `xfs`, `ntfs`, or what else it seems to be; undefined if it is nothing known. */
  readonly fileSystem: string | undefined;
}

type ReadRest = (volume: BlockSource, signal: AbortSignal) => Promise<RestState>;

const readers: Readonly<Partial<Record<ContentKind, ReadRest>>> = {
  ext: readExt4Rest,
  xfs: readXfsRest,
  ntfs: readNtfsRest,
};

/**
 * Reads as little as it takes: superblocks, and of a log its records' heads.
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT, what the source throws
 */
export async function readRestState(volume: BlockSource, signal: AbortSignal): Promise<VolumeRest> {
  const content = await identifyContent(volume, signal);
  const read = content === undefined ? undefined : readers[content.kind];
  if (content !== undefined && read !== undefined)
    return { fileSystem: content.kind === 'ext' ? 'ext4' : content.kind, ...(await read(volume, signal)) };
  return {
    fileSystem: content?.kind,
    ...{ state: 'unknown', isConclusive: false },
    finding:
      content === undefined
        ? 'it holds no file system that is known'
        : `it is not known how ${content.title} tells`,
  };
}
