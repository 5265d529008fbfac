import { heldPassword, type CredentialSource } from '../base/credentialSource.ts';
import { Secret } from '../base/secret.ts';

/** Whose password: an account in the guest of one VM. */
export interface GuestAccountRef {
  readonly vcenterId: string;
  readonly vm: string;
  readonly user: string;
}

/** The passwords of guests' accounts that clients have given. They are in this process's memory alone. */
export class GuestPasswords {
  readonly #secrets = new Map<string, Secret>();

  keep(account: GuestAccountRef, password: string): void {
    this.#secrets.set(keyOf(account), new Secret(password));
  }

  forget(account: GuestAccountRef): void {
    this.#secrets.delete(keyOf(account));
  }

  /** Undefined if nobody has given it. */
  sourceOf(account: GuestAccountRef): CredentialSource | undefined {
    const secret = this.#secrets.get(keyOf(account));
    return secret === undefined ? undefined : heldPassword(secret);
  }
}

function keyOf({ vcenterId, vm, user }: GuestAccountRef): string {
  return JSON.stringify([vcenterId, vm, user]);
}
