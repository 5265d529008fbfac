/** The few DER encodings a certificate needs (ITU-T X.690). Each function returns tag, length and content. */

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x31, ...parts);
}

/** `[number]`, constructed: an explicit tag around `parts`. */
export function context(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 | number, ...parts);
}

/** `[number]`, primitive: an implicit tag on `content`. */
export function contextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return element(0x80 | number, content);
}

/** A positive integer given as big-endian bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  const sign = ((bytes[0] ?? 0) & 0x80) === 0 ? [] : [0];
  return element(0x02, Uint8Array.from(sign), bytes);
}

export function bitString(bytes: Uint8Array): Uint8Array {
  return element(0x03, Uint8Array.of(0), bytes);
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return element(0x04, bytes);
}

export function boolean(value: boolean): Uint8Array {
  return element(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** Dotted, for instance "2.5.4.3". */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(0x06, Uint8Array.from(bytes));
}

export function utf8String(text: string): Uint8Array {
  return element(0x0c, Buffer.from(text));
}

/** Years 1950 to 2049. */
export function utcTime(time: Date): Uint8Array {
  const digits = time.toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return element(0x17, Buffer.from(`${digits}Z`));
}

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const lengthBytes: number[] = [];
  for (let left = content.length; left > 0; left >>>= 8) lengthBytes.unshift(left & 0xff);
  const length = content.length < 0x80 ? [content.length] : [0x80 | lengthBytes.length, ...lengthBytes];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}
