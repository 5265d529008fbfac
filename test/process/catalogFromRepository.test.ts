import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { listVolumes } from '../../src/protocol/guest.ts';
import { listPoints } from '../../src/protocol/point.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { anySignal } from '../support/anySignal.ts';
import { FaultBench } from '../support/faultBench.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { WorkerUser } from '../support/workerUser.ts';

describe('the repository alone tells everything about what is in it', () => {
  const folder = suiteFolder('catalog');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder, ['--no-activity']);
    for (const vm of ['web01', 'db01', 'web01']) await bench.succeeds('backup', vm);
    await bench.succeeds('backup', 'web01', 'db01', '--group', 'shop');
    const [newest] = (await bench.cli.json('points', 'db01')) as { id: string }[];
    await bench.succeeds('pin', newest!.id);
    await bench.succeeds('forget', '--keep-last', '2', '--yes');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  /** What every listing of the command line prints, for people and for programs. */
  async function everyListing(cli: QuiesceCli): Promise<Record<string, string>> {
    const points = (await cli.json('points')) as { id: string }[];
    expect(points).toHaveLength(4);
    const commands = [
      ['points'],
      ['points', 'web01'],
      ['audit'],
      ['repo', 'key', 'list'],
      ['repo', 'check'],
      ['forget', '--keep-last', '1', '--plan'],
      // The newest of each VM.
      ...['web01', 'db01'].flatMap(id => [
        ['ls', id],
        ['ls', id, '/etc', '--disk', '2000'],
        ['cat', id, '/etc/fstab', '--disk', '2000'],
        ['restore', 'disk', id, '--disk', '2000', '--to', join(folder, 'never.raw'), '--plan'],
      ]),
    ];
    const said: Record<string, string> = {};
    for (const command of commands) {
      said[command.join(' ')] = (await cli.ok(...command)).toString();
      if (command.length === 1)
        said[`${command.join(' ')} --json`] = (await cli.ok(...command, '--json')).toString();
    }
    return said;
  }

  test('the command line prints the same on a computer that has nothing else', async () => {
    const before = await everyListing(bench.cli);
    const stranger = new QuiesceCli(join(folder, 'stranger'));
    const repository = join(folder, 'user', 'repository');
    const password = bench.cli.repositoryPasswordFile;
    await stranger.ok('repo', 'open', 'main', '--location', repository, '--password-file', password);
    expect(await everyListing(stranger)).toEqual(before);

    // And the one who made the backups, once all that was kept beside the repository is lost.
    for (const name of readdirSync(bench.cli.folder))
      if (!name.startsWith('repository')) rmSync(join(bench.cli.folder, name), { recursive: true });
    expect(readdirSync(bench.cli.folder).toSorted()).toEqual(['repository', 'repository-password']);
    await bench.cli.ok('repo', 'open', 'main', '--location', repository, '--password-file', password);
    expect(await everyListing(bench.cli)).toEqual(before);
  });

  test('a worker lists the same from the repository as from a copy of it elsewhere', async () => {
    const copy = join(folder, 'elsewhere');
    mkdirSync(copy);
    cpSync(join(folder, 'user', 'repository'), join(copy, 'repository'), { recursive: true });
    const listings = await Promise.all(
      [join(folder, 'user', 'repository'), join(copy, 'repository')].map(async (location, index) => {
        await using user = new WorkerUser(temporaryFolder(`cw${index}`));
        const client = await user.connect();
        const password = 'correct horse battery staple';
        const { id } = await client.request(openRepository, { name: 'main', location, password }, anySignal);
        const points = await client.request(listPoints, { repository: 'main' }, anySignal);
        const [point] = points.sets.flatMap(set => set.points);
        const ref = { repository: 'main', point: point!.id };
        const volumes = await client.request(listVolumes, ref, anySignal);
        return { id, points, volumes };
      }),
    );
    expect(listings[1]).toEqual(listings[0]);
    expect(listings[0]?.points.sets).toHaveLength(2);
  });
});
