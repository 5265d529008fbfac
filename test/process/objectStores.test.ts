import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { openObjectStore } from '../../src/core/repository/node/openObjectStore.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import { objectStoreContract } from '../contract/objectStore.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import {
  restAccount,
  s3Root,
  startRestServer,
  startS3Server,
  type StoreServer,
} from '../support/storeServers.ts';

const deps = { clock: systemClock, random: systemRandom };
const servers: StoreServer[] = [];

beforeAll(async () => {
  servers.push(await startS3Server('backups'), await startRestServer());
});
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

// A folder that is named anew is an empty store.
objectStoreContract('S3, versitygw', async () => {
  const account = { user: s3Root.user, secret: new Secret(s3Root.secret) };
  const location = `s3:http://127.0.0.1:${servers[0]!.port}/backups/${randomUUID()}`;
  return { store: await prepared(await openObjectStore(location, { account }, deps)) };
});

objectStoreContract('REST, rest-server', async () => {
  const account = { user: restAccount.user, secret: new Secret(restAccount.password) };
  const location = `rest:http://127.0.0.1:${servers[1]!.port}/${randomUUID()}`;
  return { store: await prepared(await openObjectStore(location, { account }, deps)) };
});

async function prepared(store: ObjectStore): Promise<ObjectStore> {
  await store.prepare(signal);
  return store;
}
