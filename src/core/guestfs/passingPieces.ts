import { freeMemory } from '../../base/freeMemory.ts';

/** The pieces of a file for a reader that is done with each of them when it asks for the next; their memory is given back then. */
export async function* passingPieces(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    yield piece;
    freeMemory(piece);
  }
}
