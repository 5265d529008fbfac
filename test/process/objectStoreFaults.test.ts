import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';

import { type Clock, systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { openObjectStore, type StoreOptions } from '../../src/core/repository/node/openObjectStore.ts';
import { configName, type ObjectKind, type ObjectName } from '../../src/core/repository/objectStore.ts';
import { createRepository, openRepository } from '../../src/core/repository/openRepository.ts';
import { selfSignedCertificate } from '../../src/lab/tls/selfSigned.ts';
import { StoreProxy } from '../faults/storeProxy.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { foreignProgram } from '../support/foreignProgram.ts';
import { localDeps, localPassword } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { pattern } from '../support/pattern.ts';
import { backUpCycle, checkAll, expectWholePoints, removePoint } from '../support/pruneCycle.ts';
import { readEverything, saveFiles } from '../support/repositories.ts';
import {
  restAccount,
  s3Root,
  startRestServer,
  startS3Server,
  type StoreServer,
} from '../support/storeServers.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('go');
const root = { user: s3Root.user, secret: new Secret(s3Root.secret) };
const restUser = { user: restAccount.user, secret: new Secret(restAccount.password) };

/** Waits no longer than a tenth of what it is told to, so that seven tries are over soon. */
const hastyClock: Clock = {
  ...systemClock,
  sleep: async (durationMs, sleeper) => await systemClock.sleep(durationMs / 10, sleeper),
};

const open = async (location: string, options: StoreOptions = { account: root }, clock = hastyClock) =>
  await openObjectStore(location, options, { clock, random: systemRandom });

const kinds = [
  {
    name: 'S3',
    start: async () => await startS3Server('backups'),
    place: (port: number) => `s3:http://127.0.0.1:${port}/backups/${randomUUID()}`,
    account: root,
    putMethod: 'PUT',
  },
  {
    name: 'REST',
    start: async () => await startRestServer(),
    place: (port: number) => `rest:http://127.0.0.1:${port}/${randomUUID()}/`,
    account: restUser,
    putMethod: 'POST',
  },
];

describe.each(kinds)('a server of objects that fails: $name', ({ start, place, account, putMethod }) => {
  let server: StoreServer;
  let proxy: StoreProxy;

  beforeAll(async () => {
    server = await start();
    proxy = await StoreProxy.start(server.port);
  });
  beforeEach(() => {
    proxy.fateOf = () => 'pass';
    proxy.onHalf = async () => await Promise.resolve();
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test('is killed in the middle of an upload and comes back: the backup goes on, and all is there', async () => {
    const at = place(proxy.port);
    const store = await open(at, { account });
    await using repository = await createRepository(store, new Secret(localPassword), localDeps, signal);
    const bytes = randomBytes(20_000_000);
    const kills: Promise<void>[] = [];
    let isDown = false;
    proxy.onHalf = async ({ method, path }) => {
      if (method !== putMethod || !path.includes('/data/') || isDown || kills.length === 2) return;
      isDown = true;
      await server.kill();
      kills.push(
        systemClock.sleep(300, signal).then(async () => {
          await server.restart();
          isDown = false;
        }),
      );
    };
    await saveFiles(repository, { 'disk.raw': bytes }, 1_000_000);
    await Promise.all(kills);
    expect(kills).toHaveLength(2);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
    const [files] = (await readEverything(repository)).values();
    expect(files!.get('disk.raw')!.equals(bytes)).toBe(true);
    // Nothing half-made is an object.
    for (const { id, sizeBytes } of await collect(store.list('pack', signal)))
      expect(sha256(await store.get({ kind: 'pack', id }, sizeBytes, signal))).toBe(id);
  });

  test('asks to slow down: the store waits longer and longer, and everything is done', async () => {
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: async (durationMs, sleeper) => {
        waits.push(durationMs);
        await systemClock.sleep(1, sleeper);
      },
    };
    const store = await open(place(proxy.port), { account }, clock);
    await store.prepare(signal);
    let refusals = 5;
    proxy.fateOf = () => ((refusals -= 1) >= 0 ? 'slow-down' : 'pass');
    await store.put(configName, pattern(100), signal);
    expect(await store.get(configName, 100, signal)).toEqual(pattern(100));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000]);
    proxy.fateOf = () => 'slow-down';
    await expect(store.sizeBytes(configName, signal)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('503') as string,
    });
  });

  test('loses its answer to what it has done: done once, and no error', async () => {
    const store = await open(place(proxy.port), { account });
    await store.prepare(signal);
    loseOnce(proxy);
    await store.put(configName, pattern(10), signal);
    proxy.fateOf = () => 'pass';
    const objects = (['pack', 'index', 'snapshot', 'lock'] as const).map(kind =>
      named(kind, randomBytes(5000)),
    );
    for (const { name, bytes } of objects) {
      loseOnce(proxy);
      await store.put(name, bytes, signal);
      expect(Buffer.compare(await store.get(name, 5000, signal), bytes)).toBe(0);
    }
    for (const { name } of objects) {
      loseOnce(proxy, 'DELETE');
      await store.remove(name, signal);
      await expect(store.sizeBytes(name, signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('never answers: whoever is cancelled waits no longer', async () => {
    const store = await open(place(proxy.port), { account }, systemClock);
    const { name, bytes } = named('pack', pattern(10_000));
    await store.put(name, bytes, signal);
    for (const call of [
      async (stop: AbortSignal) => await store.put(named('pack', randomBytes(9)).name, bytes, stop),
      async (stop: AbortSignal) => await store.get(name, 10_000, stop),
      async (stop: AbortSignal) => await store.getRange(name, 5, 5, stop),
      async (stop: AbortSignal) => await store.sizeBytes(name, stop),
      async (stop: AbortSignal) => await collect(store.list('pack', stop)),
      async (stop: AbortSignal) => await store.remove(name, stop),
    ]) {
      const stop = new AbortController();
      proxy.fateOf = () => {
        setImmediate(() => stop.abort());
        return 'silence';
      };
      await expect(call(stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    proxy.fateOf = () => 'pass';
    expect(await store.get(name, 10_000, signal)).toEqual(bytes);
  });

  test('is not there: told after a second try, with its name', async () => {
    await server.kill();
    try {
      const store = await open(place(server.port), { account });
      await expect(store.sizeBytes(configName, signal)).rejects.toMatchObject({
        code: 'UNREACHABLE',
        object: `127.0.0.1:${server.port}`,
      });
    } finally {
      await server.restart();
    }
  });

  test('holds more objects than it tells at once', async () => {
    const store = await open(place(server.port), { account });
    const objects = Array.from({ length: 1_050 }, (_, index) => named('lock', Buffer.from(String(index))));
    await Promise.all(objects.map(async ({ name, bytes }) => await store.put(name, bytes, signal)));
    const listed = await collect(store.list('lock', signal));
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(objects.map(({ name }) => name.id)));
    expect(listed).toHaveLength(1_050);
  });
});

describe('S3 that refuses', () => {
  const folder = suiteFolder('s3');
  let server: StoreServer;
  const place = () => `s3:http://127.0.0.1:${server.port}/backups/${randomUUID()}`;
  /** May write everything and remove locks alone. */
  const writer = { user: 'writer', secret: new Secret('writers-secret') };

  beforeAll(async () => {
    server = await startS3Server('backups');
    await addUser(server, writer.user, writer.secret.reveal());
    const bucket = 'arn:aws:s3:::backups';
    const statement = (effect: string, action: readonly string[], resource: readonly string[]) => ({
      ...{ Effect: effect, Principal: { AWS: [writer.user] }, Action: action, Resource: resource },
    });
    const policy = [
      statement('Allow', ['s3:ListBucket'], [bucket]),
      statement('Allow', ['s3:GetObject', 's3:PutObject'], [`${bucket}/*`]),
      statement('Allow', ['s3:DeleteObject'], [`${bucket}/*/locks/*`]),
    ];
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${server.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: s3Root.user, secretAccessKey: s3Root.secret },
    });
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: policy });
    await client.send(new PutBucketPolicyCommand({ Bucket: 'backups', Policy }));
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  test('to remove: backups work, and whoever thins out hears that it is append-only', async () => {
    const store = await open(place(), { account: writer });
    await using repository = await createRepository(store, new Secret(localPassword), localDeps, signal);
    const point = await backUpCycle(repository, 1);
    await backUpCycle(repository, 2);
    await expect(removePoint(repository, point)).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining('append-only') as string,
      remedy: expect.stringContaining('forget and prune with one that may delete') as string,
    });
    expect(await expectWholePoints(repository, [1, 2])).toBe(2);
    expect(await repository.listLocks(signal)).toEqual([]);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0 });
  });

  test('a clock that is wrong, in either direction, and names it', async () => {
    for (const offsetMs of [3_600_000, -3_600_000]) {
      const clock: Clock = {
        ...hastyClock,
        now: () => new Date(systemClock.now().getTime() + offsetMs),
      };
      const store = await open(place(), { account: root }, clock);
      const clockIsWrong = {
        code: 'AUTHENTICATION',
        message: expect.stringContaining('its clock and the clock of this machine differ') as string,
        remedy: expect.stringContaining('Set the clock of this machine') as string,
      };
      // The second time too: the library would by then have followed the clock of the server.
      for (let time = 1; time <= 2; time += 1) {
        await expect(store.sizeBytes(configName, signal)).rejects.toMatchObject(clockIsWrong);
        await expect(store.put(named('pack', pattern(9)).name, pattern(9), signal)).rejects.toMatchObject(
          clockIsWrong,
        );
      }
    }
  });

  test('a key, a secret or a bucket that is wrong, and says which', async () => {
    const at = place();
    const refused = async (options: StoreOptions, location = at) => {
      const store = await open(location, options);
      return await store.sizeBytes(configName, signal).then(
        () => expect.unreachable('it was let in'),
        (error: unknown) => error,
      );
    };
    const wrongKey = {
      code: 'AUTHENTICATION',
      message: expect.stringContaining('refuses the access key') as string,
    };
    expect(await refused({ account: { ...root, user: 'nobody' } })).toMatchObject(wrongKey);
    expect(await refused({ account: { ...root, secret: new Secret('wrong-secret') } })).toMatchObject(
      wrongKey,
    );
    expect(await refused({ account: root }, at.replace('/backups/', '/elsewhere/'))).toMatchObject({
      code: 'NOT_FOUND',
    });
    const elsewhere = await open(at.replace('/backups/', '/elsewhere/'));
    await expect(elsewhere.prepare(signal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no such bucket') as string,
    });
    await expect(open(at, {})).rejects.toMatchObject({ code: 'AUTHENTICATION' });
  });

  test('nothing, where its certificate is that of an authority that was given', async () => {
    const { certificatePem, privateKeyPem } = await selfSignedCertificate('store', systemClock);
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
    writeFileSync(certificate, certificatePem);
    writeFileSync(key, privateKeyPem);
    await using secure = await startS3Server('backups', ['--cert', certificate, '--key', key]);
    const at = `s3:https://127.0.0.1:${secure.port}/backups`;
    const trusting = await open(at, { account: root, caFile: certificate });
    await trusting.put(configName, pattern(100), signal);
    expect(await trusting.get(configName, 100, signal)).toEqual(pattern(100));
    const strict = await open(at, { account: root });
    await expect(strict.sizeBytes(configName, signal)).rejects.toMatchObject({
      code: 'UNTRUSTED_SERVER',
      retryable: false,
    });
  });

  test('conditions, as older servers do: objects are stored without, and the config is still not replaced', async () => {
    await using proxy = await StoreProxy.start(server.port);
    let refusals = 0;
    proxy.fateOf = ({ headers }) => {
      if (headers['if-none-match'] === undefined) return 'pass';
      refusals += 1;
      return 'not-implemented';
    };
    const store = await open(`s3:http://127.0.0.1:${proxy.port}/backups/${randomUUID()}`);
    await store.put(configName, pattern(100), signal);
    const { name, bytes } = named('pack', pattern(5000));
    await store.put(name, bytes, signal);
    expect(await store.get(name, 5000, signal)).toEqual(bytes);
    await expect(store.put(configName, pattern(10), signal)).rejects.toMatchObject({ code: 'CONFLICT' });
    // Asked once, remembered for all that follow.
    expect(refusals).toBe(1);
  });

  test('no session token: it travels with every request', async () => {
    await using proxy = await StoreProxy.start(server.port);
    const tokens = new Set<unknown>();
    proxy.fateOf = ({ headers }) => {
      tokens.add(headers['x-amz-security-token']);
      return 'pass';
    };
    const lent = { ...root, sessionToken: new Secret('lent-for-a-while') };
    const store = await open(`s3:http://127.0.0.1:${proxy.port}/backups`, { account: lent });
    await collect(store.list('pack', signal)).catch(() => undefined);
    expect([...tokens]).toEqual(['lent-for-a-while']);
  });
});

describe('a REST server', () => {
  test('that only takes: backups work, and whoever thins out hears that it is append-only', async () => {
    await using server = await startRestServer(['--append-only']);
    const store = await open(`rest:http://127.0.0.1:${server.port}/vms/`, { account: restUser });
    await using repository = await createRepository(store, new Secret(localPassword), localDeps, signal);
    const point = await backUpCycle(repository, 1);
    await backUpCycle(repository, 2);
    await expect(removePoint(repository, point)).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining('append-only') as string,
    });
    expect(await expectWholePoints(repository, [1, 2])).toBe(2);
    expect(await repository.listLocks(signal)).toEqual([]);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0 });
  });

  test('wants its password, over a connection that keeps it', async () => {
    await using server = await startRestServer(['--private-repos']);
    const at = `rest:http://127.0.0.1:${server.port}/${restAccount.user}/vms/`;
    const refusal = { code: 'AUTHENTICATION' };
    const wrong = { ...restUser, secret: new Secret('wrong') };
    await expect((await open(at, { account: wrong })).sizeBytes(configName, signal)).rejects.toMatchObject(
      refusal,
    );
    await expect((await open(at, {})).sizeBytes(configName, signal)).rejects.toMatchObject(refusal);
    const others = `rest:http://127.0.0.1:${server.port}/another/`;
    await expect((await open(others, { account: restUser })).prepare(signal)).rejects.toMatchObject(refusal);
    await expect(open('rest:http://backup.example/vms/', { account: restUser })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      remedy: 'Use https',
    });
    const store = await open(at, { account: restUser });
    await (
      await createRepository(store, new Secret(localPassword), localDeps, signal)
    )[Symbol.asyncDispose]();
    await using repository = await openRepository(store, new Secret(localPassword), localDeps, signal);
    await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    expect(lock.mode).toBe('shared');
  });

  test('with a quota says that it is full', async () => {
    await using server = await startRestServer(['--max-size', '100000']);
    const store = await open(`rest:http://127.0.0.1:${server.port}/vms/`, { account: restUser });
    await store.prepare(signal);
    const { name, bytes } = named('pack', randomBytes(200_000));
    await expect(store.put(name, bytes, signal)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(await collect(store.list('pack', signal))).toEqual([]);
  });
});

function loseOnce(proxy: StoreProxy, of?: string): void {
  let isLost = false;
  proxy.fateOf = ({ method }) => {
    const isIt = of === undefined ? ['PUT', 'POST'].includes(method) : method === of;
    if (!isIt || isLost) return 'pass';
    isLost = true;
    return 'answer-lost';
  };
}

function named(
  kind: ObjectKind,
  bytes: Uint8Array,
): { readonly name: ObjectName; readonly bytes: Uint8Array } {
  return { name: { kind, id: sha256(bytes) }, bytes };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function addUser(server: StoreServer, user: string, secret: string): Promise<void> {
  const args = ['admin', '--endpoint-url', `http://127.0.0.1:${server.port}`, 'create-user'];
  await promisify(execFile)(foreignProgram('versitygw'), [...args, '-a', user, '-s', secret, '-r', 'user'], {
    env: { ...process.env, ADMIN_ACCESS_KEY_ID: s3Root.user, ADMIN_SECRET_ACCESS_KEY: s3Root.secret },
  });
}
