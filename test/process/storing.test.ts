import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { compressions } from '../../src/core/codec/compression.ts';
import { inlineSealingPool } from '../../src/core/codec/inlineSealingPool.ts';
import type { MasterKey } from '../../src/core/codec/masterKey.ts';
import { createRepository } from '../../src/core/repository/openRepository.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { startBackup } from '../../src/protocol/job.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { localDeps, localPassword, LocalRepository } from '../support/localRepository.ts';
import { sampleManifest } from '../support/manifests.ts';
import { quiesced } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { sampleDisk, savePoint } from '../support/restorePoints.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

describe('what a backup stores', () => {
  const folder = suiteFolder('storing');
  let lab: RunningLab;
  let cli: QuiesceCli;
  beforeAll(async () => {
    lab = await RunningLab.start();
    cli = new QuiesceCli(join(folder, 'user'));
    await cli.setUp(lab);
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  /** A repository of its own, known by that name. */
  async function repository(name: string, ...options: readonly string[]) {
    const location = join(folder, name);
    const passwordFile = cli.repositoryPasswordFile;
    await cli.ok(
      'repo',
      'init',
      name,
      '--location',
      location,
      '--password-file',
      passwordFile,
      '--no-kit',
      ...options,
    );
    return { location, restic: new Restic(location, passwordFile) };
  }

  const packs = (location: string): number[] =>
    filesBelow(join(location, 'data')).map(path => statSync(path).size);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

  test('is read by restic, however it was compressed', async () => {
    const storedBytes: Record<string, number> = {};
    for (const compression of compressions) {
      const { location, restic } = await repository(`by ${compression}`);
      const chosen = ['--compression', compression, '--repo', `by ${compression}`];
      const { point } = (await cli.json('backup', 'web01', ...chosen)) as { point: string };
      storedBytes[compression] = sum(packs(location));
      await restic.checkEverything();
      const { position } = (await lab.snapshots()).at(-1)!.disks[0]!;
      const disk = await lab.diskHash('web01', 2000, position);
      expect(await restic.diskHash(point, 2000, join(folder, 'restored'))).toBe(disk);
    }
    // The rest are differences of nothing: what the lab's small guest holds is mostly of one kind.
    expect(storedBytes['off']).toBeGreaterThan(10 * storedBytes['fast']!);
  });

  test('is smaller the harder it tries', async () => {
    const program = readFileSync(process.execPath).subarray(0, 24 * MiB);
    const storedBytes: number[] = [];
    for (const compression of compressions) {
      const local = new LocalRepository(join(folder, `program by ${compression}`));
      const deps = {
        ...localDeps,
        sealingPool: (key: MasterKey) => inlineSealingPool(key, compression, systemRandom),
      };
      await using repository = await createRepository(
        local.store,
        new Secret(localPassword),
        deps,
        anySignal,
      );
      const disk = sampleDisk({ capacityBytes: program.length });
      const manifest = { ...sampleManifest(), disks: [disk] };
      await savePoint(repository, { manifest, contents: new Map([[disk.key, program]]) });
      storedBytes.push(sum(packs(local.folder)));
      await local.restic.checkEverything();
    }
    const [off, fast, auto, max] = storedBytes as [number, number, number, number];
    console.log(`a program of ${program.length} bytes: off ${off}, fast ${fast}, auto ${auto}, max ${max}`);
    expect(off).toBeGreaterThan(fast);
    expect(fast).toBeGreaterThan(auto);
    expect(auto).toBeGreaterThan(max);
  });

  test('lies in packs of the size that was asked for, or that is configured', async () => {
    const { location, restic } = await repository('small', '--pack-size', '4', '--compression', 'off');
    await cli.ok('backup', 'web01', '--repo', 'small');
    const configured = packs(location);
    expect(configured.length).toBeGreaterThan(4);
    // A pack is closed once it is full, so that the last blob may stand over.
    expect(Math.max(...configured)).toBeLessThan(6 * MiB);
    const plain = await repository('plain', '--compression', 'off');
    await cli.ok('backup', 'web01', '--repo', 'plain', '--pack-size', '128');
    expect(Math.max(...packs(plain.location))).toBeGreaterThan(8 * MiB);
    await restic.checkEverything();
    await plain.restic.checkEverything();
    expect(JSON.parse(readFileSync(join(cli.folder, 'config.json'), 'utf8'))).toMatchObject({
      repositories: { small: { packMiB: 4, compression: 'off' } },
    });
  });

  test('cannot be asked for in sizes and words that nobody knows', async () => {
    for (const [option, value] of [
      ['--pack-size', '3'],
      ['--pack-size', '129'],
      ['--compression', 'best'],
    ] as const) {
      const refused = await cli.run('backup', 'web01', '--repo', 'main', option, value);
      expect({ code: refused.code, stderr: refused.stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(value) as string,
      });
    }
    expect(readdirSync(join(cli.repositoryFolder, 'snapshots'))).toEqual([]);
  });

  test('is compressed and packed as the editor says, too', async () => {
    await using user = new WorkerUser(temporaryFolder('storing-worker'));
    const client = await user.connect();
    await user.openPlaces(client, lab);
    const password = readFileSync(user.repositoryPasswordFile, 'utf8').trim();
    const params = { name: 'main', location: user.repositoryFolder, password };
    await client.request(openRepository, { ...params, compression: 'off', packMiB: 4 }, anySignal);
    const vm = await vmNamed(client, 'web01');
    const backup = { vm, repository: 'main', policy: quiesced };
    const { jobId } = await client.request(startBackup, backup, anySignal);
    expect(await new WatchedJob(client, jobId).ended).toMatchObject({ state: 'succeeded' });
    const sizes = packs(user.repositoryFolder);
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThan(6 * MiB);
    await new Restic(user.repositoryFolder, user.repositoryPasswordFile).checkEverything();
    const refused = client.request(openRepository, { ...params, packMiB: 3 }, anySignal);
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
