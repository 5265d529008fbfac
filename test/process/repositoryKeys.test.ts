import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { qrModules } from '../../src/core/jobs/recoveryKit/qrCode.ts';
import { generateRecoveryPassword } from '../../src/core/jobs/recoveryKit/recoveryPassword.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { seededRandom } from '../support/seededRandom.ts';
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
  await cli.ok('repo', 'init', 'main', '--location', local.folder, '--password-file', local.passwordFile);
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
    await cli.ok('repo', 'open', 'by third', '--location', local.folder, '--password-file', third);

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

describe('a recovery kit', () => {
  test('opens the repository in restic, is readable by its owner alone and never overwrites', async () => {
    const { cli, local, passwordFile, keys } = await user();
    const page = join(cli.folder, 'kit.html');
    const { keyId } = (await cli.json('repo', 'kit', '--to', page)) as { keyId: string };
    const password = /\b(?:[2-9A-Z]{5}-){7}[2-9A-Z]{5}\b/.exec(readFileSync(page, 'utf8'))![0];
    await new Restic(local.folder, passwordFile('paper', password)).checkEverything();
    expect(statSync(page).mode & 0o777).toBe(0o600);
    const again = await cli.run('repo', 'kit', '--to', page);
    expect({ code: again.code, keys: (await keys()).length }).toEqual({ code: 6, keys: 2 });
    await cli.ok('repo', 'key', 'remove', keyId.slice(0, 10));
    await expect(new Restic(local.folder, join(cli.folder, 'paper')).run('snapshots')).rejects.toThrow(
      /wrong password/,
    );
  });
});

describe('the QR code of a recovery kit', () => {
  toolTest('zbarimg')('is read by another program as the password', () => {
    const folder = temporaryFolder('qr');
    for (let seed = 1; seed <= 20; seed += 1) {
      const password = generateRecoveryPassword(seededRandom(seed)).reveal();
      const path = join(folder, `${seed}.pgm`);
      writeFileSync(path, greyImage(qrModules(password)));
      const args = ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', path];
      const read = execFileSync('zbarimg', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      expect(read.toString().trim()).toBe(password);
    }
  });
});

/** As a scanner sees it: eight points a module, a quiet zone of four modules around. */
function greyImage(rows: readonly (readonly boolean[])[]): Buffer {
  const scale = 8;
  const side = (rows.length + 8) * scale;
  const pixels = Buffer.alloc(side * side, 255);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1)
      if (rows[Math.floor(y / scale) - 4]?.[Math.floor(x / scale) - 4] === true) pixels[y * side + x] = 0;
  return Buffer.concat([Buffer.from(`P5\n${side} ${side}\n255\n`), pixels]);
}

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
