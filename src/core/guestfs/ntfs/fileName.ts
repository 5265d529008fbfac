import type { BinaryReader } from '../../../base/binaryReader.ts';
import { decodeName } from '../names.ts';

/** A name as an attribute of a record or an entry of an index holds it. */
export interface FileName {
  readonly bytes: Uint8Array;
  /** As it is stored, in UTF-16. */
  readonly stored: Uint8Array;
  /** A short name that exists beside a long one. */
  readonly isShortOnly: boolean;
  readonly isDirectory: boolean;
  readonly isReparsePoint: boolean;
}

const flag = { reparsePoint: 0x400, directory: 0x1000_0000 } as const;
const shortNamespace = 2;

/** @throws CORRUPT_DATA */
export function parseFileName(reader: BinaryReader, offset: number): FileName {
  const flags = reader.u32le('flags', offset + 56);
  const nameBytes = reader.u8('name length', offset + 64, { min: 1 }) * 2;
  const stored = reader.bytes('name', offset + 66, nameBytes);
  return {
    bytes: utf16ToBytes(stored),
    stored,
    isShortOnly: reader.u8('namespace', offset + 65) === shortNamespace,
    isDirectory: (flags & flag.directory) !== 0,
    isReparsePoint: (flags & flag.reparsePoint) !== 0,
  };
}

export function decodeUtf16(bytes: Uint8Array): string {
  return decodeName(utf16ToBytes(bytes));
}

/**
 * Text as UTF-8. Halves of surrogate pairs, which Windows allows in names, keep their bytes, so that different names
 * stay different.
 */
function utf16ToBytes(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf16le');
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    Array.from(text, character => {
      const code = character.codePointAt(0) ?? 0;
      if (code < 0xd800 || code > 0xdfff) return Buffer.from(character, 'utf8');
      return Uint8Array.of(0xe0 | (code >>> 12), 0x80 | ((code >>> 6) & 0x3f), 0x80 | (code & 0x3f));
    }),
  );
}
