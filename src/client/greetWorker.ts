import type { MessageConnection } from 'vscode-jsonrpc';

import { AppError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { challenge, prove, type ProveResult } from '../protocol/handshake.ts';
import { handshakeProof, isRightProof, nonceBytes, toBase64 } from '../protocol/handshakeProof.ts';
import { protocolVersion } from '../protocol/version.ts';
import { sendRequest } from './sendRequest.ts';

export interface Greeting {
  readonly secret: Uint8Array<ArrayBuffer>;
  /** Version of the client's product: an older worker gives way to it. */
  readonly productVersion: string;
  readonly random: Random;
}

/**
 * The client's half of the handshake. Nothing but a nonce is said before the other side has proven that it knows the
 * secret.
 * @throws AUTHENTICATION if one side does not believe the other; UNSUPPORTED_FORMAT if this client is too old;
 *   CONFLICT, retryable, while an older worker of another protocol has jobs to finish
 */
export async function greetWorker(
  connection: MessageConnection,
  { secret, productVersion, random }: Greeting,
  signal: AbortSignal,
): Promise<ProveResult> {
  const clientNonce = toBase64(random.bytes(nonceBytes));
  const answer = await sendRequest(
    connection,
    challenge,
    { protocolVersion, productVersion, clientNonce },
    signal,
  );
  const nonces = { clientNonce, workerNonce: answer.workerNonce };
  if (!(await isRightProof(secret, 'worker', nonces, answer.proof))) {
    throw new AppError(
      'AUTHENTICATION',
      'what answers in the place of the background worker is something else',
      {
        object: 'background worker',
        remedy: 'Find out which program listens there; nothing was sent to it',
      },
    );
  }
  return await sendRequest(
    connection,
    prove,
    { proof: await handshakeProof(secret, 'client', nonces) },
    signal,
  );
}
