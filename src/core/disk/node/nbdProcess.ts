import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';
import { AppError, CancelledError } from '../../../base/errors.ts';
import type { Secret } from '../../../base/secret.ts';
import type { NbdChannel } from '../nbd/nbdClient.ts';
import { asksFor, fillNbdCommand, type NbdCommand, type NbdCommandValues } from '../nbd/nbdCommand.ts';
import { LastWords } from './lastWords.ts';
import { plainEnvironment } from './plainEnvironment.ts';

export interface NbdProcessRequest {
  /** The disk, for errors. */
  readonly name: string;
  readonly command: NbdCommand;
  readonly values: Omit<NbdCommandValues, 'socket' | 'password-fd'>;
  readonly password: Secret;
  /** For so long a program may prepare itself before it listens. */
  readonly startTimeoutMs: number;
}

/**
 * A program that serves one disk to this process alone. Nothing of it is left when it was disposed of, which may be done
 * again.
 */
export interface NbdProcess extends AsyncDisposable {
  /**
   * Waits until it listens. To be called once.
   * @throws NOT_FOUND if there is no such program; UNREACHABLE if it ends before it listens, or never does; CANCELLED
   */
  readonly connect: (signal: AbortSignal) => Promise<NbdChannel>;
  /** What it has said last on its standard error, without the password; empty if nothing. */
  readonly lastWords: () => Promise<string>;
  /** Why it has ended, where that is that there is no such program; known after it has ended. */
  readonly missing: () => AppError | undefined;
  /** Whether somebody else has ended it by force, which says nothing against it; known after it has ended. */
  readonly wasKilled: () => boolean;
}

const passwordDescriptor = 3;

/**
 * The program takes the place of this shell. A second one beside it waits for a line from us: if the pipe ends without one,
 * we were killed, and it ends the whole group and removes the folder. After `exec` the number of the process stays `$$`.
 */
const guard = `
folder=$1; shift
(
  trap '' TERM INT HUP
  exec 3<&- </dev/null >/dev/null 2>&1
  if read -r line <&4; then exit 0; fi
  kill -s TERM -- -$$
  rm -rf "$folder"
  sleep 5
  kill -s KILL -- -$$
) &
exec "$@" 4<&-
`;

/** Of the system; a longer path cannot be bound. */
const longestSocketPath = 100;
const connectEveryMs = 20;
const lastWordsMs = 50;
/** A program that speaks on its standard streams logs out from its server when it is hung up on. */
const leaveTakingMs = 5000;
const terminationMs = 5000;
/** Of the shell: there is no such program. */
const notFoundExitCode = 127;

/**
 * Starts a program on a socket in a folder of its own, or on its standard streams. It gets the password through a pipe; its
 * arguments, its environment and its words here never hold it. It ends when it is disposed of, and when this process is killed.
 */
export async function startNbdProcess(request: NbdProcessRequest, clock: Clock): Promise<NbdProcess> {
  if (process.platform === 'win32')
    throw new AppError('UNSUPPORTED_FORMAT', `${request.name}: NBD programs are not started on Windows`, {
      object: request.name,
      remedy: 'Choose another transport, or run Quiesce on Linux',
    });
  const folder = await mkdtemp(join(socketParent(), 'quiesce-nbd-'));
  const child = new ChildOfOurs(request, folder, clock);
  return {
    connect: async signal => await child.connect(signal),
    lastWords: async () => await child.lastWords(),
    missing: () => child.missing(),
    wasKilled: () => child.wasKilled,
    [Symbol.asyncDispose]: async () => await child.end(),
  };
}

function socketParent(): string {
  return tmpdir().length > longestSocketPath - 40 ? '/tmp' : tmpdir();
}

class ChildOfOurs {
  wasKilled = false;
  readonly #request: NbdProcessRequest;
  readonly #folder: string;
  readonly #socketPath: string;
  readonly #isOnSocket: boolean;
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #words: LastWords;
  readonly #exited: Promise<unknown>;
  #hasExited = false;
  #isToEnd = false;
  #channel: NbdChannel | undefined;

  constructor(request: NbdProcessRequest, folder: string, clock: Clock) {
    const { command, values, password } = request;
    this.#request = request;
    this.#folder = folder;
    this.#socketPath = join(folder, 'disk');
    this.#isOnSocket = asksFor(command, 'socket');
    this.#clock = clock;
    const words = fillNbdCommand(command, {
      ...values,
      socket: this.#socketPath,
      'password-fd': String(passwordDescriptor),
    });
    const streams = this.#isOnSocket ? 'ignore' : 'pipe';
    this.#child = spawn('/bin/sh', ['-c', guard, 'quiesce-nbd', folder, ...words], {
      stdio: [streams, streams, 'pipe', asksFor(command, 'password-fd') ? 'pipe' : 'ignore', 'pipe'],
      env: plainEnvironment(),
      cwd: '/',
      // A group of its own, so that whatever it starts ends with it.
      detached: true,
    });
    this.#words = new LastWords(this.#child.stderr, password);
    this.#exited = once(this.#child, 'exit').then(
      () => this.#onExit(),
      () => this.#onExit(),
    );
    for (const stream of this.#child.stdio) stream?.on('error', () => undefined);
    (this.#child.stdio[passwordDescriptor] as Writable | null)?.end(`${password.reveal()}\n`);
  }

  async connect(signal: AbortSignal): Promise<NbdChannel> {
    this.#channel = this.#isOnSocket
      ? channelOf(...both(await this.#connectToSocket(signal)))
      : channelOf(this.#child.stdout as Readable, this.#child.stdin as Writable);
    return this.#channel;
  }

  async end(): Promise<void> {
    this.#channel?.close();
    if (!this.#isOnSocket && this.#channel !== undefined) await this.#exitedWithin(leaveTakingMs);
    this.#isToEnd = true;
    if (!this.#hasExited) {
      this.#kill('SIGTERM');
      await this.#exitedWithin(terminationMs);
    }
    // What it has started itself may have outlived it.
    this.#kill('SIGKILL');
    await this.#exitedWithin(terminationMs);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #connectToSocket(signal: AbortSignal): Promise<net.Socket> {
    const { name, startTimeoutMs } = this.#request;
    const startedMs = this.#clock.monotonicMs();
    while (!this.#hasExited) {
      if (signal.aborted) throw new CancelledError();
      const socket = await connectTo(this.#socketPath);
      if (socket !== undefined) return socket;
      if (this.#clock.monotonicMs() - startedMs > startTimeoutMs)
        throw new AppError('UNREACHABLE', `${name}: the NBD program does not listen${await this.#said()}`, {
          object: name,
          remedy: 'Check its command, and that it can reach the server',
        });
      await this.#clock.sleep(connectEveryMs, signal);
    }
    const missing = this.missing();
    if (missing !== undefined) throw missing;
    const { exitCode } = this.#child;
    const program = this.#request.command[0] ?? '';
    const how = exitCode === null ? 'was killed' : `has ended with code ${exitCode}`;
    throw new AppError(
      'UNREACHABLE',
      `${name}: ${program} ${how} before it served the disk${await this.#said()}`,
      {
        object: name,
        remedy: 'Check the command of the NBD program, and that it can reach the server',
      },
    );
  }

  missing(): AppError | undefined {
    if (this.#child.exitCode !== notFoundExitCode) return undefined;
    const program = this.#request.command[0] ?? '';
    return new AppError('NOT_FOUND', `${this.#request.name}: the program ${program} is not installed`, {
      object: program,
      remedy: `Install ${program}, or choose another transport`,
    });
  }

  async #said(): Promise<string> {
    const words = await this.lastWords();
    return words === '' ? '' : `: ${words}`;
  }

  /** They may arrive after the end of what they explain. */
  async lastWords(): Promise<string> {
    await this.#clock.sleep(lastWordsMs, new AbortController().signal);
    return this.#words.last();
  }

  #onExit(): void {
    this.#hasExited = true;
    this.wasKilled = this.#child.signalCode !== null && !this.#isToEnd;
    // Else its guard takes the end of the pipe for ours.
    (this.#child.stdio[4] as Writable | null)?.end('\n');
  }

  async #exitedWithin(timeoutMs: number): Promise<void> {
    if (this.#hasExited) return;
    const stop = new AbortController();
    const late = this.#clock.sleep(timeoutMs, stop.signal).catch(() => undefined);
    await Promise.race([this.#exited, late]);
    stop.abort();
  }

  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}

async function connectTo(path: string): Promise<net.Socket | undefined> {
  const socket = net.connect({ path });
  return await new Promise(resolve => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function both(socket: net.Socket): [Readable, Writable] {
  return [socket, socket];
}

function channelOf(received: Readable, sent: Writable): NbdChannel {
  for (const stream of [received, sent]) stream.on('error', () => undefined);
  return {
    received: untilBroken(received),
    send: bytes => sent.write(bytes),
    close: () => {
      sent.destroy();
      received.destroy();
    },
  };
}

/** A connection that breaks is one that ends: what is missing says so. */
async function* untilBroken(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of stream) yield piece as Uint8Array;
  } catch {
    // The stream was destroyed, by its other side or by us.
  }
}
