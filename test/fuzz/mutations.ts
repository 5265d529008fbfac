import fc from 'fast-check';

/** A change to some bytes, which can be taken back. */
export interface Mutation {
  /** Changes the bytes in place. What is left of them may be less; `undo` makes them what they were. */
  apply(bytes: Uint8Array): { readonly mutated: Uint8Array; readonly undo: () => void };
}

const sectorBytes = 512;

/**
 * Changes to some bytes: single ones, fields of extreme values, zeroed or copied ranges, a shorter end. Most changes
 * fall into the first `hotBytes` bytes, where the structures are.
 */
export function mutations(hotBytes: number): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const place = fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: hotBytes - 1 }) },
    { weight: 1, arbitrary: fc.nat() },
  );
  return mutationsAt(place).map(mutation => original => mutation.apply(new Uint8Array(original)).mutated);
}

/** The same in place, where there is anything but zeros; in a sector or two beyond now and then. */
export function mutationsOf(image: Uint8Array): fc.Arbitrary<Mutation> {
  const used: number[] = [];
  const zeros = Buffer.alloc(sectorBytes);
  for (let at = 0; at + sectorBytes <= image.byteLength; at += sectorBytes) {
    if (!zeros.equals(image.subarray(at, at + sectorBytes))) used.push(at);
  }
  const within = fc.nat({ max: 2 * sectorBytes });
  return mutationsAt(fc.tuple(fc.constantFrom(...used), within).map(([sector, offset]) => sector + offset));
}

function mutationsAt(place: fc.Arbitrary<number>): fc.Arbitrary<Mutation> {
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
  return fc.tuple(fc.array(one, { minLength: 1, maxLength: 6 }), cut).map(([changes, keep]) => ({
    apply: bytes => {
      const replaced: { readonly at: number; readonly before: Uint8Array }[] = [];
      const put = (at: number, after: Uint8Array) => {
        const fitting = after.subarray(0, bytes.byteLength - at);
        replaced.push({ at, before: bytes.slice(at, at + fitting.byteLength) });
        bytes.set(fitting, at);
      };
      for (const change of changes) {
        const at = change.at % bytes.byteLength;
        if (change.kind === 'byte') put(at, Uint8Array.of(change.value));
        else if (change.kind === 'zero') put(at, new Uint8Array(change.length));
        else if (change.kind === 'copy') {
          const from = change.from % bytes.byteLength;
          put(at, bytes.slice(from, from + change.length));
        } else {
          const field = new Uint8Array(4);
          new DataView(field.buffer).setUint32(0, change.value, true);
          put(at - (at % 4), field);
        }
      }
      return {
        mutated: keep === null ? bytes : bytes.subarray(0, Math.floor(keep * bytes.byteLength)),
        undo: () => {
          for (const { at, before } of replaced.toReversed()) bytes.set(before, at);
        },
      };
    },
  }));
}
