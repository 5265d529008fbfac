import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { keptCertificate } from '../tls/keptCertificate.ts';
import { selfSignedCertificate, type ServerCertificate } from '../tls/selfSigned.ts';
import { HttpError, type RequestHandler } from './httpAnswer.ts';
import { LabServer } from './labServer.ts';

/** A server with the certificate that clients are told of it, which need not be the one it shows. */
export interface KnownServer {
  readonly server: LabServer;
  /** Host and port, as URLs name them. */
  readonly authority: string;
  certificate: ServerCertificate;
}

/** The vCenter, or the host on its own, and the hosts it has: each with a port and a certificate of its own. */
export class LabServers implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly main: KnownServer;
  readonly #hosts = new Map<string, KnownServer>();

  private constructor(main: KnownServer, clock: Clock, logger: Logger) {
    this.main = main;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * @param certificateFile  where the certificate of the main server is kept; a new one without it
   * @throws INVALID_INPUT for anything but a loopback address
   */
  static async listen(
    address: string,
    certificateFile: string | undefined,
    clock: Clock,
    logger: Logger,
  ): Promise<LabServers> {
    const name = 'Quiesce lab';
    const certificate =
      certificateFile === undefined
        ? await selfSignedCertificate(name, clock)
        : await keptCertificate(certificateFile, name, clock);
    return new LabServers(await listening(address, certificate, logger), clock, logger);
  }

  /** @param handlers  by prefix of paths */
  async addHost(host: MoRef, name: string, handlers: ReadonlyMap<string, RequestHandler>): Promise<void> {
    const certificate = await selfSignedCertificate(name, this.#clock);
    const known = await listening('127.0.0.1:0', certificate, this.#logger);
    for (const [prefix, handler] of handlers) known.server.handle(prefix, handler);
    this.#hosts.set(host.value, known);
  }

  /** Requests that have arrived at the main server, but for those to the control API, and at each host. */
  requestCounts(): { readonly main: number; readonly hosts: Readonly<Record<string, number>> } {
    const hosts = [...this.#hosts].map(([id, { server }]) => [id, server.requestCount] as const);
    return { main: this.main.server.requestCount, hosts: Object.fromEntries(hosts) };
  }

  /** Of a host on its own and of generated ones it is the main server that answers. */
  ofHost(host: MoRef): KnownServer {
    return this.#hosts.get(host.value) ?? this.main;
  }

  /**
   * A server shows another certificate from now on.
   * @param id      of a host; the main server without it
   * @param isTold  whether clients are told of it, as after a replacement on purpose; else it is somebody else who answers
   */
  async changeCertificate(id: string | undefined, isTold: boolean): Promise<{ shown: string; told: string }> {
    const known = id === undefined ? this.main : this.#hosts.get(id);
    if (known === undefined)
      throw new HttpError(404, `There is no host ${id ?? ''} with a server of its own`);
    const certificate = await selfSignedCertificate('Quiesce lab, another one', this.#clock);
    known.server.replaceCertificate(certificate);
    if (isTold) known.certificate = certificate;
    return { shown: certificate.fingerprint, told: known.certificate.fingerprint };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of [this.main, ...this.#hosts.values()]) await server[Symbol.asyncDispose]();
  }
}

async function listening(
  address: string,
  certificate: ServerCertificate,
  logger: Logger,
): Promise<KnownServer> {
  const server = new LabServer(certificate, logger);
  try {
    return { server, certificate, authority: await server.listen(address) };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
