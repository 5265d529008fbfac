import type { Secret } from '../../../base/secret.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import type { LuksHeader } from './luksHeader.ts';
import { openKeyslot, type Argon2 } from './openKeyslot.ts';

/**
 * What opens encrypted volumes: passphrases that were given, and the keys they have opened, in memory alone. A key opens the
 * volume in every restore point, so that nobody derives it twice.
 */
export class VolumeKeys {
  readonly #argon2: Argon2;
  readonly #passphrases: Secret[] = [];
  /** By what the header knows the key by. */
  readonly #keys = new Map<string, Uint8Array>();
  /** Passphrases by the keyslots that none of them opens. */
  readonly #inVain = new Map<string, Set<string>>();

  readonly #opened = new Set<string>();

  constructor(argon2: Argon2) {
    this.#argon2 = argon2;
  }

  /** Tried on every volume from now on. */
  add(passphrase: Secret): void {
    const isKnown = this.#passphrases.some(known => known.reveal() === passphrase.reveal());
    if (!isKnown) this.#passphrases.push(passphrase);
  }

  /** Whether it has opened a volume. */
  hasOpened(passphrase: Secret): boolean {
    return this.#opened.has(passphrase.reveal());
  }

  /** Takes it back; what it has opened stays open. */
  remove(passphrase: Secret): void {
    const position = this.#passphrases.findIndex(known => known.reveal() === passphrase.reveal());
    if (position >= 0) this.#passphrases.splice(position, 1);
  }

  /**
   * The key of a volume; `isTried` tells whether there were passphrases, none of which opens it.
   * @throws UNSUPPORTED_FORMAT, CORRUPT_DATA, CANCELLED
   */
  async find(
    volume: BlockSource,
    header: LuksHeader,
    signal: AbortSignal,
  ): Promise<{ readonly key: Uint8Array | undefined; readonly isTried: boolean }> {
    const identity = identityOf(header);
    const inVain = this.#triedInVain(header);
    let key = this.#keys.get(identity);
    for (const passphrase of this.#passphrases) {
      if (key !== undefined || inVain.has(passphrase.reveal())) continue;
      key = await openKeyslot(volume, header, passphrase, this.#argon2, signal);
      if (key === undefined) inVain.add(passphrase.reveal());
      else this.#opened.add(passphrase.reveal());
    }
    if (key !== undefined) this.#keys.set(identity, key);
    return { key, isTried: this.#passphrases.length > 0 };
  }

  /** What opens none of just these keyslots. */
  #triedInVain(header: LuksHeader): Set<string> {
    const salts = header.keyslots.map(({ derivation }) => hex(derivation.salt));
    const keyslots = [identityOf(header), ...salts].join(' ');
    const known = this.#inVain.get(keyslots) ?? new Set<string>();
    this.#inVain.set(keyslots, known);
    return known;
  }
}

/** Equal for volumes with one key only. */
export function identityOf({ uuid, digest }: LuksHeader): string {
  return `luks ${uuid} ${hex(digest.derivation.salt)} ${hex(digest.digest)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
