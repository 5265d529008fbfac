import { EventEmitter, Uri, type WebviewPanel } from 'vscode';
import { beforeEach, expect, test } from 'vitest';

import { EditorLink } from '../../../../media/shared/rpc.ts';
import { AppError } from '../../../../src/base/errors.ts';
import { RestoreBrowser } from '../../../../src/host/webviews/restoreBrowser.ts';
import { listGuestFolder, listVolumes, statGuestNode } from '../../../../src/protocol/guest.ts';
import type { JobDto } from '../../../../src/protocol/job.ts';
import { listPoints, readPoint } from '../../../../src/protocol/point.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import {
  browserChanged,
  enterRepositoryPassword,
  listBackupSets,
  listBrowserRepositories,
  listDisks,
  listFolder,
  openEntry,
  runRestore,
  showTarget,
  startBrowser,
} from '../../../../src/protocol/webview/restoreBrowser.ts';
import { toWireError } from '../../../../src/protocol/wireError.ts';
import { anySignal } from '../../../support/anySignal.ts';
// The test's side of the editor's module, which the alias gives the code under test.
import { FakeWebviewPanel, registeredCommands, webviewPanels } from '../../../support/fakeVscode.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { guestNode, hostFixture, pointId } from '../hostFixture.ts';

const target = { repository: 'main', vmInstanceUuid: 'u', point: pointId };
const volume = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1 };

beforeEach(() => {
  webviewPanels.length = 0;
  registeredCommands.clear();
});

async function fixture() {
  const { host, worker } = hostFixture(new ScriptedUi([]));
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  await host.credentials.keep('repository/main', 'right');
  worker.on(openRepository, ({ name, location, password }) => {
    if (password !== 'right') throw new AppError('AUTHENTICATION', 'the password is wrong');
    return { name, location, id: 'i' };
  });
  const lost = new EventEmitter<void>();
  const jobsChanged = new EventEmitter<void>();
  const jobs: JobDto[] = [];
  const browser = new RestoreBrowser({
    worker: Object.assign(worker, { onDidLose: lost.event }),
    ...{ known: host.known, places: host.places, clock: host.clock },
    jobs: { all: () => jobs, onDidChange: jobsChanged.event },
    random: { bytes: length => new Uint8Array(length).fill(7) },
    extensionUri: Uri.file('/extension'),
  });
  return { browser, worker, host, lost, jobs, jobsChanged };
}

/** The page in a panel, as long as it is not hidden. */
function pageIn(panel: FakeWebviewPanel, session = 'page-1'): EditorLink {
  return new EditorLink(
    {
      post: message => setImmediate(() => panel.receive(structuredClone(message))),
      onMessage: listener => panel.onDidPost.event(message => setImmediate(() => listener(message))),
    },
    session,
  );
}

function onlyPanel(): FakeWebviewPanel {
  expect(webviewPanels).toHaveLength(1);
  return webviewPanels[0]!;
}

test('the page may run its own script and load its own style sheet, and nothing else', async () => {
  (await fixture()).browser.show();
  const { html, options } = onlyPanel().webview;
  const nonce = '07'.repeat(16);
  expect(/Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]).toBe(
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src https://resources.test 'nonce-${nonce}'`,
  );
  expect(html).toContain(`nonce="${nonce}" src="https:///extension/dist/media/restoreBrowser.js"`);
  expect(html).toContain('href="https:///extension/dist/media/restoreBrowser.css"');
  expect(html).not.toContain('unsafe');
  expect(options.enableScripts).toBe(true);
  expect(options.localResourceRoots?.map(({ path }) => path)).toEqual(['/extension/dist/media']);
  expect(options).not.toHaveProperty('retainContextWhenHidden');
});

test('there is one panel; showing it again brings it forward and tells its page where to go', async () => {
  const { browser } = await fixture();
  browser.show(target);
  const panel = onlyPanel();
  const page = pageIn(panel);
  expect((await page.request(startBrowser, {}, anySignal)).target).toEqual(target);
  const shown: unknown[] = [];
  page.on(showTarget, where => shown.push(where));
  browser.show({ repository: 'other' });
  await expect.poll(() => shown).toEqual([{ repository: 'other' }]);
  browser.show();
  expect(onlyPanel().revealedCount).toBe(2);
  expect((await page.request(startBrowser, {}, anySignal)).target).toBeUndefined();
});

test('a page that is hidden has ended: what it asked is cancelled, and the next one is told where to go', async () => {
  const { browser, worker } = await fixture();
  let signal: AbortSignal | undefined;
  worker.request = async (type, _, given) => {
    if (type.method !== listPoints.method) return { repositories: [{ name: 'main' }] } as never;
    signal = given;
    return await new Promise(() => undefined);
  };
  browser.show();
  const panel = onlyPanel();
  const asked = pageIn(panel).request(listBackupSets, { repository: 'main' }, anySignal);
  asked.catch(() => undefined);
  await expect.poll(() => signal).toBeDefined();
  panel.setVisible(false);
  expect(signal?.aborted).toBe(true);
  browser.show(target);
  const next = pageIn(panel, 'page-2');
  expect((await next.request(startBrowser, {}, anySignal)).target).toEqual(target);
});

test('a panel that was closed is opened anew', async () => {
  const { browser } = await fixture();
  browser.show();
  onlyPanel().dispose();
  browser.show();
  expect(webviewPanels).toHaveLength(2);
});

test('after a reload the panel is taken over, and one beside it is closed', async () => {
  const { browser } = await fixture();
  const [restored, extra] = [new FakeWebviewPanel(), new FakeWebviewPanel()];
  await browser.deserializeWebviewPanel(restored as unknown as WebviewPanel);
  await browser.deserializeWebviewPanel(extra as unknown as WebviewPanel);
  expect([restored.isDisposed, extra.isDisposed]).toEqual([false, true]);
  expect(restored.webview.html).toContain('restoreBrowser.js');
  browser.show();
  expect([restored.revealedCount, webviewPanels.length]).toEqual([1, 0]);
});

test('the page is told of new restore points, of repositories, and when the worker is gone', async () => {
  const { browser, jobs, jobsChanged, lost, host } = await fixture();
  browser.show();
  const page = pageIn(onlyPanel());
  await page.request(startBrowser, {}, anySignal);
  const heard: string[] = [];
  page.on(browserChanged, ({ change }) => heard.push(change));
  const job = { id: 'j', kind: 'backup', object: 'web01', state: 'running', phase: '', doneBytes: 0 };
  jobs.push({ ...job, startedAt: '' } as JobDto);
  jobsChanged.fire();
  jobs[0] = { ...jobs[0]!, state: 'succeeded' };
  jobsChanged.fire();
  jobsChanged.fire();
  await expect.poll(() => heard).toEqual(['points']);
  lost.fire();
  await host.known.removeRepository('main');
  await expect.poll(() => heard).toEqual(['points', 'worker-lost', 'repositories']);
});

test('what the page asks is asked of the worker, with the repository open', async () => {
  const { browser, worker } = await fixture();
  const point = { id: pointId, takenAt: '2026-03-01T10:00:00Z', vmName: 'web01', serverInstanceUuid: 's' };
  const disk = { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1024, scheme: 'none' as const };
  worker
    .on(listPoints, () => ({
      sets: [{ vmInstanceUuid: 'u', vmName: 'web01', points: [point] }],
      problems: [toWireError(new AppError('CORRUPT_DATA', 'a snapshot is damaged'))],
    }))
    .on(listVolumes, () => ({ disks: [{ ...disk, volumes: [], problems: [] }] }))
    .on(
      readPoint,
      () => ({ leftOutDisks: [{ deviceKey: 1, label: 'Hard disk 2', reason: 'it is shared' }] }) as never,
    )
    .on(listGuestFolder, () => ({
      fileSystem: { kind: 'ext4', label: '', journal: 'clean' as const, problems: [] },
      entries: [guestNode('hosts')],
      unreadable: [],
      totalCount: 1,
      problems: [],
    }));
  browser.show();
  const page = pageIn(onlyPanel());
  expect(await page.request(listBrowserRepositories, {}, anySignal)).toEqual({
    repositories: [{ name: 'main', location: '/backups/main' }],
  });
  const sets = await page.request(listBackupSets, { repository: 'main' }, anySignal);
  expect(sets).toMatchObject({ sets: [{ vmName: 'web01' }], problems: ['A snapshot is damaged.'] });
  const { disks, notices } = await page.request(listDisks, { repository: 'main', point: pointId }, anySignal);
  expect([disks[0]?.label, notices[0]?.text]).toEqual([
    'Hard disk 1',
    'Hard disk 2 is not in this restore point: it is shared',
  ]);
  const folder = { ...volume, path: '/etc', offset: 0, limit: 200, nameContains: 'ho' };
  expect(await page.request(listFolder, folder, anySignal)).toMatchObject({
    entries: [{ name: 'hosts', size: '1.5 KiB' }],
    totalCount: 1,
  });
  expect(worker.paramsOf(listGuestFolder)).toEqual([{ ...folder, foldersFirst: true }]);
  expect(worker.paramsOf(openRepository)).not.toHaveLength(0);
});

test('a repository whose password is not known says so, and the page can ask for it', async () => {
  const { browser, host } = await fixture();
  await host.credentials.forget('repository/main');
  const rows: unknown[] = [];
  registeredCommands.set('quiesce.enterPassword', row => rows.push(row));
  browser.show();
  const page = pageIn(onlyPanel());
  await expect(page.request(listBackupSets, { repository: 'main' }, anySignal)).rejects.toMatchObject({
    code: 'AUTHENTICATION',
  });
  await page.request(enterRepositoryPassword, { repository: 'main' }, anySignal);
  expect(rows).toEqual([{ kind: 'repository', name: 'main', location: '/backups/main' }]);
});

test('a file is opened by the editor, a link is followed, a folder is for the page, and a socket is neither', async () => {
  const { browser, worker } = await fixture();
  const nodes: Readonly<Record<string, ReturnType<typeof guestNode>>> = {
    '/etc/hosts': guestNode('hosts'),
    '/etc/link': guestNode('link', { kind: 'symlink', linkTarget: '../var/log' }),
    '/var/log': guestNode('log', { kind: 'directory' }),
    '/run/socket': guestNode('socket', { kind: 'socket' }),
  };
  worker.on(statGuestNode, ({ path }) => nodes[path]!);
  const opened: { readonly at: { readonly path: string } }[] = [];
  registeredCommands.set('quiesce.openGuestFile', row => opened.push(row as never));
  browser.show();
  const page = pageIn(onlyPanel());
  const open = async (path: string) => await page.request(openEntry, { ...volume, path }, anySignal);
  expect(await open('/etc/hosts')).toEqual({});
  expect(await open('/etc/link')).toEqual({ folder: '/var/log' });
  await expect(open('/run/socket')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(opened.map(({ at }) => at.path)).toEqual(['/etc/hosts']);
});

test('what is restored is given to the command that restores it', async () => {
  const { browser, worker } = await fixture();
  const disk = { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1024, scheme: 'none' as const };
  worker
    .on(listVolumes, () => ({ disks: [{ ...disk, volumes: [], problems: [] }] }))
    .on(
      readPoint,
      () => ({ id: pointId, takenAt: '', vm: { name: 'web01' }, server: { instanceUuid: 's' } }) as never,
    );
  const run: [string, unknown][] = [];
  for (const id of ['restoreGuestFile', 'restoreDisk', 'restoreVm', 'restoreToGuest', 'unlockVolumes'])
    registeredCommands.set(`quiesce.${id}`, argument => run.push([id, argument]));
  browser.show();
  const page = pageIn(onlyPanel());
  expect((await page.request(startBrowser, {}, anySignal)).canRestoreToGuest).toBe(true);
  const point = { repository: 'main', point: pointId };
  const paths = [{ ...volume, path: '/etc' }];
  await page.request(runRestore, { kind: 'files', paths }, anySignal);
  await page.request(runRestore, { kind: 'guest', paths }, anySignal);
  await page.request(runRestore, { kind: 'disk', point, deviceKey: 2000 }, anySignal);
  await page.request(runRestore, { kind: 'vm', point }, anySignal);
  await page.request(runRestore, { kind: 'unlock', point }, anySignal);
  expect(run).toMatchObject([
    ['restoreGuestFile', { paths }],
    ['restoreToGuest', { paths }],
    ['restoreDisk', { kind: 'disk', ref: point, disk: { deviceKey: 2000 } }],
    ['restoreVm', { kind: 'point', ref: point, point: { id: pointId, vmName: 'web01' } }],
    ['unlockVolumes', { kind: 'point', ref: point, point: { id: pointId, vmName: 'web01' } }],
  ]);
  await expect(
    page.request(runRestore, { kind: 'disk', point, deviceKey: 7 }, anySignal),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('without the command that restores into guests the page offers none', async () => {
  (await fixture()).browser.show();
  const start = await pageIn(onlyPanel()).request(startBrowser, {}, anySignal);
  expect(start).toEqual({ texts: {}, canRestoreToGuest: false });
});
