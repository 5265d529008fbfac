import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');

interface Key {
  readonly id: string;
  readonly isCurrent: boolean;
}

/** A user with a repository, and files with passwords. */
async function user() {
  const cli = new QuiesceCli(temporaryFolder('keys'));
  const local = new LocalRepository(cli.repositoryFolder);
  const passwordFile = (name: string, password: string): string => {
    const path = join(cli.folder, name);
    writeFileSync(path, `${password}\n`, { mode: 0o600 });
    return path;
  };
  await cli.ok('repo', 'init', 'main', '--folder', local.folder, '--password-file', local.passwordFile);
  const keys = async () => (await cli.json('repo', 'key', 'list')) as Key[];
  return { cli, local, passwordFile, keys };
}

describe('passwords', () => {
  test('are added here and used by restic, added by restic and used here, and removed', async () => {
    const { cli, local, passwordFile, keys } = await user();
    const second = passwordFile('second', 'ein zweites Kennwort');
    const { id } = (await cli.json('repo', 'key', 'add', '--new-password-file', second)) as { id: string };
    const resticOfSecond = new Restic(local.folder, second);
    await resticOfSecond.checkEverything();
    const third = passwordFile('third', 'a third one');
    await resticOfSecond.run('key', 'add', '--new-password-file', third);
    expect(await keys()).toHaveLength(3);
    await cli.ok('repo', 'open', 'by third', '--folder', local.folder, '--password-file', third);

    await cli.ok('repo', 'key', 'remove', id.slice(0, 10), '--repo', 'main');
    await expect(resticOfSecond.run('snapshots')).rejects.toThrow(/wrong password/);
    const [current] = ((await cli.json('repo', 'key', 'list', '--repo', 'main')) as Key[]).filter(
      key => key.isCurrent,
    );
    const refused = await cli.run('repo', 'key', 'remove', current!.id, '--repo', 'main');
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('opened with') as string });
    expect((await cli.run('repo', 'key', 'remove', 'ffffffffffff', '--repo', 'main')).code).toBe(5);
    await local.restic.checkEverything();
  });

  test('are changed, and the configuration says where the new one is', async () => {
    const { cli, local, passwordFile, keys } = await user();
    const [old] = await keys();
    const secret = 'something quite new';
    const changed = await cli.run('repo', 'password', '--new-password-file', passwordFile('new', secret));
    expect(changed.code).toBe(0);
    expect((await keys()).map(({ id, isCurrent }) => [id === old!.id, isCurrent])).toEqual([[false, true]]);
    await expect(local.restic.run('snapshots')).rejects.toThrow(/wrong password/);
    await new Restic(local.folder, join(cli.folder, 'new')).checkEverything();
    const said = changed.stdout.toString() + changed.stderr;
    expect(said + readFileSync(join(cli.folder, 'config.json'), 'utf8')).not.toContain(secret);
    expect((await cli.run('repo', 'password', '--new-password-file', passwordFile('empty', ''))).code).toBe(
      3,
    );
  });

  test('are not changed while somebody works', async () => {
    const { cli, local, passwordFile } = await user();
    await using repository = await local.open();
    await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    expect(lock.mode).toBe('shared');
    const file = passwordFile('new', 'something');
    expect((await cli.run('repo', 'password', '--new-password-file', file)).code).toBe(6);
    await cli.ok('repo', 'key', 'add', '--new-password-file', file);
    await local.restic.run('snapshots');
  });
});

describe('quiesce repo unlock', () => {
  test('removes the lock of a restic that was killed, not of one that lives', async () => {
    const { cli, local } = await user();
    const start = async () => {
      const before = (await collect(local.store.list('lock', signal))).length;
      const child = spawn(
        'restic',
        ['--no-cache', '-r', local.folder, '--password-file', local.passwordFile, 'backup', '--stdin'],
        { stdio: ['pipe', 'ignore', 'ignore'] },
      );
      while ((await collect(local.store.list('lock', signal))).length === before)
        await systemClock.sleep(50, signal);
      return child;
    };
    const killed = await start();
    const living = await start();
    killed.kill('SIGKILL');
    await once(killed, 'close');
    const { removed, locks } = (await cli.json('repo', 'unlock')) as { removed: number; locks: object[] };
    expect({ removed, locks }).toMatchObject({ removed: 1, locks: [{ pid: living.pid, stale: false }] });
    expect((await cli.ok('repo', 'unlock')).toString()).toContain(`process ${living.pid}`);
    living.kill('SIGKILL');
    await once(living, 'close');
    expect((await cli.json('repo', 'unlock')) as object).toMatchObject({ removed: 1, locks: [] });
  });
});
