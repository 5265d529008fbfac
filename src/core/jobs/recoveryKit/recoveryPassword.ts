import type { Random } from '../../../base/random.ts';
import { Secret } from '../../../base/secret.ts';

/** Without 0 and O, 1 and I: it is typed from paper. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const groups = 8;
const groupLetters = 5;

/** Forty letters in groups of five: 200 random bits, which nobody guesses. */
export function generateRecoveryPassword(random: Random): Secret {
  const letters = [...random.bytes(groups * groupLetters)].map(byte => alphabet[byte % alphabet.length]);
  const text = Array.from({ length: groups }, (_, group) =>
    letters.slice(group * groupLetters, (group + 1) * groupLetters).join(''),
  );
  return new Secret(text.join('-'));
}

/** What is on the page, from what somebody has typed: in small letters, with spaces, without hyphens. */
export function recoveryPasswordIn(typed: Secret): Secret {
  const letters = typed.reveal().replaceAll(/[\s-]/g, '').toUpperCase();
  return new Secret((letters.match(new RegExp(`.{1,${groupLetters}}`, 'g')) ?? []).join('-'));
}
