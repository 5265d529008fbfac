import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { listVolumes, readGuestFile, unlockVolumes } from '../../src/protocol/guest.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { encryptedFiles, encryptedPassphrase } from '../images/encrypted.ts';
import { readImage } from '../images/images.ts';
import { anySignal } from '../support/anySignal.ts';
import { localPassword, LocalRepository } from '../support/localRepository.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { storeVm } from '../support/storedVm.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { WorkerUser } from '../support/workerUser.ts';

const [path, content] = [...encryptedFiles].at(-1)!;

test('on the command line a passphrase opens what is encrypted, and is nowhere afterwards', async () => {
  const local = new LocalRepository();
  const { vmName } = await storeVm(local, [readImage('luks2')]);
  const cli = new QuiesceCli(temporaryFolder('encrypted'));
  await cli.ok(
    ...['repo', 'open', 'main', '--location', local.folder],
    ...['--password-file', local.passwordFile],
  );
  const file = join(cli.folder, 'passphrase');
  writeFileSync(file, `${encryptedPassphrase}\n`, { mode: 0o600 });

  expect(await cli.json('ls', vmName)).toMatchObject([{ volume: 0, content: 'luks' }]);
  const closed = await cli.run('cat', vmName, path);
  expect(closed.code).not.toBe(0);
  expect(closed.stderr).toContain('the volume is encrypted with LUKS and has not been unlocked');

  const passphrase = ['--passphrase-file', file];
  expect(await cli.json('ls', vmName, ...passphrase)).toMatchObject([
    { volume: 0, content: 'member' },
    { volume: 1001, content: 'ext' },
  ]);
  expect((await cli.run('cat', vmName, path, ...passphrase)).stdout.toString()).toBe(content);
  expect(await cli.json('versions', vmName, path, ...passphrase)).toMatchObject([
    { sizeBytes: content.length },
  ]);
  const target = join(cli.folder, 'restored');
  await cli.ok('restore', 'file', vmName, `/${path}`, '--to', target, ...passphrase);
  expect(readFileSync(join(target, 'lines.txt'), 'utf8')).toBe(content);

  for (const wrong of ['printf wrong', `printf '${encryptedPassphrase}' | tr h H`]) {
    const refused = await cli.run('ls', vmName, '--passphrase-command', wrong);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(`the passphrase opens no encrypted volume of ${vmName}`);
  }
  expect((await cli.run('ls', vmName, '--ask-passphrase')).stderr).toContain('there is no terminal');
  rmSync(file);
  expect(filesWith(cli.folder, encryptedPassphrase)).toEqual([]);
});

test('the worker opens it for all restore points, and keeps the key in memory alone', async () => {
  const local = new LocalRepository();
  const { points, deviceKey } = await storeVm(local, [readImage('luks2')]);
  const [point] = points;
  const folder = mkdtempSync(join(tmpdir(), 'q'));
  try {
    await using user = new WorkerUser(folder);
    const client = await user.connect();
    const repository = { name: 'main', location: local.folder, password: localPassword };
    await client.request(openRepository, repository, anySignal);
    const ref = { repository: 'main', point: point! };
    const kinds = async () => {
      const { disks } = await client.request(listVolumes, ref, anySignal);
      return disks.flatMap(({ volumes }) => volumes.map(({ content: found }) => found?.kind));
    };
    expect(await kinds()).toEqual(['luks']);
    await expect(
      client.request(unlockVolumes, { ...ref, passphrase: 'wrong' }, anySignal),
    ).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    expect(await kinds()).toEqual(['luks']);
    const { disks } = await client.request(
      unlockVolumes,
      { ...ref, passphrase: encryptedPassphrase },
      anySignal,
    );
    expect(disks.flatMap(({ volumes }) => volumes.map(({ volumeIndex }) => volumeIndex))).toEqual([0, 1001]);
    expect(await kinds()).toEqual(['member', 'ext']);
    const at = { ...ref, deviceKey, volumeIndex: 1001, path };
    const page = await client.request(
      readGuestFile,
      { ...at, offsetBytes: 0, lengthBytes: content.length },
      anySignal,
    );
    expect(Buffer.from(page.content, 'base64').toString()).toBe(content);
    expect(filesWith(folder, encryptedPassphrase)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(file => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .filter(file => readFileSync(file).includes(text));
}
