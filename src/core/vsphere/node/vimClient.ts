import { createClientAsync } from 'soap';
import type { Client } from 'soap';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { AnswerReader } from '../answerReader.ts';
import { negotiatedVersion } from '../apiVersion.ts';
import { describeRef, vimFault } from '../faults.ts';
import { requestXml } from '../requestXml.ts';
import { attributesKey, plainField } from '../responseValues.ts';
import type { MoRef } from '../schema/moRef.ts';
import { fittedTo } from '../schema/olderVersion.ts';
import type { Field, OperationRow } from '../schema/parseTable.ts';
import { operation } from '../schema/schema.ts';
import { isKnownTo } from '../schema/versions.ts';
import { toWsdl } from '../schema/wsdl.ts';
import type { Answer, Arguments, OperationName, Vim, VimCaller } from '../vimCaller.ts';
import { PinnedAgent } from './pinnedAgent.ts';
import type { TlsIdentity } from './pinnedAgent.ts';
import { type CallOptions, VimHttp } from './vimHttp.ts';

/** What a transfer beside the API needs to know of the server that granted it. */
export interface TransferEndpoint {
  /** `host[:port]` as the server was reached. */
  readonly host: string;
  readonly identity: TlsIdentity;
  /** The session's cookie; a secret, for this host alone. */
  readonly cookie: string | undefined;
}

/** Connections to one server at a time: a vCenter serves few, and every wait for updates holds one. */
const maxSockets = 24;

/** Longest wait for one answer; well above the 30 s for which a server holds a wait for updates. */
const callTimeoutMs = 180_000;

/**
 * The vSphere API of one server over SOAP. Its connections close with `close()`; a session, if one was opened through
 * it, is the session's business.
 */
export class VimClient implements VimCaller, TransferEndpoint {
  readonly host: string;
  readonly identity: TlsIdentity;
  /** Of the API, as agreed with the server. */
  readonly version: string;
  // Private at run time as well: the library keeps the text of the last request, which may hold a password.
  readonly #soap: Client;
  readonly #agent: PinnedAgent;
  readonly #http: VimHttp;

  private constructor(
    host: string,
    identity: TlsIdentity,
    version: string,
    soap: Client,
    agent: PinnedAgent,
    http: VimHttp,
  ) {
    this.host = host;
    this.identity = identity;
    this.version = version;
    this.#soap = soap;
    this.#agent = agent;
    this.#http = http;
  }

  /**
   * Reaches the server, checks its certificate and agrees on the version of the API. Logs nobody in.
   * @param url  `https://host[:port]`; the path is /sdk whatever the URL says
   * @throws UNREACHABLE; AUTHENTICATION if the server is not the one expected; INVALID_INPUT for a URL without TLS
   */
  static async connect(url: string, identity: TlsIdentity, signal: AbortSignal): Promise<VimClient> {
    const { protocol, origin, host } = parsedUrl(url);
    if (protocol !== 'https:') {
      throw new AppError(
        'INVALID_INPUT',
        `${host}: only https is spoken, the address begins with ${protocol}`,
        {
          object: host,
          remedy: 'Give the address that begins with https://',
        },
      );
    }
    const agent = new PinnedAgent(identity, maxSockets);
    try {
      const http = new VimHttp(agent, callTimeoutMs);
      const versions = await http.get(`${origin}/sdk/vimServiceVersions.xml`, signal);
      const version = negotiatedVersion(versions);
      const soap = await createClientAsync(toWsdl(version), {
        endpoint: `${origin}/sdk`,
        httpClient: http,
        disableCache: true,
        attributesKey,
        // Else the library trims texts, such as names and annotations.
        preserveWhitespace: true,
      });
      return new VimClient(host, identity, version, soap, agent, http);
    } catch (error) {
      agent.destroy();
      throw error;
    }
  }

  get cookie(): string | undefined {
    return this.#http.cookie;
  }

  async call<Name extends OperationName>(
    name: Name,
    target: MoRef,
    args: Arguments<Name>,
    signal: AbortSignal,
  ): Promise<Answer<Name>> {
    if (signal.aborted) throw new CancelledError();
    const row = operation(name);
    this.#requireSpoken(row, args);
    const xml = requestXml(row, target, args);
    const reader = isLong.has(name) ? new AnswerReader(row) : undefined;
    const options = { signal, ...(reader !== undefined && { reader }) };
    const result = await this.#invoke(name, xml, describeRef(target), options);
    if (row.returns === undefined) return undefined;
    const returned = reader === undefined ? fromLibrary(row.returns, result) : reader.finish();
    if (returned !== undefined) return returned as Answer<Name>;
    if (!row.returns.optional) throw new CorruptDataError(`${name}: the answer is empty`);
    return row.returns.repeated ? [] : undefined;
  }

  /** A server refuses what it does not know with words that nobody understands. */
  #requireSpoken(row: OperationRow, args: Readonly<Record<string, unknown>>): void {
    const { leftOut } = fittedTo(this.version, row.parameters, args, row.name);
    const unknown = isKnownTo(this.version, row) ? leftOut[0] : row.name;
    if (unknown === undefined) return;
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `${this.host} speaks version ${this.version} of the API, which lacks ${unknown}`,
      {
        object: this.host,
        remedy: 'Leave it out, or upgrade the server',
      },
    );
  }

  close(): void {
    this.#agent.destroy();
  }

  async #invoke(
    name: OperationName,
    xml: string,
    object: string,
    options: CallOptions,
  ): Promise<Record<string, unknown> | undefined> {
    const method = this.#soap[name] as SoapMethod;
    return await new Promise((resolve, reject) => {
      const callback = (error: unknown, result: unknown) => {
        if (error === null || error === undefined)
          resolve((result ?? undefined) as Record<string, unknown> | undefined);
        else reject(withoutRequest(error, name, object));
      };
      // Ready XML passes the library as it is: it would sort by declared types only and leave derived ones unsorted.
      method({ $xml: xml }, callback, options);
    });
  }
}

/** Answers that tell of hundreds of objects. */
const isLong: ReadonlySet<OperationName> = new Set([
  'RetrieveProperties',
  'RetrievePropertiesEx',
  'ContinueRetrievePropertiesEx',
  'WaitForUpdatesEx',
]);

function fromLibrary(returns: Field, result: Record<string, unknown> | undefined): unknown {
  const returned = result?.['returnval'];
  return returned === undefined ? undefined : plainField(returns, returned);
}

type SoapMethod = (
  args: { readonly $xml: string },
  callback: (error: unknown, result: unknown) => void,
  options: CallOptions,
) => void;

interface ParsedFault {
  readonly faultstring?: unknown;
  readonly detail?: Readonly<Record<string, unknown>> | null;
}

/** The library hangs response and request on its errors, so none of them is passed on, not even as a cause. */
function withoutRequest(error: unknown, name: string, object: string): AppError {
  if (error instanceof AppError) return error;
  const fault = (error as { root?: { Envelope?: { Body?: { Fault?: ParsedFault } } } }).root?.Envelope?.Body
    ?.Fault;
  if (fault === undefined)
    return new CorruptDataError(`${object}: ${name}: the answer is no SOAP envelope`, { object });
  const detail = Object.entries(fault.detail ?? {}).find(([key]) => key !== attributesKey)?.[1];
  const plain = plainField({ name: 'fault', type: 'MethodFault', optional: false, repeated: false }, detail);
  const text = typeof fault.faultstring === 'string' ? fault.faultstring : '';
  return vimFault(plain as Vim<'MethodFault'>, text, name, object);
}

function parsedUrl(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new AppError('INVALID_INPUT', `"${url}" is no address of a server`, {
      remedy: 'Give an address such as https://vcenter.example.com',
    });
  }
}
