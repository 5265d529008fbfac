import { AppError } from '../../../base/errors.ts';

/**
 * JSON exactly as Go's `encoding/json` writes it, because other clients compare what they would write with what is
 * stored: `<`, `>`, `&` and the two line separators are escaped, and of the control characters only \n, \r and \t
 * have short forms. Members appear in the order in which they were set; undefined ones are left out.
 */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/\\u[dD][89a-fA-F]..|\\.|[<>&\u2028\u2029]/g, token => {
    if (token.startsWith('\\u')) return token.length > 2 ? '\\ufffd' : token;
    if (token === '\\b') return '\\u0008';
    if (token === '\\f') return '\\u000c';
    return token.startsWith('\\') ? token : unicodeEscape(token);
  });
}

/** Go's `strconv.Quote` without the outer quotes: how names of files are kept free of control characters. */
export function goQuote(text: string): string {
  let quoted = '';
  for (const character of text) quoted += quotedCharacter(character);
  return quoted;
}

/**
 * Undoes `goQuote`. Bytes that are not UTF-8 become U+FFFD.
 * @returns undefined if `quoted` is not a quoted text
 */
export function goUnquote(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.includes('"') || quoted.includes('\n') ? undefined : quoted;
  const parts: Buffer[] = [];
  let endsAt = 0;
  for (const match of quoted.matchAll(unquotePattern)) {
    if (match.index !== endsAt) return undefined;
    endsAt += match[0].length;
    const part = unquotedPart(match[0]);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return endsAt === quoted.length ? Buffer.concat(parts).toString('utf8') : undefined;
}

/** A moment as Go writes it: RFC 3339 in UTC, without zeros at the end of the fraction. */
export function goTime(moment: Date): string {
  return moment.toISOString().replace(/\.?0+Z$/, 'Z');
}

/**
 * The same time as Go would write it: a fraction has no zeros at its end.
 * @throws AppError INVALID_INPUT if `text` is not a time in RFC 3339 with up to nine digits of the second
 */
export function goTimeText(text: string, what: string): string {
  const wellFormed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (!wellFormed) throw new AppError('INVALID_INPUT', `${what}: “${text}” is not a time in RFC 3339`);
  return text.replace(/(\.\d*?)0+(?=[Z+-])/, '$1').replace(/\.(?=[Z+-])/, '');
}

const unquotePattern =
  /\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[0-7]{3}|\\[abfnrtv\\"]|[^\\"\n]+/g;

const shortEscapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

const shortEscaped = Object.fromEntries(
  Object.entries(shortEscapes).map(([plain, escape]) => [escape, plain]),
);

function quotedCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  // What Go counts as printable: letters, marks, numbers, punctuation, symbols, and of the spaces only this one.
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) return character;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? unicodeEscape(character) : `\\U${hex(code, 8)}`;
}

function unquotedPart(part: string): Buffer | undefined {
  if (!part.startsWith('\\')) return Buffer.from(part);
  const short = shortEscaped[part];
  if (short !== undefined) return Buffer.from(short);
  if (part[1] === 'x') return byteOf(Number.parseInt(part.slice(2), 16));
  if (part[1] !== 'u' && part[1] !== 'U') return byteOf(Number.parseInt(part.slice(1), 8));
  const code = Number.parseInt(part.slice(2), 16);
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)
    ? undefined
    : Buffer.from(String.fromCodePoint(code));
}

function byteOf(value: number): Buffer | undefined {
  return value > 255 ? undefined : Buffer.of(value);
}

function unicodeEscape(character: string): string {
  return `\\u${hex(character.charCodeAt(0), 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
