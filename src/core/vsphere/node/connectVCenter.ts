import { VimSession, type Credentials, type SessionDeps } from '../session.ts';
import { RestSession } from './restSession.ts';
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
  /** For programs that log in themselves. */
  readonly account: Credentials;
  /** What is told over REST alone, such as tags; undefined for a server that has none of it, as an ESXi host. */
  readonly rest: RestSession | undefined;
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
    const { host, identity } = client;
    const rest =
      session.about.apiType === 'VirtualCenter'
        ? new RestSession({ name, host, identity }, { user, source }, deps.logger)
        : undefined;
    return {
      session,
      endpoint: client,
      account: { user, source },
      rest,
      [Symbol.asyncDispose]: async () => {
        await rest?.[Symbol.asyncDispose]();
        await session[Symbol.asyncDispose]();
        client.close();
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}
