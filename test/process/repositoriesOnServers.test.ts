import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { openObjectStore } from '../../src/core/repository/node/openObjectStore.ts';
import { createRepository, openRepository } from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { StoreAccount } from '../../src/core/repository/storeAccount.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { localDeps, localPassword } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { pattern } from '../support/pattern.ts';
import {
  backUpCycle,
  checkAll,
  cycleFiles,
  expectWholePoints,
  pruneAll,
  removePoint,
} from '../support/pruneCycle.ts';
import { Restic } from '../support/restic.ts';
import {
  restAccount,
  s3Root,
  startRestServer,
  startS3Server,
  type StoreServer,
} from '../support/storeServers.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic', 'go');
const deps = { clock: systemClock, random: systemRandom };

interface Kind {
  readonly name: string;
  readonly start: () => Promise<StoreServer>;
  readonly location: (port: number) => string;
  readonly account: StoreAccount;
  /** As restic wants it told. */
  readonly theirs: (location: string) => [repository: string, environment: Readonly<Record<string, string>>];
}

const kinds: readonly Kind[] = [
  {
    name: 'S3, versitygw',
    start: async () => await startS3Server('backups'),
    location: port => `s3:http://127.0.0.1:${port}/backups/${randomUUID()}`,
    account: { user: s3Root.user, secret: new Secret(s3Root.secret) },
    theirs: location => [location, { AWS_ACCESS_KEY_ID: s3Root.user, AWS_SECRET_ACCESS_KEY: s3Root.secret }],
  },
  {
    name: 'REST, rest-server',
    start: async () => await startRestServer(),
    location: port => `rest:http://127.0.0.1:${port}/${randomUUID()}/`,
    account: { user: restAccount.user, secret: new Secret(restAccount.password) },
    theirs: location => {
      const { user, password } = restAccount;
      return [location.replace('://', `://${user}:${encodeURIComponent(password)}@`), {}];
    },
  },
];

describe.each(kinds)('a repository on a server: $name', ({ start, location, account, theirs }) => {
  const folder = suiteFolder('servers');
  const passwordFile = join(folder, 'password');
  let server: StoreServer;

  beforeAll(async () => {
    writeFileSync(passwordFile, `${localPassword}\n`, { mode: 0o600 });
    server = await start();
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  const resticAt = (place: string) => {
    const [repository, environment] = theirs(place);
    return new Restic(repository, passwordFile, environment);
  };
  const storeAt = async (place: string) => await openObjectStore(place, { account }, deps);
  const openAt = async (place: string): Promise<Repository> =>
    await openRepository(await storeAt(place), new Secret(localPassword), localDeps, signal);

  test('is filled, read, thinned out and pruned, and restic agrees at every step', async () => {
    const place = location(server.port);
    await using repository = await createRepository(
      await storeAt(place),
      new Secret(localPassword),
      localDeps,
      signal,
    );
    const restic = resticAt(place);
    const points = [];
    for (const seed of [1, 2, 3]) points.push(await backUpCycle(repository, seed));
    await repository.record({ action: 'forget', subject: 'vm', ids: [] }, signal);
    await restic.checkEverything();
    for (const [index, id] of points.entries())
      expect(
        (await restic.dump(id, '/disk.raw')).equals(cycleFiles(index + 1)['disk.raw'] as Uint8Array),
      ).toBe(true);

    await removePoint(repository, points[1]!);
    const pruned = await pruneAll(repository);
    expect(pruned.removed.removedPacks.count).toBeGreaterThan(0);
    await restic.checkEverything();
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });

    await using again = await openAt(place);
    expect(await expectWholePoints(again, [1, 3])).toBe(2);
    const actions = [];
    for await (const entry of again.listAudit(signal)) if ('action' in entry) actions.push(entry.action);
    expect(actions.toSorted()).toEqual(['forget', 'prune']);
  });

  test('that restic made opens here, and takes ours', async () => {
    const place = location(server.port);
    const restic = resticAt(place);
    const source = join(folder, randomUUID());
    mkdirSync(source);
    writeFileSync(join(source, 'theirs.bin'), pattern(5 * MiB, 0, 4));
    await restic.run('init', '--repository-version', '2');
    await restic.run('backup', source);
    await using repository = await openAt(place);
    const theirPoints = [];
    for await (const entry of repository.listSnapshots(signal)) theirPoints.push(entry.id);
    expect(theirPoints).toHaveLength(1);
    const ours = await backUpCycle(repository, 9);
    await restic.checkEverything();
    expect((await restic.dump(ours, '/disk.raw')).equals(cycleFiles(9)['disk.raw'] as Uint8Array)).toBe(true);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0 });
  });

  test('keeps restic out while it is locked, and finds the locks of restic', async () => {
    const place = location(server.port);
    await using repository = await createRepository(
      await storeAt(place),
      new Secret(localPassword),
      localDeps,
      signal,
    );
    {
      await using lock = await repository.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
      expect(lock.mode).toBe('exclusive');
      await expect(resticAt(place).run('check')).rejects.toThrow(/already locked/);
    }
    await resticAt(place).run('check');
    expect(await repository.listLocks(signal)).toEqual([]);
  });

  test('is made once', async () => {
    const place = location(server.port);
    const make = async () =>
      await createRepository(await storeAt(place), new Secret(localPassword), localDeps, signal);
    await (await make())[Symbol.asyncDispose]();
    await expect(make()).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(
      openRepository(await storeAt(place), new Secret('another'), localDeps, signal),
    ).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: expect.stringContaining('opens none of its 1 keys') as string,
    });
    await expect(openAt(location(server.port))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
