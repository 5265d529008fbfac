import { VimSession, type Credentials, type SessionDeps } from '../session.ts';
import { type TransferEndpoint, VimClient } from './vimClient.ts';

/** A server as a person has configured it. */
export interface VCenterAddress extends Credentials {
  /** As the user calls it, for messages. */
  readonly name: string;
  /** `https://host[:port]`. */
  readonly url: string;
  /** SHA-256 of the certificate it must present. */
  readonly fingerprint: string;
}

/** A logged-in session with the connections under it; disposing logs out and closes them. */
export interface VCenterConnection extends AsyncDisposable {
  readonly session: VimSession;
  readonly endpoint: TransferEndpoint;
}

/** @throws what `VimClient.connect` and `VimSession.open` throw; nothing stays open then */
export async function connectVCenter(
  { name, url, fingerprint, user, source }: VCenterAddress,
  deps: SessionDeps,
  signal: AbortSignal,
): Promise<VCenterConnection> {
  const client = await VimClient.connect(url, { fingerprint }, signal);
  try {
    const session = await VimSession.open(client, name, { user, source }, deps, signal);
    return {
      session,
      endpoint: client,
      [Symbol.asyncDispose]: async () => {
        await session[Symbol.asyncDispose]();
        client.close();
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}
