/** Randomness as a dependency; tests inject a seeded one. */
export interface Random {
  /** `length` fresh bytes; the array is the caller's. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** Cryptographically strong. */
export const systemRandom: Random = {
  bytes: length => {
    const target = new Uint8Array(length);
    // getRandomValues refuses more than 65,536 bytes in one call.
    for (let start = 0; start < length; start += 65_536)
      crypto.getRandomValues(target.subarray(start, start + 65_536));
    return target;
  },
};

/** A version 4 UUID in lower case, from the given randomness. */
export function randomUuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
