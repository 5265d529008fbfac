import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { startBackup } from '../../src/protocol/job.ts';
import {
  confirmRecoveryKit,
  declineRecoveryKit,
  makeRecoveryKit,
  readKitState,
} from '../../src/protocol/maintenance.ts';
import { createRepository } from '../../src/protocol/repository.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { crashOnly } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { talk } from '../support/talk.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('python3');

interface Entry {
  readonly action: string;
  readonly ids: readonly string[];
}

describe('before the first backup into a repository', () => {
  const folder = suiteFolder('kit');
  let lab: RunningLab;
  let cli: QuiesceCli;
  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    cli = new QuiesceCli(join(folder, 'user'));
    await cli.setUp(lab);
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  async function repository(name: string, ...options: readonly string[]): Promise<string> {
    const location = join(folder, name);
    const where = ['--location', location, '--password-file', cli.repositoryPasswordFile];
    await cli.ok('repo', 'init', name, ...where, ...options);
    return location;
  }

  const actions = async (name: string) => (await cli.json('audit', '--repo', name)) as Entry[];
  const backup = (name: string) => ['backup', 'web01', '--level', 'crash', '--repo', name];

  test('nothing is stored without a terminal, unless a kit is not wanted, which is written down', async () => {
    const location = await repository('headless');
    const refused = await cli.run(...backup('headless'));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/recovery kit has to be entered before the first backup/);
    expect(refused.stderr).toMatch(/What to do: .*repo kit --to FILE.*repo kit --confirm.*--no-kit/);
    expect(filesBelow(join(location, 'data'))).toEqual([]);
    expect(await actions('headless')).toEqual([]);

    await cli.ok('repo', 'kit', '--to', join(folder, 'unread.html'), '--repo', 'headless');
    expect((await cli.run(...backup('headless'))).code).toBe(2);
    expect((await cli.run('repo', 'kit', '--confirm', '--repo', 'headless')).code).toBe(2);

    await cli.ok(...backup('headless'), '--no-kit');
    await cli.ok(...backup('headless'));
    await cli.ok(...backup('headless'), '--no-kit');
    const made = (await actions('headless')).map(({ action }) => action);
    expect(made).toEqual(['add-key', 'decline-kit', 'backup', 'backup', 'backup']);
  });

  test('the kit is made and entered on the terminal, as people type, and never shown', async () => {
    await repository('asked');
    const page = join(folder, 'kit.html');
    const started = cli.startOnTerminal(...backup('asked'));
    const said = await talk(started, [
      [/New HTML file/, () => page],
      [/Password on the printed/, () => 'not what is on the page'],
      [/is not on its recovery kit[\s\S]*Password on the printed/, () => typed(page)],
    ]);
    expect({ said, code: (await started.result).code }).toMatchObject({ code: 0 });
    expect(said).not.toContain(typed(page));
    expect(said).not.toContain('not what is on the page');
    const [added, confirmed, backedUp] = await actions('asked');
    expect(added).toMatchObject({ action: 'add-key' });
    expect(confirmed).toMatchObject({ action: 'confirm-kit', ids: added!.ids });
    expect(backedUp).toMatchObject({ action: 'backup' });
    await cli.ok(...backup('asked'));
  });

  test('a kit that was made before is entered, or nothing is stored', async () => {
    const location = await repository('printed');
    const page = join(folder, 'printed.html');
    await cli.ok('repo', 'kit', '--to', page, '--repo', 'printed');
    const wrong = cli.startOnTerminal(...backup('printed'));
    const asking = /Password on the printed/;
    await talk(wrong, [
      [asking, () => 'a'],
      [asking, () => 'b'],
      [asking, () => 'c'],
    ]);
    expect((await wrong.result).code).toBe(3);
    expect(filesBelow(join(location, 'data'))).toEqual([]);
    const confirm = cli.startOnTerminal('repo', 'kit', '--confirm', '--repo', 'printed');
    await talk(confirm, [[asking, () => typed(page)]]);
    expect((await confirm.result).code).toBe(0);
    await cli.ok(...backup('printed'));
  });

  test('a repository can be made without one', async () => {
    await repository('without', '--no-kit');
    await cli.ok(...backup('without'));
    expect((await actions('without')).map(({ action }) => action)).toEqual(['decline-kit', 'backup']);
  });

  test('the worker starts none either, until the kit was entered or is not wanted', async () => {
    await using user = new WorkerUser(temporaryFolder('kw'));
    const client = await user.connect();
    await user.openPlaces(client, lab);
    const vm = await vmNamed(client, 'web01');
    const open = async (name: string) => {
      const params = { name, location: join(user.folder, name), password: 'a good password' };
      await client.request(createRepository, params, anySignal);
    };
    const backedUp = async (name: string) => {
      const params = { vm, repository: name, policy: crashOnly };
      const { jobId } = await client.request(startBackup, params, anySignal);
      return await new WatchedJob(client, jobId).ended;
    };
    await open('entered');
    expect(await backedUp('entered')).toMatchObject({ state: 'failed', error: { code: 'INVALID_INPUT' } });
    const state = async () => await client.request(readKitState, { repository: 'entered' }, anySignal);
    expect(await state()).toEqual({ isDecided: false, hasKit: false });
    const path = join(user.folder, 'kit.html');
    await client.request(makeRecoveryKit, { repository: 'entered', path }, anySignal);
    expect(await state()).toEqual({ isDecided: false, hasKit: true });
    const enter = async (password: string) =>
      await client.request(confirmRecoveryKit, { repository: 'entered', password }, anySignal);
    // The repository's own password is not on the page.
    for (const wrong of ['a good password', '', 'AAAAA'])
      await expect(enter(wrong)).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    await enter(typed(path));
    expect(await state()).toEqual({ isDecided: true, hasKit: true });
    expect(await backedUp('entered')).toMatchObject({ state: 'succeeded' });

    await open('declined');
    await client.request(declineRecoveryKit, { repository: 'declined' }, anySignal);
    expect(await backedUp('declined')).toMatchObject({ state: 'succeeded' });
  });
});

/** The password of a page as somebody types it: in small letters, without hyphens. */
function typed(page: string): string {
  const password = /\b(?:[2-9A-Z]{5}-){7}[2-9A-Z]{5}\b/.exec(readFileSync(page, 'utf8'))![0];
  return password.replaceAll('-', '').toLowerCase();
}
