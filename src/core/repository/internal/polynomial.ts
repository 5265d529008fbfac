import type { Random } from '../../../base/random.ts';
import { toHex } from '../../../base/random.ts';

/** Polynomials over GF(2) as integers: bit n is the coefficient of xⁿ. */
type Polynomial = bigint;

/** Degree of the chunker polynomial; a prime, which `isIrreducible` relies on. */
const degree = 53n;

/**
 * A random irreducible polynomial of degree 53 in hexadecimal. This product cuts disks at fixed offsets and needs
 * none, but the format demands one: without it other clients cannot back up into the repository.
 * @see M. O. Rabin, "Fingerprinting by random polynomials", 1981
 */
export function randomChunkerPolynomial(random: Random): string {
  for (;;) {
    // A constant term of 0 would make x a divisor.
    const low = BigInt(`0x${toHex(random.bytes(7))}`) & ((1n << degree) - 1n);
    const candidate = low | (1n << degree) | 1n;
    if (isIrreducible(candidate)) return candidate.toString(16);
  }
}

/**
 * Rabin's test for a polynomial whose degree n is prime: it divides x^(2ⁿ) − x, and has no divisor of degree 1, the
 * only other degree that divides n.
 */
export function isIrreducible(polynomial: Polynomial): boolean {
  const x = 2n;
  const n = degreeOf(polynomial);
  let power = x;
  for (let round = 0; round < n; round += 1) power = multiply(power, power, polynomial);
  const square = multiply(x, x, polynomial);
  return power === remainder(x, polynomial) && greatestDivisor(polynomial, square ^ x) === 1n;
}

function degreeOf(polynomial: Polynomial): number {
  return polynomial.toString(2).length - 1;
}

function remainder(dividend: Polynomial, divisor: Polynomial): Polynomial {
  const divisorDegree = degreeOf(divisor);
  let rest = dividend;
  while (rest !== 0n && degreeOf(rest) >= divisorDegree)
    rest ^= divisor << BigInt(degreeOf(rest) - divisorDegree);
  return rest;
}

function multiply(a: Polynomial, b: Polynomial, modulus: Polynomial): Polynomial {
  let product = 0n;
  let shifted = a;
  for (let bits = b; bits !== 0n; bits >>= 1n) {
    if ((bits & 1n) === 1n) product ^= shifted;
    shifted = remainder(shifted << 1n, modulus);
  }
  return remainder(product, modulus);
}

function greatestDivisor(a: Polynomial, b: Polynomial): Polynomial {
  return b === 0n ? a : greatestDivisor(b, remainder(a, b));
}
