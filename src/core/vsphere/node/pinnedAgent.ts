import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { AppError } from '../../../base/errors.ts';
import { unreachable } from './connectionErrors.ts';

/**
 * How the server must prove itself: by the SHA-256 (95 characters) or SHA-1 (59 characters) fingerprint of its own
 * certificate, `AA:BB:…`; or, without one, by a certificate that the machine's authorities vouch for.
 */
export interface TlsIdentity {
  readonly fingerprint: string | undefined;
}

/**
 * An agent whose sockets reach HTTP only after the server's certificate was checked: not a byte of a request, and so
 * no password, goes to another server. A wrong certificate is an UNTRUSTED_SERVER error.
 */
export class PinnedAgent extends https.Agent {
  readonly #fingerprint: string | undefined;

  constructor({ fingerprint }: TlsIdentity, maxSockets: number) {
    // A resumed session would not show its certificate again.
    super({ keepAlive: true, maxSockets, maxCachedSessions: 0 });
    this.#fingerprint = fingerprint === undefined ? undefined : normalizedFingerprint(fingerprint);
  }

  override createConnection(
    options: https.AgentOptions & tls.ConnectionOptions,
    callback: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null {
    const pin = this.#fingerprint;
    const socket = tls.connect({ ...options, ...(pin === undefined ? {} : { rejectUnauthorized: false }) });
    const refuse = (error: Error) => {
      socket.destroy();
      callback(error, socket);
    };
    socket.once('error', refuse);
    socket.once('secureConnect', () => {
      socket.removeListener('error', refuse);
      const mismatch = pin === undefined ? undefined : compare(pin, socket, String(options.host));
      if (mismatch === undefined) callback(null, socket);
      else refuse(mismatch);
    });
    return null;
  }
}

/** The SHA-256 fingerprint a server presents, for a person to compare at first contact. Sends no request. */
export async function readServerFingerprint(url: string, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return await new Promise<string>((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: port === '' ? 443 : Number(port),
      rejectUnauthorized: false,
      ...(/[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {}),
    });
    const abort = () => socket.destroy(new DOMException('aborted', 'AbortError'));
    socket.once('secureConnect', () => {
      resolve(shownBy(socket).sha256 ?? '');
      socket.destroy();
    });
    socket.once('error', error => reject(unreachable(host, error)));
    socket.once('close', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

/** How a server that proves itself is called by programs which know one kind of fingerprint alone. */
export interface CertificateFingerprints {
  readonly sha1: string;
  readonly sha256: string;
}

/**
 * The fingerprints of the certificate that a server presents now, which is the one expected. Sends no request.
 * @param host  `host[:port]`
 * @throws UNTRUSTED_SERVER; UNREACHABLE
 */
export async function readFingerprints(
  host: string,
  { fingerprint }: TlsIdentity,
  signal: AbortSignal,
): Promise<CertificateFingerprints> {
  const agent = new PinnedAgent({ fingerprint }, 1);
  const { hostname, port } = new URL(`https://${host}`);
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  return await new Promise((resolve, reject) => {
    const options = {
      host: name,
      port: port === '' ? 443 : Number(port),
      ...(/[a-z]/i.test(name) && !name.includes(':') ? { servername: name } : {}),
      signal,
    };
    agent.createConnection(options, (error, socket) => {
      if (error !== null) {
        reject(unreachable(host, error));
        return;
      }
      const { sha1, sha256 } = socket instanceof tls.TLSSocket ? shownBy(socket) : {};
      socket.destroy();
      if (sha1 === undefined || sha256 === undefined)
        reject(new AppError('INTERNAL', `${host} has shown no certificate`, { object: host }));
      else resolve({ sha1, sha256 });
    });
  });
}

function compare(pin: string, socket: tls.TLSSocket, host: string): AppError | undefined {
  const { sha1, sha256 } = shownBy(socket);
  const presented = pin.length === sha256Length ? sha256 : sha1;
  if (presented === pin) return undefined;
  return new AppError(
    'UNTRUSTED_SERVER',
    `${host} presented the certificate ${presented ?? 'none'}, expected ${pin}`,
    {
      object: host,
      remedy:
        'Compare the fingerprint with the one shown on the server and, if it was replaced on purpose, accept it anew',
    },
  );
}

/** Of a connection that is open. Not by `getPeerX509Certificate`, which answers just once for each connection (Node 20 to 24). */
function shownBy(socket: tls.TLSSocket): Partial<CertificateFingerprints> {
  // The types promise what is missing where the server has none.
  const certificate: Partial<tls.PeerCertificate> = socket.getPeerCertificate();
  const { fingerprint: sha1, fingerprint256: sha256 } = certificate;
  return { ...(sha1 !== undefined && { sha1 }), ...(sha256 !== undefined && { sha256 }) };
}

const sha256Length = 95;
const sha1Length = 59;

function normalizedFingerprint(fingerprint: string): string {
  const hex = fingerprint.replace(/[^0-9a-f]/gi, '').toUpperCase();
  const normalized = hex.match(/../g)?.join(':') ?? '';
  if (normalized.length !== sha256Length && normalized.length !== sha1Length) {
    throw new AppError('INVALID_INPUT', `"${fingerprint}" is no SHA-256 fingerprint`, {
      remedy: 'Give 32 bytes in hexadecimal, for instance AB:CD:…',
    });
  }
  return normalized;
}
