/** x⁸ + x⁴ + x³ + x² + 1, by which RAID 6 computes everywhere; 2 generates all bytes but zero. */
const polynomial = 0x11d;
const order = 255;

const powers = new Uint8Array(order);
const logarithms = new Uint8Array(order + 1);
for (let exponent = 0, value = 1; exponent < order; exponent += 1) {
  powers[exponent] = value;
  logarithms[value] = exponent;
  value = value & 0x80 ? (value << 1) ^ polynomial : value << 1;
}

/** The field of 256 elements in which bytes are added by XOR. */
export function powerOfTwo(exponent: number): number {
  return powers[exponent % order] ?? 0;
}

/** @param divisor  not zero */
export function quotient(dividend: number, divisor: number): number {
  if (dividend === 0) return 0;
  return powerOfTwo((logarithms[dividend] ?? 0) + order - (logarithms[divisor] ?? 0));
}

/** A factor times each of the 256 bytes. */
export function multiples(factor: number): Uint8Array {
  const table = new Uint8Array(order + 1);
  if (factor === 0) return table;
  for (let byte = 1; byte <= order; byte += 1) {
    table[byte] = powerOfTwo((logarithms[byte] ?? 0) + (logarithms[factor] ?? 0));
  }
  return table;
}
