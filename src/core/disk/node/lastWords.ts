import type { Readable } from 'node:stream';
import type { Secret } from '../../../base/secret.ts';
import { KiB } from '../../../base/units.ts';

const keptCharacters = 4 * KiB;
const toldCharacters = 300;

/** The end of what a program says, however much that is. */
export class LastWords {
  readonly #secret: Secret;
  #tail = '';

  constructor(stream: Readable | null, secret: Secret) {
    this.#secret = secret;
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const all = this.#tail + text;
      // A line that is cut off could hold half a password.
      const cut = all.length <= keptCharacters ? 0 : all.indexOf('\n', all.length - keptCharacters);
      this.#tail = cut === -1 ? '' : all.slice(cut);
    });
  }

  /** The last line that tells of an error, else the last line; the password is not in it. */
  last(): string {
    const lines = this.#tail
      .replaceAll(this.#secret.reveal(), String(this.#secret))
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '');
    const told = lines.findLast(line => /error|fail|cannot|refused|denied/i.test(line)) ?? lines.at(-1) ?? '';
    return told.slice(0, toldCharacters);
  }
}
