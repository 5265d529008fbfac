import { EventEmitter, Uri, type WebviewPanel } from 'vscode';
import { afterEach, expect, inject } from 'vitest';

import { AppError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { RestoreBrowser } from '../../src/host/webviews/restoreBrowser.ts';
import {
  beginSearch,
  continueSearch,
  endSearch,
  type SearchPageDto,
} from '../../src/protocol/guestSearch.ts';
import {
  type GuestListResult,
  type GuestNodeDto,
  listGuestFolder,
  listVolumes,
  statGuestNode,
} from '../../src/protocol/guest.ts';
import type { JobDto } from '../../src/protocol/job.ts';
import { type BackupSetDto, listPoints, readPoint } from '../../src/protocol/point.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { FakeWebviewPanel, registeredCommands } from '../support/fakeVscode.ts';
import { PageInBrowser } from '../support/pageInBrowser.ts';
import { ScriptedUi } from '../support/scriptedUi.ts';
import { toolTest } from '../support/tools.ts';
import { guestNode, hostFixture, pointId } from '../unit/host/hostFixture.ts';

const chromiumTest = toolTest('chromium');
const opened: PageInBrowser[] = [];

afterEach(async () => {
  registeredCommands.clear();
  for (const page of opened.splice(0)) await page[Symbol.asyncDispose]();
});

const summary = {
  takenAt: '2026-03-01T10:00:00Z',
  vmName: 'web01',
  serverInstanceUuid: 's',
  proven: 'crash' as const,
};
const volume = { name: 'root', role: 'data', offsetBytes: 0, sizeBytes: 1024 ** 3 };
const content = { kind: 'ext', title: 'ext4' };
const fileSystem = { kind: 'ext4', label: '', journal: 'replayed' as const, problems: [] };

/** What a worker answers for folders; a test changes it. */
type Folders = Readonly<Record<string, readonly GuestNodeDto[] | AppError>>;

/** The page in a real browser, the editor's side as it is, and a worker that answers as the test says. */
async function fixture(folders: Folders = {}) {
  const { host, worker } = hostFixture(new ScriptedUi([]));
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  await host.credentials.keep('repository/main', 'right');
  const sets: BackupSetDto[] = [
    { vmInstanceUuid: 'u', vmName: 'web01', points: [{ ...summary, id: pointId }] },
  ];
  const state = { folders, failure: undefined as AppError | undefined };
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }))
    .on(listPoints, () => {
      if (state.failure !== undefined) throw state.failure;
      return { sets, problems: [] };
    })
    .on(listVolumes, () => ({
      disks: [
        {
          ...{
            deviceKey: 2000,
            label: 'Hard disk 1',
            capacityBytes: 1024 ** 3,
            scheme: 'gpt' as const,
            problems: [],
          },
          volumes: [
            { ...volume, volumeIndex: 1, content },
            { ...volume, volumeIndex: 2, name: 'strange' },
            { ...volume, volumeIndex: 3, name: 'other', content },
          ],
        },
      ],
    }))
    .on(readPoint, () => ({ leftOutDisks: [] }) as never)
    .on(beginSearch, ({ text, isExpression }) => {
      if (text === '(' && isExpression) throw new AppError('INVALID_INPUT', '( is not a regular expression');
      return { search: 1 };
    })
    .on(endSearch, () => ({}))
    .on(statGuestNode, ({ path }) => guestNode(path.slice(path.lastIndexOf('/') + 1)))
    .on(listGuestFolder, ({ path, volumeIndex, offset, limit, nameContains = '' }): GuestListResult => {
      if (state.failure !== undefined) throw state.failure;
      if (volumeIndex === 2) throw new AppError('UNSUPPORTED_FORMAT', 'the file system is not known');
      const all = state.folders[path] ?? [];
      if (all instanceof AppError) throw all;
      const entries = all.filter(({ name }) => name.includes(nameContains));
      return {
        ...{ fileSystem, unreadable: [], totalCount: entries.length, problems: [] },
        entries: entries.slice(offset, offset + limit),
      };
    });
  const lost = new EventEmitter<void>();
  const jobsChanged = new EventEmitter<void>();
  const jobs: JobDto[] = [];
  const browser = new RestoreBrowser({
    worker: Object.assign(worker, { onDidLose: lost.event }),
    ...{ known: host.known, places: host.places, clock: host.clock, random: systemRandom },
    jobs: { all: () => jobs, onDidChange: jobsChanged.event },
    extensionUri: Uri.file('/extension'),
  });
  const panel = new FakeWebviewPanel();
  const inBrowser = await PageInBrowser.open(panel, inject('bundles'));
  opened.push(inBrowser);
  await browser.deserializeWebviewPanel(panel as unknown as WebviewPanel);
  await inBrowser.load();
  const { page } = inBrowser;
  page.setDefaultTimeout(30_000);
  const rows = page.locator('[role=grid] .table-rows [role=row]');
  const names = page.locator('.table-rows .entry-label');
  const status = page.getByRole('status');
  const openVolume = async (name = 'root') => {
    // The only backup set is open already.
    await page.getByRole('treeitem', { name: new RegExp(`^${name}`) }).click();
  };
  return {
    host,
    worker,
    sets,
    state,
    lost,
    jobs,
    jobsChanged,
    inBrowser,
    page,
    rows,
    names,
    status,
    openVolume,
  };
}

chromiumTest('names are text, whatever is in them, and nothing in them runs', async () => {
  const evil = [
    '<img src=x onerror="globalThis.hacked = true">',
    '<script>globalThis.hacked = true</script>',
    'fdp\u202Egnp.exe',
    'two\nlines',
    'שלום עולם.txt',
  ];
  const { openVolume, names, page, inBrowser, sets } = await fixture({
    '/': evil.map(name => guestNode(name)),
  });
  sets[0] = { ...sets[0]!, vmName: 'web01<b>x</b>' };
  await page.getByText('Refresh').click();
  await openVolume();
  await expect
    .poll(async () => await names.allTextContents())
    .toEqual([evil[0], evil[1], 'fdp⟨U+202E⟩gnp.exe', 'two⟨U+000A⟩lines', evil[4]]);
  await expect.poll(async () => await page.locator('nav li').first().textContent()).toBe('web01<b>x</b>');
  expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
  expect(await page.locator('main img, main b').count()).toBe(0);
  // The toolkit probes once whether it may add a style element.
  expect(inBrowser.refused.filter(text => !text.includes('style'))).toEqual([]);
});

chromiumTest(
  'of 100 000 entries only those that are seen exist, and only pages of them are asked for',
  async () => {
    const many = Array.from({ length: 100_000 }, (_, index) =>
      guestNode(`file-${String(index).padStart(6, '0')}`),
    );
    const { openVolume, page, rows, names, status, worker } = await fixture({ '/': many });
    await openVolume();
    await names.getByText('file-000000').waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await names.getByText('file-099999').waitFor();
    await expect.poll(async () => await status.textContent()).toBe('100000 entries. Selected: file-099999');
    await page.evaluate(`(() => {
    const scroller = document.querySelector('.table-scroller');
    scroller.scrollTop = scroller.scrollHeight / 2;
  })()`);
    await names.getByText('file-050000').waitFor();
    expect(await rows.count()).toBeLessThan(60);
    expect(worker.paramsOf(listGuestFolder).length).toBeLessThan(8);
    await page.keyboard.press('Control+a');
    await expect
      .poll(async () => await status.textContent())
      .toMatch(/^More than 1000 entries cannot be selected/);
    await page.keyboard.press('/');
    await page.keyboard.type('0999');
    await expect
      .poll(async () => await status.textContent())
      .toMatch(/^1\d\d entries\. Selected: file-099999$/);
  },
);

chromiumTest(
  'a file system that is not known and a folder that is damaged say so, and can be tried again',
  async () => {
    const { openVolume, page, names, state } = await fixture({
      '/': [guestNode('broken', { kind: 'directory' })],
      '/broken': new AppError('CORRUPT_DATA', 'a block of the folder is damaged', {
        remedy: 'Check the repository',
      }),
    });
    await openVolume('strange');
    await page.getByText('The file system is not known.').waitFor();
    await page.getByRole('treeitem', { name: /^root/ }).click();
    await names.getByText('broken').dblclick();
    await page.getByText('A block of the folder is damaged. Check the repository.').waitFor();
    state.folders = { '/broken': [guestNode('whole again')] };
    await page.getByRole('button', { name: 'Try Again' }).click();
    await names.getByText('whole again').waitFor();
    await page.getByText(/^Changes waited in the journal of this ext4 file system/).waitFor();
  },
);

chromiumTest('the only backup set opens by itself, and what a person has closed stays closed', async () => {
  const { page } = await fixture();
  const tree = page.getByRole('tree', { name: 'Backup sets' });
  const points = tree.getByRole('treeitem', { name: /crash-consistent/ });
  await page.getByRole('treeitem', { name: /^Hard disk 1/ }).waitFor();
  await expect.poll(async () => await points.getAttribute('aria-selected')).toBe('true');
  await tree.locator('[role=treeitem][aria-level="3"]:focus').waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await points.waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('treeitem', { name: /^Hard disk 1/ }).waitFor();
  await tree.getByRole('treeitem', { name: /^web01/ }).waitFor();
  expect(await points.count()).toBe(0);
});

chromiumTest('no more than 1000 entries are selected one by one, and that is said', async () => {
  const many = Array.from({ length: 1001 }, (_, index) => guestNode(`file-${index + 1000}`));
  const { openVolume, page, names, status } = await fixture({ '/': many });
  await openVolume();
  await names.getByText('file-1001').click();
  await page.keyboard.press('Shift+End');
  await expect.poll(async () => await status.textContent()).toBe('1001 entries. 1000 selected');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Space');
  await expect
    .poll(async () => await status.textContent())
    .toMatch(/^More than 1000 entries cannot be selected/);
  await page.keyboard.press('Control+ArrowDown');
  await page.keyboard.press('Space');
  await expect.poll(async () => await status.textContent()).toBe('1001 entries. 999 selected');
});

chromiumTest('a worker that is killed is told, and what was waited for can be tried again', async () => {
  const { openVolume, page, names, state, status, lost } = await fixture({
    '/': [guestNode('etc', { kind: 'directory' })],
    '/etc': [guestNode('hosts')],
  });
  await openVolume();
  state.failure = new AppError('WORKER_LOST', 'the background worker has ended before it answered');
  lost.fire();
  await expect.poll(async () => await status.textContent()).toMatch(/^The background worker has ended\./);
  await names.getByText('etc').dblclick();
  await page.getByText('The background worker has ended before it answered.').waitFor();
  state.failure = undefined;
  await page.getByRole('button', { name: 'Try Again' }).click();
  await names.getByText('hosts').waitFor();
  await page.locator('[role=grid]:focus').waitFor();
});

chromiumTest(
  'a repository that cannot be opened offers what helps; one that is forgotten takes its page along',
  async () => {
    const { openVolume, page, host, status, names } = await fixture({ '/': [guestNode('hosts')] });
    const asked: unknown[] = [];
    registeredCommands.set('quiesce.enterPassword', row => asked.push(row));
    await openVolume();
    await names.getByText('hosts').waitFor();
    await host.credentials.forget('repository/main');
    await page.getByText('Refresh').click();
    const failure = page.getByRole('treeitem', { name: /No password is kept.*Press Enter: Enter Password…/ });
    await failure.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => asked).toMatchObject([{ kind: 'repository', name: 'main' }]);
    await host.known.removeRepository('main');
    await page.getByText(/^No repository has been added/).waitFor();
    await expect
      .poll(async () => await status.textContent())
      .toBe('main is no longer among the repositories.');
    await page.getByText('Choose a restore point on the left').waitFor();
  },
);

chromiumTest(
  'a new restore point appears by itself, and a page that is loaded anew goes on where it was',
  async () => {
    const { openVolume, page, sets, jobs, jobsChanged, names, status } = await fixture({
      '/': [guestNode('etc', { kind: 'directory' })],
      '/etc': [guestNode('group'), guestNode('hosts')],
    });
    await openVolume();
    await names.getByText('etc').dblclick();
    await names.getByText('hosts').click();
    const newer = {
      ...summary,
      id: 'f'.repeat(64),
      takenAt: '2026-03-01T11:00:00Z',
      proven: 'filesystem' as const,
    };
    sets[0] = { ...sets[0]!, points: [newer, ...sets[0]!.points] };
    jobs.push({ id: 'j', kind: 'backup', state: 'succeeded' } as JobDto);
    jobsChanged.fire();
    await page.getByRole('treeitem', { name: /file-system-consistent/ }).waitFor();
    expect(await page.locator('.timeline-mark').count()).toBe(2);
    await page.reload();
    await expect.poll(async () => await status.textContent()).toBe('2 entries. Selected: hosts');
    expect(await page.locator('nav li').allTextContents()).toHaveLength(5);
    expect(await page.locator('[role=row][aria-selected=true]').getAttribute('aria-label')).toMatch(
      /^hosts, file, /,
    );
  },
);

chromiumTest('files are searched with the keyboard; a line is opened where it is', async () => {
  const found = (path: string, volumeIndex: number, lines: readonly string[]) => ({
    at: { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex, path },
    kind: 'file' as const,
    node: guestNode(path.slice(path.lastIndexOf('/') + 1)),
    lines: lines.map((text, index) => ({ number: index + 3, text, column: text.indexOf('db'), length: 2 })),
    hasMoreLines: false,
  });
  const many = Array.from({ length: 3000 }, (_, index) => found(`/srv/${index}.conf`, 3, []));
  const pages: Omit<SearchPageDto, 'isEnd'>[] = [
    {
      found: [found('/etc/<b>hosts', 1, ['10.0.0.1  db', '10.0.0.2 db2'])],
      unsearched: [],
      lookedAtCount: 10,
    },
    {
      found: many,
      unsearched: [{ at: found('/bin/sh', 1, []).at, reason: 'binary', problem: '' }],
      lookedAtCount: 5000,
    },
  ];
  const { openVolume, page, worker, status, inBrowser } = await fixture({
    '/': [guestNode('etc', { kind: 'directory' })],
    '/etc': [guestNode('passwd'), guestNode('<b>hosts')],
  });
  let served = 0;
  worker.on(continueSearch, () => {
    const served2 = pages[served % 2]!;
    served += 1;
    return { ...served2, isEnd: served % 2 === 0 };
  });
  const opened: unknown[] = [];
  registeredCommands.set('vscode.open', address => opened.push(address));
  await openVolume();
  await page.getByRole('link', { name: 'Search Files…' }).click();
  await page.keyboard.type('*.conf');
  await page.keyboard.press('Tab');
  await page.keyboard.type('db');
  await page.keyboard.press('Enter');
  const total = /^3001 found among 5000 files and folders\. 1 not searched, at the end\.$/;
  await expect.poll(async () => await status.textContent()).toMatch(total);
  expect(worker.paramsOf(beginSearch).at(-1)).toMatchObject({
    ...{ point: pointId, deviceKey: 2000, volumeIndex: 1, path: '/', name: '*.conf', text: 'db' },
  });
  const options = page.getByRole('option');
  expect(await options.count()).toBeLessThan(60);
  expect(await options.first().getAttribute('aria-label')).toBe(
    '<b>hosts, file, /etc, 1.5 KiB, 2026-01-02 03:04',
  );
  expect(await page.locator('.results mark').first().textContent()).toBe('db');

  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect.poll(() => opened.length).toBe(1);
  expect(await page.locator('.results').getAttribute('aria-activedescendant')).toBe('result-1');

  // A page that comes back after the file was looked at has searched again, and stands where it was.
  await page.reload();
  await expect.poll(async () => await status.textContent()).toMatch(total);
  await expect.poll(async () => await options.nth(1).getAttribute('aria-selected')).toBe('true');
  await page.getByRole('listbox').focus();
  await page.keyboard.press('End');
  await page.getByText('/bin/sh: not text').waitFor();
  await page.keyboard.press('Home');
  await page.getByRole('button', { name: 'Show in Folder' }).click();
  await expect.poll(async () => await status.textContent()).toBe('2 entries. Selected: <b>hosts');

  await page.getByRole('link', { name: 'Search Files…' }).click();
  await page.getByRole('checkbox', { name: 'Regular expression' }).click();
  const text = page.getByRole('textbox', { name: 'Text in the files' });
  await text.fill('(');
  await text.press('Enter');
  await expect.poll(async () => await status.textContent()).toBe('( is not a regular expression.');
  await text.press('Escape');
  await page.locator('[role=grid]:focus').waitFor();
  expect(inBrowser.refused.filter(refused => !refused.includes('style'))).toEqual([]);
});
