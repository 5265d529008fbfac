import type { Secret } from './secret.ts';

/**
 * Where one password comes from: a file, a command, the environment, the editor's secret storage. It is asked whenever
 * the password is needed, a login after a lost session included, so that a password changed meanwhile is used and
 * nobody keeps an old one.
 */
export interface CredentialSource {
  /** @throws AUTHENTICATION naming the place that was looked at, if there is none; no error holds what was read */
  password(signal: AbortSignal): Promise<Secret>;
}

/** A password that is held in memory because it was given, not stored. */
export function heldPassword(secret: Secret): CredentialSource {
  return { password: async () => await Promise.resolve(secret) };
}
