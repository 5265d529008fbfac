import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { Secret } from '../../src/base/secret.ts';
import { VimClient } from '../../src/core/vsphere/node/vimClient.ts';
import { VimSession } from '../../src/core/vsphere/session.ts';
import { anySignal } from '../support/anySignal.ts';
import { foreignProgram } from '../support/foreignProgram.ts';

const root = join(import.meta.dirname, '..', '..');

/** A server of the API that runs as a program of its own until it is disposed. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly fingerprint: string;
  readonly user: string;
  readonly password: string;
}

/** govmomi's simulator: a foreign implementation of the API, in its current generation or one of 2021. */
export async function startVcsim(
  options: readonly string[] = [],
  generation: 'vcsim' | 'vcsim-0.24' = 'vcsim',
): Promise<TestServer> {
  const credentials = { user: 'backup@vsphere.local', password: 'p4ss <&> "word"' };
  const [ready, stop] = await startProgram(foreignProgram(generation), [
    ...['-username', credentials.user, '-password', credentials.password],
    ...options,
  ]);
  return {
    url: text(ready, 'url'),
    fingerprint: text(ready, 'fingerprint'),
    ...credentials,
    [Symbol.asyncDispose]: stop,
  };
}

export interface Lab extends TestServer {
  /** The lab's control API: `GET path`, or `POST path` with a body. */
  control(path: string, body?: unknown): Promise<unknown>;
  readonly processId: number;
  /** Of an account that was given with `--account`. */
  passwordOf(user: string): string;
}

/** Our own simulator, which has real disk bytes. Its guests write nothing by themselves. */
export async function startLab(options: readonly string[] = []): Promise<Lab> {
  const images = join(root, '.cache', 'lab-images');
  mkdirSync(images, { recursive: true });
  const [ready, stop, processId] = await startProgram(process.execPath, [
    join(root, 'src', 'lab', 'main.ts'),
    ...['--profile', 'small', '--images', images, '--no-activity', '--exit-with-parent'],
    ...options,
  ]);
  const [controlUrl, token] = [text(ready, 'controlUrl'), text(ready, 'controlToken')];
  return {
    url: text(ready, 'url'),
    fingerprint: text(ready, 'fingerprint'),
    user: text(ready, 'user'),
    password: readFileSync(text(ready, 'passwordFile'), 'utf8').trim(),
    passwordOf: user => {
      const accounts = ready['accounts'] as readonly {
        readonly user: string;
        readonly passwordFile: string;
      }[];
      return readFileSync(accounts.find(account => account.user === user)!.passwordFile, 'utf8').trim();
    },
    processId,
    control: async (path, body) => await requestJson(`${controlUrl}/${path}`, token, body),
    [Symbol.asyncDispose]: stop,
  };
}

export interface LoggedIn extends AsyncDisposable {
  readonly client: VimClient;
  readonly session: VimSession;
}

export async function logIn(server: TestServer): Promise<LoggedIn> {
  const client = await VimClient.connect(server.url, { fingerprint: server.fingerprint }, anySignal);
  const credentials = { user: server.user, source: heldPassword(new Secret(server.password)) };
  const deps = { clock: systemClock, logger: silentLogger };
  const session = await VimSession.open(client, new URL(server.url).host, credentials, deps, anySignal);
  return {
    client,
    session,
    [Symbol.asyncDispose]: async () => {
      await session[Symbol.asyncDispose]();
      client.close();
    },
  };
}

/** Starts a program whose first line of output is JSON and which ends when its standard input does. */
async function startProgram(
  program: string,
  args: readonly string[],
): Promise<[ready: Readonly<Record<string, unknown>>, stop: () => Promise<void>, processId: number]> {
  const child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const lines = createInterface(child.stdout);
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('error', reject);
    child.once('exit', code =>
      reject(new Error(`${program} ended with ${String(code)} before it was ready`)),
    );
  });
  return [
    JSON.parse(line) as Readonly<Record<string, unknown>>,
    async () => {
      child.stdin.end();
      await exited;
    },
    child.pid ?? -1,
  ];
}

async function requestJson(url: string, token: string, body: unknown): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    // The lab makes its certificate at start; only this machine is on the other end.
    const request = https.request(url, {
      method: body === undefined ? 'GET' : 'POST',
      rejectUnauthorized: false,
      // A kept connection may have been cut by the request before.
      agent: false,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    });
    request.once('error', reject);
    request.once('response', response => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (answer += piece));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(answer));
        else reject(new Error(`${url}: ${String(response.statusCode)} ${answer}`));
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function text(ready: Readonly<Record<string, unknown>>, key: string): string {
  const value = ready[key];
  if (typeof value !== 'string') throw new Error(`the server did not say its ${key}`);
  return value;
}
