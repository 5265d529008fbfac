import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../../src/base/clock.ts';
import { anySignal } from './anySignal.ts';
import { foreignProgram } from './foreignProgram.ts';

/** A server of somebody else on a loopback port of its own, with a folder that outlives its ends. */
export class StoreServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #said = '';

  private constructor(port: number, folder: string, command: StoreServerCommand) {
    this.port = port;
    this.folder = folder;
    this.#program = command.program;
    this.#args = command.args(port, folder);
    this.#environment = command.environment;
  }

  static async start(command: StoreServerCommand): Promise<StoreServer> {
    const server = new StoreServer(await freePort(), mkdtempSync(join(tmpdir(), 'quiesce-server-')), command);
    await server.restart();
    return server;
  }

  /** As a power cut would end it. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#exited;
  }

  /** On the same port with the same folder. */
  async restart(): Promise<void> {
    const child = spawn(this.#program, [...this.#args], {
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#exited = new Promise(resolve => child.once('close', resolve));
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => (this.#said += piece.toString()));
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`${this.#program} ended: ${this.#said}`);
      await systemClock.sleep(20, anySignal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface StoreServerCommand {
  readonly program: string;
  readonly args: (port: number, folder: string) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export const s3Root = { user: 'quiesceroot', secret: 'S3-p4ss/word+of=root' };

/** versitygw, an S3 server of others, with one bucket. @param options  in front of its command, such as `--cert` */
export async function startS3Server(bucket: string, options: readonly string[] = []): Promise<StoreServer> {
  return await StoreServer.start({
    program: foreignProgram('versitygw'),
    args: (port, folder) => {
      const [data, attributes, accounts] = ['data', 'attributes', 'accounts'].map(name => join(folder, name));
      for (const path of [join(data!, bucket), attributes!, accounts!]) mkdirSync(path, { recursive: true });
      const listen = ['--port', `127.0.0.1:${port}`, '--region', 'us-east-1', '--iam-dir', accounts!];
      return [...listen, ...options, 'posix', '--sidecar', attributes!, data!];
    },
    environment: { ROOT_ACCESS_KEY_ID: s3Root.user, ROOT_SECRET_ACCESS_KEY: s3Root.secret },
  });
}

export const restAccount = { user: 'backup', password: 'rest-p4ss: <&> "word" ä' };

/** restic's REST server, which asks for the account's password. @param options  such as `--append-only` */
export async function startRestServer(
  options: readonly string[] = [],
  { user, password } = restAccount,
): Promise<StoreServer> {
  return await StoreServer.start({
    program: foreignProgram('rest-server'),
    args: (port, folder) => {
      const hash = createHash('sha1').update(password).digest('base64');
      writeFileSync(join(folder, '.htpasswd'), `${user}:{SHA}${hash}\n`, { mode: 0o600 });
      return ['--listen', `127.0.0.1:${port}`, '--path', folder, ...options];
    },
    environment: {},
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function answers(port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
