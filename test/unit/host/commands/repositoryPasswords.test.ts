import { expect, test } from 'vitest';
import type { Uri } from 'vscode';

import {
  addRepositoryPassword,
  changePasswordOfRepository,
  listRepositoryPasswords,
  removeRepositoryPassword,
} from '../../../../src/host/commands/repositoryPasswords.ts';
import { Credentials } from '../../../../src/host/secrets.ts';
import { Pages } from '../../../../src/host/pages.ts';
import type { PointTreeNode } from '../../../../src/host/model/pointTreeModel.ts';
import {
  addKey,
  changeRepositoryPassword,
  type KeyDto,
  listKeys,
  removeKey,
} from '../../../../src/protocol/maintenance.ts';
import { listRepositories, openRepository } from '../../../../src/protocol/repository.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { registeredCommands } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, memorySecrets } from '../hostFixture.ts';

const row: PointTreeNode = { kind: 'repository', name: 'main', location: '/backups/main' };
const key = (id: string, over: Partial<KeyDto> = {}): KeyDto => ({
  ...{ id: id.repeat(64), username: 'backup', hostname: 'jump' },
  ...{ isRecoveryKit: false, isCurrent: false, ...over },
});
const ours = key('a', { isCurrent: true });
const kit = key('b', { isRecoveryKit: true, createdAt: new Date(2026, 2, 1, 12).toISOString() });

test('the passwords of a repository are a page', async () => {
  const shown: Uri[] = [];
  registeredCommands.set('markdown.showPreview', uri => shown.push(uri as Uri));
  const { host } = await withRepository(new ScriptedUi([]));
  const pages = new Pages();
  await listRepositoryPasswords({ ...host, pages }, row);
  const page = pages.provideTextDocumentContent(shown[0]!);
  expect(page).toMatch(/aaaaaaaaaa .*in use here/);
  expect(page).toMatch(/bbbbbbbbbb .*recovery kit/);
});

test('another password is asked for twice and added; nothing of it is kept', async () => {
  const ui = new ScriptedUi([{ type: '' }, { type: 'second' }, { type: 'other' }, { type: 'second' }]);
  const { host, worker } = await withRepository(ui);
  await addRepositoryPassword(host, row);
  expect(ui.refused).toEqual(['Enter a password', 'The two passwords differ']);
  expect(worker.paramsOf(addKey)).toEqual([{ repository: 'main', password: 'second' }]);
  expect(await host.credentials.find('repository/main', signal)).toBe('first');
  expect(JSON.stringify([ui.told, ui.shown])).not.toContain('second');
});

test('a changed password is kept, and the repository opened with it', async () => {
  const { host, worker } = await withRepository(new ScriptedUi([{ type: 'new' }, { type: 'new' }]));
  await changePasswordOfRepository(host, row);
  expect(worker.paramsOf(changeRepositoryPassword)).toEqual([{ repository: 'main', password: 'new' }]);
  expect(await host.credentials.find('repository/main', signal)).toBe('new');
  expect(worker.paramsOf(openRepository)).toEqual([
    { name: 'main', location: '/backups/main', password: 'new' },
  ]);
});

test('a password is removed once that is confirmed, never the one in use', async () => {
  const ui = new ScriptedUi([{ pick: 'bbbbbbbbbb' }]);
  const { host, worker } = await withRepository(ui);
  await removeRepositoryPassword(host, row);
  expect(worker.paramsOf(removeKey)).toEqual([{ repository: 'main', keyId: kit.id }]);
  expect(ui.confirmations[0]?.question).toContain('bbbbbbbbbb');

  const own = await withRepository(new ScriptedUi([{ pick: 'aaaaaaaaaa' }]));
  await expect(removeRepositoryPassword(own.host, row)).rejects.toThrow(/no aaaaaaaaaa among bbbbbbbbbb/);
  const unsure = await withRepository(new ScriptedUi([{ pick: 'bbbbbbbbbb' }], { confirms: false }));
  await expect(removeRepositoryPassword(unsure.host, row)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(unsure.worker.paramsOf(removeKey)).toEqual([]);
});

async function withRepository(ui: ScriptedUi) {
  const fixture = hostFixture(ui);
  const known = { name: 'main', location: '/backups/main' };
  fixture.worker
    .on(listRepositories, () => ({ repositories: [{ ...known, id: 'i' }] }))
    .on(openRepository, () => ({ ...known, id: 'i' }))
    .on(listKeys, () => ({ keys: [ours, kit] }))
    .on(addKey, () => ({ keyId: 'c' }))
    .on(changeRepositoryPassword, () => ({ keyId: 'd' }))
    .on(removeKey, () => ({}));
  await fixture.host.known.saveRepository(known);
  await fixture.host.credentials.keep('repository/main', 'first');
  return fixture;
}

test('a password that a command gives is not changed here', async () => {
  const { host, worker } = await withRepository(new ScriptedUi([]));
  const settings = { passwordCommands: { 'repository/main': 'pass show main' }, repositoryUse: {} };
  const credentials = new Credentials(memorySecrets(), () => settings);
  await expect(changePasswordOfRepository({ ...host, credentials }, row)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('quiesce.passwordCommands') as string,
    remedy: expect.stringContaining('where the command finds it') as string,
  });
  expect(worker.paramsOf(changeRepositoryPassword)).toEqual([]);
});
