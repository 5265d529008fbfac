/** Whose knowledge of the secret is proven; the two answers to one pair of nonces differ. */
export type ProofRole = 'client' | 'worker';

export interface Nonces {
  /** Base64, as they were sent. */
  readonly clientNonce: string;
  readonly workerNonce: string;
}

export const nonceBytes = 32;

/**
 * HMAC-SHA-256, keyed with the shared secret, over `quiesce handshake`, the role, the client's and the worker's nonce,
 * joined by line feeds. Base64.
 */
export async function handshakeProof(
  secret: Uint8Array<ArrayBuffer>,
  role: ProofRole,
  nonces: Nonces,
): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', await keyOf(secret, 'sign'), provenText(role, nonces));
  return toBase64(new Uint8Array(signature));
}

/** Compares in constant time; a proof that is no base64 is wrong, not an error. */
export async function isRightProof(
  secret: Uint8Array<ArrayBuffer>,
  role: ProofRole,
  nonces: Nonces,
  proof: string,
): Promise<boolean> {
  let signature: Uint8Array<ArrayBuffer>;
  try {
    signature = Uint8Array.from(atob(proof), letter => letter.charCodeAt(0));
  } catch {
    return false;
  }
  return await crypto.subtle.verify(
    'HMAC',
    await keyOf(secret, 'verify'),
    signature,
    provenText(role, nonces),
  );
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

async function keyOf(secret: Uint8Array<ArrayBuffer>, usage: 'sign' | 'verify'): Promise<CryptoKey> {
  return await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, [usage]);
}

function provenText(role: ProofRole, { clientNonce, workerNonce }: Nonces): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(['quiesce handshake', role, clientNonce, workerNonce].join('\n'));
}
