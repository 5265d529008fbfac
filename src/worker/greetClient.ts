import type { MessageConnection } from 'vscode-jsonrpc';

import { AppError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import {
  challenge,
  type ChallengeParams,
  type ChallengeResult,
  prove,
  type ProveParams,
  type ProveResult,
} from '../protocol/handshake.ts';
import { handshakeProof, isRightProof, nonceBytes, toBase64 } from '../protocol/handshakeProof.ts';
import { failure } from '../protocol/rpc/answerRequests.ts';
import { protocolVersion } from '../protocol/version.ts';

export interface GreetingDeps {
  readonly secret: Uint8Array<ArrayBuffer>;
  readonly productVersion: string;
  readonly random: Random;
  /**
   * Decides about a client that has proven that it knows the secret. Everything it may ask is answered from then on, if
   * it is welcome.
   * @throws what the client is told instead
   */
  readonly admit: (client: ClientVersion) => ProveResult;
}

export interface ClientVersion {
  readonly protocolVersion: number;
  readonly productVersion: string;
}

/**
 * The worker's half of the handshake. A client has one try; whatever else it asks before it has succeeded is refused.
 */
export function greetClient(connection: MessageConnection, deps: GreetingDeps): void {
  const greeting = new Greeting(deps);
  connection.onRequest(challenge, async params => {
    try {
      return await greeting.challenge(params);
    } catch (error) {
      return failure(error);
    }
  });
  connection.onRequest(prove, async params => {
    try {
      return await greeting.prove(params);
    } catch (error) {
      return failure(error);
    }
  });
  connection.onRequest((method: string) =>
    failure(
      greeting.isOver
        ? new AppError('UNSUPPORTED_FORMAT', `the worker knows no request ${method}`, { object: method })
        : refused(`${method} was asked before the handshake`),
    ),
  );
}

class Greeting {
  readonly #deps: GreetingDeps;
  #challenged: { readonly client: ChallengeParams; readonly workerNonce: string } | undefined;
  #triesLeft = 1;
  #isOver = false;

  constructor(deps: GreetingDeps) {
    this.#deps = deps;
  }

  /** The client has succeeded. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async challenge(client: ChallengeParams): Promise<ChallengeResult> {
    if (this.#challenged !== undefined) throw refused('a second challenge on one connection');
    const workerNonce = toBase64(this.#deps.random.bytes(nonceBytes));
    this.#challenged = { client, workerNonce };
    const nonces = { clientNonce: client.clientNonce, workerNonce };
    const proof = await handshakeProof(this.#deps.secret, 'worker', nonces);
    return { protocolVersion, productVersion: this.#deps.productVersion, workerNonce, proof };
  }

  async prove({ proof }: ProveParams): Promise<ProveResult> {
    if (this.#challenged === undefined || this.#triesLeft === 0)
      throw refused('a proof without a challenge of its own');
    this.#triesLeft -= 1;
    const { client, workerNonce } = this.#challenged;
    const nonces = { clientNonce: client.clientNonce, workerNonce };
    if (!(await isRightProof(this.#deps.secret, 'client', nonces, proof))) throw refused('a wrong proof');
    const answer = this.#deps.admit(client);
    this.#isOver = answer.outcome === 'welcome';
    return answer;
  }
}

function refused(what: string): AppError {
  return new AppError('AUTHENTICATION', `the background worker refuses ${what}`, {
    object: 'background worker',
    remedy: 'Connect anew, with the secret from the folder in which the worker is found',
  });
}
