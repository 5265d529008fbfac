import { mapOrdered } from '../../base/async/mapOrdered.ts';
import { settleAll } from '../../base/async/settleAll.ts';
import { CancelledError } from '../../base/errors.ts';

/** A part of a file that is kept in one place, whatever that is. What lies between two of them is a hole. */
export interface Stretch {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export const pieceBytes = 1024 * 1024;
const piecesInFlight = 4;

/**
 * The content of a file from `startBytes` up to `endBytes`, which must lie in it, in pieces of 1 MiB but for the last, in
 * new buffers. Reads a few pieces ahead.
 * @param stretches  in ascending order, at least all that touch the range
 * @param fill       writes what a stretch holds from `inStretchBytes` on into the target, which is zeros
 */
export async function* readPieces<S extends Stretch>(
  stretches: AsyncIterable<S> | Iterable<S>,
  startBytes: number,
  endBytes: number,
  fill: (stretch: S, inStretchBytes: number, target: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (startBytes >= endBytes) return;
  yield* mapOrdered(planPieces(stretches, startBytes, endBytes), piecesInFlight, async piece => {
    if (signal.aborted) throw new CancelledError();
    const bytes = new Uint8Array(piece.lengthBytes);
    const fills = piece.parts.map(async ({ stretch, inStretchBytes, atBytes, lengthBytes }) => {
      await fill(stretch, inStretchBytes, bytes.subarray(atBytes, atBytes + lengthBytes));
    });
    await settleAll(fills);
    return bytes;
  });
}

/**
 * For each piece that `readPieces` would give, a text that is equal only where the bytes are; undefined where a stretch
 * has none.
 */
export async function* fingerprintPieces<S extends Stretch>(
  stretches: AsyncIterable<S> | Iterable<S>,
  endBytes: number,
  fingerprint: (stretch: S, inStretchBytes: number, lengthBytes: number) => Promise<string | undefined>,
): AsyncGenerator<string | undefined, void, undefined> {
  for await (const { lengthBytes, parts } of planPieces(stretches, 0, endBytes)) {
    const found: (string | undefined)[] = [];
    for (const part of parts) {
      const text = await fingerprint(part.stretch, part.inStretchBytes, part.lengthBytes);
      found.push(text === undefined ? undefined : `@${part.atBytes} ${text}`);
    }
    yield found.includes(undefined) ? undefined : `${lengthBytes} ${found.join(' ')}`;
  }
}

/** For content that only reading tells. */
export function* unknownPieces(sizeBytes: number): Generator<undefined, void, undefined> {
  for (let atBytes = 0; atBytes < sizeBytes; atBytes += pieceBytes) yield undefined;
}

/** One piece of a file and what of it lies in stretches; the rest is zeros. */
interface Piece<S> {
  readonly lengthBytes: number;
  readonly parts: readonly PiecePart<S>[];
}

interface PiecePart<S> {
  readonly stretch: S;
  readonly inStretchBytes: number;
  readonly atBytes: number;
  readonly lengthBytes: number;
}

async function* planPieces<S extends Stretch>(
  stretches: AsyncIterable<S> | Iterable<S>,
  startBytes: number,
  endBytes: number,
): AsyncGenerator<Piece<S>, void, undefined> {
  let parts: PiecePart<S>[] = [];
  let pieceStart = startBytes;
  const pieceEnd = () => Math.min(pieceStart + pieceBytes, endBytes);
  const finish = (): Piece<S> => {
    const piece = { lengthBytes: pieceEnd() - pieceStart, parts };
    pieceStart = pieceEnd();
    parts = [];
    return piece;
  };

  for await (const stretch of stretches) {
    const { offsetBytes, lengthBytes } = stretch;
    if (offsetBytes >= endBytes) break;
    const stretchEnd = Math.min(offsetBytes + lengthBytes, endBytes);
    for (let from = Math.max(offsetBytes, startBytes); from < stretchEnd;) {
      while (from >= pieceEnd()) yield finish();
      const until = Math.min(stretchEnd, pieceEnd());
      const place = { inStretchBytes: from - offsetBytes, atBytes: from - pieceStart };
      parts.push({ stretch, ...place, lengthBytes: until - from });
      from = until;
    }
  }
  while (pieceStart < endBytes) yield finish();
}
