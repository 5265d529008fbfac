import type { Secret } from '../../base/secret.ts';

/** Whose password is wanted. */
export type CredentialRequest =
  | { readonly kind: 'vcenter'; readonly name: string; readonly user: string }
  | { readonly kind: 'repository'; readonly name: string };

/**
 * Where passwords come from: a file, a command, the environment, the editor's secret storage. Asked each time one is
 * needed; nothing keeps them longer than the use.
 */
export interface CredentialSource {
  /** @throws AUTHENTICATION naming the place that was looked at, if there is none */
  password(request: CredentialRequest, signal: AbortSignal): Promise<Secret>;
}
