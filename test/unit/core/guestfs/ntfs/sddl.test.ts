import { describe, expect, test } from 'vitest';

import { sddlOf } from '../../../../../src/core/guestfs/ntfs/sddl.ts';

const everyone = '01 01 000000000001 00000000';
const mediumLabel = '01 01 000000000010 00200000';

/** A descriptor of an owner, Everyone, and one list, whose entries are given as they are stored. */
function descriptor(listOffsetField: 'rights' | 'auditing', entries: readonly string[]): Uint8Array {
  const list = entries.map(entry => entry.replaceAll(' ', '')).join('');
  const sizeBytes = 8 + list.length / 2;
  const size = Buffer.alloc(4);
  size.writeUInt16LE(sizeBytes, 0);
  size.writeUInt16LE(entries.length, 2);
  const isRights = listOffsetField === 'rights';
  return Buffer.from(
    [
      ...['01', '00', isRights ? '0480' : '1080', '14000000', '00000000'],
      ...(isRights ? ['00000000', '20000000'] : ['20000000', '00000000']),
      ...[everyone.replaceAll(' ', ''), '0200', size.toString('hex'), '0000', list],
    ].join(''),
    'hex',
  );
}

describe('a security descriptor', () => {
  test('tells the label of integrity, whose rights have letters of their own', () => {
    const bytes = descriptor('auditing', [`11 00 1400 01000000 ${mediumLabel}`]);
    expect(sddlOf(bytes)).toEqual({ text: 'O:WDS:(ML;;NW;;;ME)', problems: [] });
  });

  test('leaves out entries that hold more than rights and an account, and says so', () => {
    const plain = `00 00 1400 a9001200 ${everyone}`;
    const conditional = `09 00 1800 ff011f00 ${everyone} 61727478`;
    expect(sddlOf(descriptor('rights', [conditional, plain]))).toEqual({
      text: 'O:WDD:(A;;0x1200a9;;;WD)',
      problems: ['an entry of type 9 of the security descriptor is not shown'],
    });
  });

  test('without a list allows everything to everybody', () => {
    const bytes = Uint8Array.from([1, 0, 4, 0x80, ...new Array<number>(16).fill(0)]);
    expect(sddlOf(bytes).text).toBe('D:NO_ACCESS_CONTROL');
  });

  test.each([
    ['too short', Uint8Array.of(1, 0, 4)],
    ['with an owner outside of it', Uint8Array.from([1, 0, 0, 0x80, 0xff, ...new Array<number>(15).fill(0)])],
    ['with more entries than fit', descriptor('rights', []).map((byte, at) => (at === 36 ? 9 : byte))],
    ['with an entry without an end', descriptor('rights', [`00 00 0000 a9001200 ${everyone}`])],
  ])('%s is refused', (_, bytes) => {
    expect(() => sddlOf(bytes)).toThrow(/security descriptor/);
  });
});
