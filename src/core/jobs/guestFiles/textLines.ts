import { MiB } from '../../../base/units.ts';

/** Lines that follow each other, without their ends; or why there are no more, although the file goes on. */
export type TextBlock =
  | { readonly firstLineNumber: number; readonly lines: readonly string[] }
  | { readonly end: 'binary' | 'longLine' };

/** In UTF-16 units. What is longer was not written to be read line by line. */
const maxLineLength = MiB;

/**
 * The lines of a file, a block for each of its pieces. It is text if it begins with a byte order mark of UTF-16, or if it
 * has no NUL: as UTF-8 then, in which bytes of other encodings become replacement characters.
 */
export async function* textLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<TextBlock, void, undefined> {
  let decoder: ReturnType<typeof decoderOf> | undefined;
  let rest = '';
  let firstLineNumber = 1;
  for await (const piece of pieces) {
    decoder ??= decoderOf(piece);
    if (decoder.encoding === 'utf-8' && piece.includes(0)) {
      yield { end: 'binary' };
      return;
    }
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield { firstLineNumber, lines: lines.map(withoutReturn) };
    firstLineNumber += lines.length;
    if (rest.length > maxLineLength) {
      yield { end: 'longLine' };
      return;
    }
  }
  rest += decoder?.decode() ?? '';
  if (rest !== '') yield { firstLineNumber, lines: [withoutReturn(rest)] };
}

function decoderOf([first, second]: Uint8Array) {
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le');
  return new TextDecoder(first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8');
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
