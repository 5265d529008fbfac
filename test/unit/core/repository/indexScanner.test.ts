import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { blobsOf, recordsOf } from '../../../../src/core/repository/blobRecord.ts';
import { encodeIndex, parseIndex } from '../../../../src/core/repository/internal/indexFile.ts';
import { scanIndex } from '../../../../src/core/repository/internal/indexScanner.ts';
import { fileContent } from '../../../contract/blobIndex.ts';

/** As the format allows: sealed blobs have 32 bytes at least. */
const packs = fileContent.map(content =>
  content.map(({ packId, blobs }) => ({
    packId,
    blobs: blobs.map(blob => ({ ...blob, lengthBytes: Math.max(32, blob.lengthBytes) })),
  })),
);

/** What becomes of a text on its way: nothing, other bytes, spaces, an end too early, or something behind it. */
const change = fc.oneof(
  fc.constant((text: string) => text),
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom('0', '1', '9', 'a', 'A', 'g', '{', '}', '[', ']', '"', ',', ':', ' ', 'é'),
    )
    .map(([at, other]) => (text: string) => {
      const index = at % text.length;
      return text.slice(0, index) + other + text.slice(index + 1);
    }),
  fc.nat().map(at => (text: string) => {
    const index = at % text.length;
    return `${text.slice(0, index)} ${text.slice(index)}`;
  }),
  fc.nat().map(at => (text: string) => text.slice(0, at % text.length)),
  fc.constantFrom(' ', 'x', '{}').map(tail => (text: string) => text + tail),
  fc.constant((text: string) => `{"supersedes":[],${text.slice(1)}`),
  fc.constant((text: string) => JSON.stringify(JSON.parse(text), undefined, 1)),
);

test('reads what the JSON parser reads, and refuses what it refuses', () => {
  fc.assert(
    fc.property(packs, change, (content, changed) => {
      const text = Buffer.from(changed(encodeIndex(content)));
      expect(outcome(() => [...scanIndex(text, 'test')])).toEqual(
        outcome(() =>
          [...parseIndex(text, 'test')].map(({ packId, blobs }) => ({ packId, records: recordsOf(blobs) })),
        ),
      );
    }),
    { numRuns: 2000 },
  );
});

test('records give back the blobs that they were made of', () => {
  fc.assert(
    fc.property(packs, content => {
      for (const { blobs } of content) expect(blobsOf(recordsOf(blobs))).toEqual(blobs);
    }),
  );
});

function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (!AppError.is(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}
