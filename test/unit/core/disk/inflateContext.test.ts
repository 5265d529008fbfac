import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { KiB } from '../../../../src/base/units.ts';
import { inflateContext } from '../../../../src/core/disk/vmdk/inflateContext.ts';
import { pattern } from '../../../support/pattern.ts';

const plain = pattern(64 * KiB);
const room = () => new Uint8Array(plain.byteLength + 1);

function deflated(level: number): Uint8Array {
  return deflateSync(plain, { level });
}

test('one piece after the other is inflated, whatever came between', () => {
  const context = inflateContext();
  const wrong = deflated(6).fill(0xff, 100, 200);
  for (const level of [1, 9, 0]) {
    const output = room();
    expect(context.inflate(deflated(level), output)).toBe(plain.byteLength);
    expect(Buffer.compare(output.subarray(0, plain.byteLength), plain)).toBe(0);
    expect(() => context.inflate(wrong, room())).toThrow();
  }
  expect(context.inflate(deflateSync(new Uint8Array(0)), room())).toBe(0);
});

test.each([
  ['without its checksum', (bytes: Uint8Array) => bytes.subarray(0, -4)],
  ['with another checksum', (bytes: Uint8Array) => bytes.fill(0, -4)],
  ['cut in half', (bytes: Uint8Array) => bytes.subarray(0, bytes.byteLength / 2)],
  ['of nothing', () => new Uint8Array(0)],
])('a stream %s is none', (_, damaged) => {
  expect(() => inflateContext().inflate(damaged(deflated(6)), room())).toThrow();
});

test('what is longer than its room is refused', () => {
  expect(() => inflateContext().inflate(deflated(6), new Uint8Array(plain.byteLength - 1))).toThrow();
  // Just as long as the room: nobody can tell that it ends there before that is known of the runtime's own function.
  expect(inflateContext().inflate(deflated(6), new Uint8Array(plain.byteLength))).toBe(plain.byteLength);
});
