import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { AppError } from '../../../base/errors.ts';
import { KiB, MiB } from '../../../base/units.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { BlobTarget, PlacedBlob, SealingPool } from '../../codec/sealingPool.ts';
import { expectedBlob } from '../blobIndex.ts';
import type { BlobIndex } from '../blobIndex.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { UnpackedBlobs, WantedBlob } from '../repository.ts';

/** One read of a pack; less than a pack, so that every thread has its share of a small disk. */
const maxPieceBytes = 4 * MiB;

/** What lies between two wanted blobs is read along up to that size: it costs less than another read. */
const maxGapBytes = 256 * KiB;

/** Pieces being read, or unsealed. */
const piecesInFlight = 6;

export interface UnpackingDeps {
  readonly store: ObjectStore;
  readonly pool: SealingPool;
  readonly index: Pick<BlobIndex, 'lookup'>;
}

/** Unseals blobs in the order in which they lie in packs. Those it cannot find or read are told, nothing is tried twice. */
export async function* unpackBlobs(
  wanted: readonly WantedBlob[],
  target: BlobTarget,
  { store, pool, index }: UnpackingDeps,
  signal: AbortSignal,
): AsyncGenerator<UnpackedBlobs, void, undefined> {
  const { pieces, missing } = await piecesOf(wanted, index, signal);
  if (missing.length > 0) yield { unpackedBytes: 0, failed: missing };
  yield* mapOrdered(pieces, piecesInFlight, async ({ packId, startBytes, endBytes, blobs }) => {
    const ids = blobs.map(({ id }) => id);
    let piece: Uint8Array;
    try {
      const name = { kind: 'pack', id: packId } as const;
      piece = await store.getRange(name, startBytes, endBytes - startBytes, signal);
    } catch (error) {
      if (!AppError.is(error, 'NOT_FOUND', 'CORRUPT_DATA')) throw error;
      return { unpackedBytes: 0, failed: ids };
    }
    const placed = blobs.map(blob => ({ ...blob, startBytes: blob.startBytes - startBytes }));
    const problems = await pool.unsealTo(piece, placed, target, signal);
    const failed = problems.map(({ id }) => id);
    const good = blobs.filter(({ id }) => !failed.includes(id));
    const unpackedBytes = good.reduce(
      (sum, { plainLengthBytes, offsetsBytes }) => sum + plainLengthBytes * offsetsBytes.length,
      0,
    );
    return { unpackedBytes, failed };
  });
}

/** Neighbors in a pack, read at once. Blobs begin where they do in the pack. */
interface Piece {
  readonly packId: string;
  readonly startBytes: number;
  endBytes: number;
  readonly blobs: PlacedBlob[];
}

async function piecesOf(
  wanted: readonly WantedBlob[],
  index: Pick<BlobIndex, 'lookup'>,
  signal: AbortSignal,
): Promise<{ readonly pieces: readonly Piece[]; readonly missing: readonly BlobId[] }> {
  const missing: BlobId[] = [];
  /** In the order in which the wanted blobs meet them, which is about the one in which they were stored. */
  const packs = new Map<string, PlacedBlob[]>();
  for (const { id, lengthBytes, offsetsBytes } of wanted) {
    const place = await index.lookup('data', id, signal);
    const expected = place && expectedBlob(id, place);
    if (place === undefined || expected?.plainLengthBytes !== lengthBytes) {
      missing.push(id);
      continue;
    }
    const blobs = packs.get(place.packId) ?? [];
    packs.set(place.packId, blobs);
    blobs.push({ ...expected, startBytes: place.offsetBytes, sealedBytes: place.lengthBytes, offsetsBytes });
  }
  const pieces = [...packs].flatMap(([packId, blobs]) => piecesOfPack(packId, blobs));
  return { pieces, missing };
}

function piecesOfPack(packId: string, blobs: readonly PlacedBlob[]): Piece[] {
  const pieces: Piece[] = [];
  for (const blob of blobs.toSorted((one, other) => one.startBytes - other.startBytes)) {
    const endBytes = blob.startBytes + blob.sealedBytes;
    const last = pieces.at(-1);
    if (
      last !== undefined &&
      blob.startBytes - last.endBytes <= maxGapBytes &&
      endBytes - last.startBytes <= maxPieceBytes
    ) {
      last.blobs.push(blob);
      last.endBytes = endBytes;
    } else pieces.push({ packId, startBytes: blob.startBytes, endBytes, blobs: [blob] });
  }
  return pieces;
}
