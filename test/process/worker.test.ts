import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { MessageConnection } from 'vscode-jsonrpc/node';

import { systemRandom } from '../../src/base/random.ts';
import { greetWorker } from '../../src/client/greetWorker.ts';
import { sendRequest } from '../../src/client/sendRequest.ts';
import { challenge, prove } from '../../src/protocol/handshake.ts';
import { handshakeProof, toBase64 } from '../../src/protocol/handshakeProof.ts';
import { listJobs } from '../../src/protocol/job.ts';
import { openRendezvous } from '../../src/protocol/node/rendezvous.ts';
import { listVms } from '../../src/protocol/vm.ts';
import { protocolVersion } from '../../src/protocol/version.ts';
import { anySignal } from '../support/anySignal.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { isRunning, WorkerUser } from '../support/workerUser.ts';

function newUser(): WorkerUser {
  const user = new WorkerUser(temporaryFolder('w'));
  onTestFinished(async () => await user[Symbol.asyncDispose]());
  return user;
}

async function secretOf({ rendezvousFolder }: WorkerUser): Promise<Uint8Array<ArrayBuffer>> {
  return (await openRendezvous(rendezvousFolder, systemRandom)).secret;
}

/** Shakes hands as a client that says of itself what the test wants. */
async function shakeHands(
  user: WorkerUser,
  connection: MessageConnection,
  client: { readonly protocolVersion: number; readonly productVersion: string },
) {
  const clientNonce = toBase64(systemRandom.bytes(32));
  const { workerNonce } = await sendRequest(connection, challenge, { ...client, clientNonce }, anySignal);
  const proof = await handshakeProof(await secretOf(user), 'client', { clientNonce, workerNonce });
  return await sendRequest(connection, prove, { proof }, anySignal);
}

describe('who is let in', () => {
  test('before the handshake nothing is answered, and a refused client stays refused', async () => {
    const user = newUser();
    await user.connect();
    const connection = await user.bareConnection();
    const asked = [
      sendRequest(connection, listJobs, {}, anySignal),
      sendRequest(connection, listVms, { vcenter: 'lab' }, anySignal),
      sendRequest(connection, prove, { proof: 'AAAA' }, anySignal),
    ];
    for (const request of asked) await expect(request).rejects.toMatchObject({ code: 'AUTHENTICATION' });

    // The right nonces, a wrong proof; then, on the same connection, the right one.
    const params = {
      protocolVersion,
      productVersion: '0.1.0',
      clientNonce: toBase64(systemRandom.bytes(32)),
    };
    const { workerNonce } = await sendRequest(connection, challenge, params, anySignal);
    const nonces = { clientNonce: params.clientNonce, workerNonce };
    const secret = await secretOf(user);
    const wrong = await handshakeProof(secret, 'worker', nonces);
    const right = await handshakeProof(secret, 'client', nonces);
    for (const proof of [wrong, right]) {
      await expect(sendRequest(connection, prove, { proof }, anySignal)).rejects.toMatchObject({
        code: 'AUTHENTICATION',
      });
    }
    await expect(sendRequest(connection, listJobs, {}, anySignal)).rejects.toMatchObject({
      code: 'AUTHENTICATION',
    });
  });

  test('a client does not believe a worker with another secret, and tells it nothing', async () => {
    const user = newUser();
    await user.connect();
    const connection = await user.bareConnection();
    const greeting = { secret: systemRandom.bytes(32), productVersion: '0.1.0', random: systemRandom };
    await expect(greetWorker(connection, greeting, anySignal)).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: 'what answers in the place of the background worker is something else',
    });
  });

  test.each([
    ['a folder open to others', (user: WorkerUser) => chmodSync(user.rendezvousFolder, 0o755)],
    [
      'a secret others can read',
      (user: WorkerUser) => chmodSync(join(user.rendezvousFolder, 'secret'), 0o644),
    ],
  ])('%s is refused by client and worker', async (_, open) => {
    const user = newUser();
    await openRendezvous(user.rendezvousFolder, systemRandom);
    open(user);
    await expectRefused(user);
  });

  test('a folder of another user is refused', async () => {
    // Only root can give a folder away; anybody else uses one that is root's.
    const isRoot = process.getuid!() === 0;
    const user = isRoot ? newUser() : new WorkerUser(temporaryFolder('w'), '/');
    if (isRoot) {
      mkdirSync(user.rendezvousFolder, { mode: 0o700 });
      chownSync(user.rendezvousFolder, 12_345, 12_345);
    }
    await expectRefused(user);
  });

  test('a link in the place of the folder is refused', async () => {
    const user = newUser();
    mkdirSync(join(user.folder, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(user.folder, 'elsewhere'), user.rendezvousFolder);
    await expectRefused(user);
  });

  async function expectRefused(user: WorkerUser): Promise<void> {
    await expect(user.connect()).rejects.toMatchObject({ code: 'PERMISSION' });
    const worker = startBare(user);
    expect(await worker.exitCode).toBe(1);
    expect(worker.said()).toContain('where the background worker is found');
  }
});

describe('one worker', () => {
  test('clients that start one at the same time share one', async () => {
    const user = newUser();
    const clients = await Promise.all(Array.from({ length: 6 }, async () => await user.connect()));
    expect(new Set(clients.map(({ worker }) => worker.processId)).size).toBe(1);
    expect(readyLines(user)).toBe(1);
  });

  test('of workers started at the same time one stays, the others end with 0', async () => {
    const user = newUser();
    const workers = Array.from({ length: 5 }, () => startBare(user));
    while (!workers.some(({ said }) => said().includes('is ready')))
      await new Promise(resolve => setTimeout(resolve, 20));
    const winner = (await user.connect()).worker.processId;
    const losers = workers.filter(({ processId }) => processId !== winner);
    expect(losers).toHaveLength(4);
    expect(await Promise.all(losers.map(async ({ exitCode }) => await exitCode))).toEqual([0, 0, 0, 0]);
    expect(user.sockets()).toEqual([user.publishedSocket()]);
    process.kill(winner, 'SIGTERM');
    expect(await workers.find(({ processId }) => processId === winner)!.exitCode).toBe(0);
    expect(user.sockets()).toEqual([]);
  });

  test('what a killed one left does not keep the next from starting, and again just one', async () => {
    const user = newUser();
    const seen = new Set<number>();
    for (let round = 0; round < 5; round += 1) {
      const clients = await Promise.all([user.connect(), user.connect(), user.connect()]);
      const [processId, ...others] = new Set(clients.map(({ worker }) => worker.processId));
      expect(others).toEqual([]);
      seen.add(processId!);
      await user.kill(clients[0]);
    }
    expect(seen.size).toBe(5);
    await user.connect();
    // Those that came too late need not have ended yet.
    await expect.poll(() => user.sockets()).toEqual([user.publishedSocket()]);
  });

  test('it ends when nobody needs it any more, and the next client gets a new one', async () => {
    const user = newUser();
    const first = await user.connect({ idleTimeoutMs: 200 });
    const { processId } = first.worker;
    await first.request(listJobs, {}, anySignal);
    first[Symbol.dispose]();
    while (isRunning(processId)) await new Promise(resolve => setTimeout(resolve, 20));
    expect(user.sockets()).toEqual([]);
    expect((await user.connect()).worker.processId).not.toBe(processId);
  });
});

describe('versions', () => {
  test('an idle worker gives way to the one of a newer client', async () => {
    const user = newUser();
    const old = await user.connect();
    const newer = await user.connect({ productVersion: '0.2.0', bundleFolder: bundlesOf(user, '0.2.0') });
    await old.closed;
    expect(isRunning(old.worker.processId)).toBe(false);
    expect(newer.worker).toMatchObject({ productVersion: '0.2.0', isOutdated: false });
    // An older client that speaks the same protocol works with the newer worker.
    expect((await user.connect()).worker).toEqual(newer.worker);
  });

  test('a client of an older protocol is told to reload, one of a newer protocol gets its own worker', async () => {
    const user = newUser();
    const { worker, closed } = await user.connect();
    const older = await user.bareConnection();
    await expect(
      shakeHands(user, older, { protocolVersion: protocolVersion - 1, productVersion: '0.0.9' }),
    ).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      remedy: expect.stringContaining('Reload') as string,
    });
    await expect(sendRequest(older, listJobs, {}, anySignal)).rejects.toMatchObject({
      code: 'AUTHENTICATION',
    });
    const newer = await user.bareConnection();
    await expect(
      shakeHands(user, newer, { protocolVersion: protocolVersion + 1, productVersion: '0.1.0' }),
    ).resolves.toMatchObject({ outcome: 'leaving' });
    await closed;
    while (isRunning(worker.processId)) await new Promise(resolve => setTimeout(resolve, 20));
  });
});

/** The bundles as a later version would be. */
function bundlesOf(user: WorkerUser, version: string): string {
  const folder = join(user.folder, `bundles-${version}`);
  cpSync(inject('bundles'), folder, { recursive: true });
  const path = join(folder, 'worker.mjs');
  const bundle = readFileSync(path, 'utf8');
  const changed = bundle.replace('version: "0.1.0"', `version: "${version}"`);
  expect(changed).not.toBe(bundle);
  writeFileSync(path, changed);
  return folder;
}

/** A worker started by hand. */
function startBare(user: WorkerUser) {
  const child = spawn(
    process.execPath,
    [join(inject('bundles'), 'worker.mjs'), '--rendezvous', user.rendezvousFolder],
    {
      env: { ...process.env, QUIESCE_STATE: join(user.folder, 'state') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let text = '';
  child.stderr.on('data', (piece: Buffer) => (text += piece.toString()));
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(() => void child.kill());
  return { processId: child.pid!, exitCode, said: () => text };
}

function readyLines({ storageFolder }: WorkerUser): number {
  return readFileSync(join(storageFolder, 'worker.log'), 'utf8').split('is ready').length - 1;
}
