import { AppError } from '../../base/errors.ts';

/**
 * The text of a name that is bytes on the disk. Valid UTF-8 stays what it is; every byte that is not, and every byte no
 * name may hold (`/` and NUL), becomes `\xHH`. A backslash that would be taken for such an escape becomes `\x5c`: so
 * different names stay different, and `encodeName` gives back the bytes.
 */
export function decodeName(name: Uint8Array): string {
  return decodeBytes(name).replace(/[/\0]/g, escapeCharacter);
}

/** Like `decodeName`, for text in which `/` means what it says: the target of a link. */
export function decodePath(path: Uint8Array): string {
  return decodeBytes(path).replaceAll('\0', escapeCharacter);
}

/** The bytes of a name given as text, as `decodeName` made it or as a person typed it. */
export function encodeName(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const { index } of text.matchAll(escapePattern)) {
    parts.push(Buffer.from(text.slice(start, index), 'utf8'));
    start = index + escapeLength;
    parts.push(Uint8Array.of(parseInt(text.slice(index + 2, start), 16)));
  }
  parts.push(Buffer.from(text.slice(start), 'utf8'));
  return Buffer.concat(parts);
}

/**
 * The names of a path, from the top on.
 * @throws INVALID_INPUT for `..`
 */
export function namesOfPath(path: string): string[] {
  const names = path.split('/').filter(name => name !== '' && name !== '.');
  if (names.includes('..')) throw new AppError('INVALID_INPUT', `${path} leads upwards`, { object: path });
  return names;
}

const escapePattern = /\\x[0-9a-f]{2}/g;
const escapeLength = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeBytes(bytes: Uint8Array): string {
  const decode = (part: Uint8Array) =>
    utf8.decode(part).replace(escapePattern, match => `\\x5c${match.slice(1)}`);
  try {
    return decode(bytes);
  } catch {
    return decodeAround(bytes, decode);
  }
}

/** For the few names that are not UTF-8: escapes the bytes that belong to no character. */
function decodeAround(bytes: Uint8Array, decode: (part: Uint8Array) => string): string {
  let text = '';
  let validStart = 0;
  for (let at = 0; at < bytes.byteLength;) {
    const lengthBytes = characterLength(bytes, at);
    if (lengthBytes > 0) {
      at += lengthBytes;
      continue;
    }
    text += decode(bytes.subarray(validStart, at)) + escapeByte(bytes[at] ?? 0);
    at += 1;
    validStart = at;
  }
  return text + decode(bytes.subarray(validStart));
}

/** Bytes of the valid UTF-8 character at `at`, or 0. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const lengthBytes =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (lengthBytes < 2) return lengthBytes;
  try {
    utf8.decode(bytes.subarray(at, at + lengthBytes));
    return at + lengthBytes <= bytes.byteLength ? lengthBytes : 0;
  } catch {
    return 0;
  }
}

function escapeCharacter(character: string): string {
  return escapeByte(character.charCodeAt(0));
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
