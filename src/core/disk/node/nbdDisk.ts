import { retry, type RetryPolicy } from '../../../base/async/retry.ts';
import { Semaphore } from '../../../base/async/semaphore.ts';
import { settleAll } from '../../../base/async/settleAll.ts';
import type { Clock } from '../../../base/clock.ts';
import type { CredentialSource } from '../../../base/credentialSource.ts';
import { AppError, toAppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Secret } from '../../../base/secret.ts';
import { begin } from '../../block/blockSource.ts';
import type { Extent } from '../../block/extent.ts';
import { defaultStallTimeoutMs } from '../../vsphere/node/httpTransfer.ts';
import type { RandomAccessDisk } from '../diskTransport.ts';
import { NbdClient } from '../nbd/nbdClient.ts';
import type { NbdCommand } from '../nbd/nbdCommand.ts';
import { explainNbdFailure } from './explainNbdFailure.ts';
import { type NbdProcess, type NbdProcessRequest, startNbdProcess } from './nbdProcess.ts';

export interface NbdDiskRequest extends Pick<NbdProcessRequest, 'name' | 'values'> {
  readonly command: NbdCommand;
  readonly capacityBytes: number;
  readonly reads: { readonly requestBytes: number; readonly inFlight: number };
  /** Of the account of the server, asked for whenever a program is started. */
  readonly source: CredentialSource;
}

export interface NbdDiskDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** After how long without a byte a request is given up; 5 minutes. */
  readonly stallTimeoutMs?: number;
}

/** A distant server takes its time before a program may serve its disk. */
const startTimeoutMs = 5 * 60_000;

/** A program that is killed while it starts may be started again: so often in all. */
const maxStarts = 3;

/** A program that has ended is started again: a session that has run out is a new one then. */
const patience: RetryPolicy = { attempts: 4, firstDelayMs: 500, factor: 2 };

/** A program that runs, and the connection to it. */
interface Session {
  readonly program: NbdProcess;
  readonly client: NbdClient;
}

/**
 * Opens a disk that a program of somebody else's serves, for reading anywhere. The program ends with the disk.
 * @throws what starting it and shaking hands throw; UNSUPPORTED_FORMAT if it serves another disk. Reads are tried again, with
 *         fewer at a time, and by a new program where the old one has ended
 */
export async function openNbdDisk(
  request: NbdDiskRequest,
  deps: NbdDiskDeps,
  signal: AbortSignal,
): Promise<RandomAccessDisk> {
  const disk = new NbdDisk(request, deps);
  try {
    await disk.open(signal);
    return disk;
  } catch (error) {
    await disk[Symbol.asyncDispose]();
    throw error;
  }
}

class NbdDisk implements RandomAccessDisk {
  readonly shape = 'random-access';
  readonly sizeBytes: number;
  readonly reads: RandomAccessDisk['reads'];
  readonly #request: NbdDiskRequest;
  readonly #deps: NbdDiskDeps;
  readonly #ending: Promise<void>[] = [];
  #session: Promise<Session> | undefined;
  #inFlight: number;
  #permits: Semaphore;
  /** Of connections that are no more. */
  #formerBytes = 0;
  #client: NbdClient | undefined;

  constructor(request: NbdDiskRequest, deps: NbdDiskDeps) {
    const { requestBytes, inFlight } = request.reads;
    this.#request = request;
    this.#deps = deps;
    this.sizeBytes = request.capacityBytes;
    this.reads = { maxBytes: requestBytes, inFlight };
    this.#inFlight = inFlight;
    this.#permits = new Semaphore(inFlight);
  }

  get receivedBytes(): number {
    return this.#formerBytes + (this.#client?.receivedBytes ?? 0);
  }

  async open(signal: AbortSignal): Promise<Session> {
    this.#session ??= this.#start(signal).catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    return await this.#session;
  }

  async allocatedAreas(signal: AbortSignal): Promise<readonly Extent[]> {
    return (await this.#toldAreas(signal)) ?? [{ startBytes: 0, lengthBytes: this.sizeBytes }];
  }

  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    const { name, reads } = this.#request;
    begin(name, this.sizeBytes, offsetBytes, target, signal);
    const { requestBytes } = reads;
    const parts: Promise<void>[] = [];
    for (let start = 0; start < target.byteLength; start += requestBytes)
      parts.push(this.#readPart(offsetBytes + start, target.subarray(start, start + requestBytes), signal));
    await settleAll(parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    if (session !== undefined) this.#end(session);
    await Promise.all(this.#ending);
  }

  async #readPart(offsetBytes: number, part: Uint8Array, signal: AbortSignal): Promise<void> {
    await retry(patience, this.#deps.clock, signal, async () => {
      const { client } = await this.open(signal);
      const permits = this.#permits;
      try {
        await permits.use(signal, async () => await readAligned(client, offsetBytes, part, signal));
      } catch (error) {
        if (!signal.aborted) await this.#giveWay(client, permits, toAppError(error));
        throw error;
      }
    });
  }

  /** Hosts that run out of memory, or break connections, may bear fewer requests at a time. */
  async #giveWay(client: NbdClient, permits: Semaphore, problem: AppError): Promise<void> {
    if (permits === this.#permits) {
      this.#inFlight = Math.max(1, Math.floor(this.#inFlight / 2));
      this.#permits = new Semaphore(this.#inFlight);
      const { name } = this.#request;
      this.#deps.logger.warn('fewer requests at a time are made', {
        ...{ disk: name, problem: problem.message, inFlight: this.#inFlight },
      });
    }
    const session = await this.#session?.catch(() => undefined);
    if (session?.client !== client || client.isOpen) return;
    this.#session = undefined;
    this.#end(session);
  }

  #end({ client, program }: Session): void {
    this.#formerBytes += client.receivedBytes;
    if (this.#client === client) this.#client = undefined;
    client.close();
    this.#ending.push(ended(program));
  }

  async #start(signal: AbortSignal): Promise<Session> {
    const { command, values, source } = this.#request;
    const password = await source.password(signal);
    try {
      for (let starts = 1; ; starts += 1) {
        const program = await this.#startProgram(password);
        try {
          return { program, client: await this.#connect(program, signal) };
        } catch (error) {
          await program[Symbol.asyncDispose]();
          if (signal.aborted || !program.wasKilled() || starts === maxStarts)
            throw program.missing() ?? error;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw await explainNbdFailure(command, values.library, toAppError(error), signal);
    }
  }

  async #startProgram(password: Secret): Promise<NbdProcess> {
    const { name, command, values } = this.#request;
    return await startNbdProcess({ name, command, values, password, startTimeoutMs }, this.#deps.clock);
  }

  async #connect(program: NbdProcess, signal: AbortSignal): Promise<NbdClient> {
    const { name, capacityBytes } = this.#request;
    const { clock, stallTimeoutMs = defaultStallTimeoutMs } = this.#deps;
    const { lastWords } = program;
    const channel = await program.connect(signal);
    const client = await NbdClient.open(
      channel,
      { name, exportName: '', clock, stallTimeoutMs, lastWords },
      signal,
    );
    this.#client = client;
    const { sizeBytes } = client.export;
    if (sizeBytes === capacityBytes) return client;
    client.close();
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `${name}: the NBD program serves ${sizeBytes} bytes, the disk has ${capacityBytes}`,
      { object: name, remedy: 'Check whether its command names the disk of the snapshot' },
    );
  }

  /** Some servers fail where they are asked for all that is allocated: then everything is. */
  async #toldAreas(signal: AbortSignal): Promise<readonly Extent[] | undefined> {
    return await retry(patience, this.#deps.clock, signal, async () => {
      const { client } = await this.open(signal);
      try {
        return await client.allocatedAreas(signal);
      } catch (error) {
        if (!client.isOpen || !AppError.is(error, 'UNREACHABLE', 'UNSUPPORTED_FORMAT')) {
          if (!signal.aborted) await this.#giveWay(client, this.#permits, toAppError(error));
          throw error;
        }
        this.#deps.logger.info('the NBD program does not tell what is allocated', {
          ...{ disk: this.#request.name, problem: error.message },
        });
        return undefined;
      }
    });
  }
}

async function ended(program: NbdProcess): Promise<void> {
  await program[Symbol.asyncDispose]();
}

/** A server may serve whole blocks alone. */
async function readAligned(
  client: NbdClient,
  offsetBytes: number,
  target: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const { blockBytes, sizeBytes, maxRequestBytes } = client.export;
  const endBytes = offsetBytes + target.byteLength;
  const lastBlockEnd = Math.min(Math.ceil(endBytes / blockBytes) * blockBytes, sizeBytes);
  for (let position = offsetBytes; position < endBytes;) {
    const blocksStart = position - (position % blockBytes);
    const blocksEnd = Math.min(lastBlockEnd, blocksStart + maxRequestBytes);
    const partEnd = Math.min(blocksEnd, endBytes);
    const part = target.subarray(position - offsetBytes, partEnd - offsetBytes);
    if (blocksStart === position && blocksEnd === partEnd) await client.read(position, part, signal);
    else {
      const blocks = new Uint8Array(blocksEnd - blocksStart);
      await client.read(blocksStart, blocks, signal);
      part.set(blocks.subarray(position - blocksStart, partEnd - blocksStart));
    }
    position = partEnd;
  }
}
