import { request } from './message.ts';

export interface ChallengeParams {
  readonly protocolVersion: number;
  /** Of the client's product, for instance `0.1.0`. */
  readonly productVersion: string;
  /** 32 fresh random bytes, base64. */
  readonly clientNonce: string;
}

export interface ChallengeResult {
  readonly protocolVersion: number;
  readonly productVersion: string;
  /** 32 fresh random bytes, base64. */
  readonly workerNonce: string;
  /** The worker's answer to the client's nonce, `handshakeProof('worker', …)`. */
  readonly proof: string;
}

export interface ProveParams {
  /** The client's answer to the worker's nonce, `handshakeProof('client', …)`. */
  readonly proof: string;
}

/**
 * `welcome`: every other request is answered from now on. `leaving`: the worker is the older one and has nothing to do;
 * it no longer takes connections and ends, the client starts its own.
 */
export interface ProveResult {
  readonly outcome: 'welcome' | 'leaving';
  readonly worker: WorkerDto;
}

export interface WorkerDto {
  readonly productVersion: string;
  readonly processId: number;
  readonly startedAt: string;
  /** It is older than the client and has jobs to finish; a newer one takes its place once it is idle. */
  readonly isOutdated: boolean;
}

/**
 * First word of a client. The client checks the worker's proof before it says anything else: a process that took the
 * worker's place learns nothing.
 */
export const challenge = request<ChallengeParams, ChallengeResult>('handshake/challenge');

/**
 * Second word. Fails with AUTHENTICATION for a wrong proof, with UNSUPPORTED_FORMAT for a client whose protocol is
 * older, and with CONFLICT (retryable) for a newer one while jobs run; the connection ends then.
 */
export const prove = request<ProveParams, ProveResult>('handshake/prove');
