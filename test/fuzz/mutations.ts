import fc from 'fast-check';

/**
 * A change to some bytes: single ones, fields of extreme values, zeroed or copied ranges, a shorter end. Most changes
 * fall into the first `hotBytes` bytes, where the structures are.
 */
export function mutations(hotBytes: number): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const place = fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: hotBytes - 1 }) },
    { weight: 1, arbitrary: fc.nat() },
  );
  const one = fc.oneof(
    fc.record({ kind: fc.constant('byte' as const), at: place, value: fc.nat({ max: 255 }) }),
    fc.record({
      kind: fc.constant('field' as const),
      at: place,
      value: fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff, 0x1_0000),
    }),
    fc.record({ kind: fc.constant('zero' as const), at: place, length: fc.nat({ max: 5000 }) }),
    fc.record({ kind: fc.constant('copy' as const), at: place, from: place, length: fc.nat({ max: 5000 }) }),
  );
  const cut = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 8 });
  return fc.tuple(fc.array(one, { minLength: 1, maxLength: 6 }), cut).map(([changes, keep]) => original => {
    const bytes = new Uint8Array(original);
    for (const change of changes) {
      const at = change.at % bytes.byteLength;
      if (change.kind === 'byte') bytes[at] = change.value;
      else if (change.kind === 'zero') bytes.fill(0, at, at + change.length);
      else if (change.kind === 'copy') {
        const from = change.from % bytes.byteLength;
        bytes.set(original.subarray(from, Math.min(from + change.length, from + bytes.byteLength - at)), at);
      } else if (at + 4 <= bytes.byteLength) {
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(at - (at % 4), change.value, true);
      }
    }
    return keep === null ? bytes : bytes.subarray(0, Math.floor(keep * bytes.byteLength));
  });
}
