import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeName, decodePath, encodeName } from '../../../../src/core/guestfs/names.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

test.each([
  ['plain', 'plain'],
  ['Gr\xc3\xbc\xc3\x9fe \xf0\x9f\x98\x80', 'Grüße 😀'],
  ['e\xcc\x81', 'e\u0301'],
  ['\xef\xbb\xbfbom', '\ufeffbom'],
  ['bad-\xff\xfe', 'bad-\\xff\\xfe'],
  ['cut-\xe6\x97', 'cut-\\xe6\\x97'],
  ['\xc0\xaf', '\\xc0\\xaf'],
  ['\xed\xa0\x80', '\\xed\\xa0\\x80'],
  ['\xe4\xc3\xa4', '\\xe4ä'],
  ['back\\slash', 'back\\slash'],
  ['like\\x41', 'like\\x5cx41'],
  ['\\\xff', '\\\\xff'],
  ['a/b\0c', 'a\\x2fb\\x00c'],
])('%j is %s', (raw, text) => {
  expect(decodeName(bytes(raw))).toBe(text);
  expect(Buffer.from(encodeName(text)).equals(bytes(raw))).toBe(true);
});

test('a link keeps its slashes', () => {
  expect(decodePath(bytes('../a/b\xff\0'))).toBe('../a/b\\xff\\x00');
});

test('any bytes survive, and different names stay different', () => {
  const name = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('\\', 'x', '4', 'f', '\xff', '\xc3', '\xa4', '/') }).map(bytes),
  );
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(Buffer.compare(encodeName(decodeName(one)), one)).toBe(0);
      if (Buffer.compare(one, other) !== 0) expect(decodeName(one)).not.toBe(decodeName(other));
    }),
    { numRuns: 3000 },
  );
});
