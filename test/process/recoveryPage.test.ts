import { EventEmitter, Uri, type WebviewPanel } from 'vscode';
import { afterEach, expect, inject } from 'vitest';

import { AppError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { RecoveryPanels } from '../../src/host/webviews/recovery.ts';
import type { JobDto } from '../../src/protocol/job.ts';
import { type BackupSetDto, listPoints, type PointDto, readPoint } from '../../src/protocol/point.ts';
import {
  listStandings,
  type PointRecoveryDto,
  readPointRecovery,
  type StandingDto,
} from '../../src/protocol/recovery.ts';
import { openRepository } from '../../src/protocol/repository.ts';
import { explainVm, type ExplanationDto, listVms, readVm } from '../../src/protocol/vm.ts';
import { FakeWebviewPanel, registeredCommands } from '../support/fakeVscode.ts';
import { PageInBrowser } from '../support/pageInBrowser.ts';
import { ScriptedUi } from '../support/scriptedUi.ts';
import { toolTest } from '../support/tools.ts';
import { hostFixture, pointId, vmDto } from '../unit/host/hostFixture.ts';

const chromiumTest = toolTest('chromium');
const opened: AsyncDisposable[] = [];

afterEach(async () => {
  registeredCommands.clear();
  for (const page of opened.splice(0)) await page[Symbol.asyncDispose]();
});

const vm = { vcenter: 'vc', id: 'vm-1', name: 'web01' };
const source = { title: 'A guide', url: 'https://example.com/guide' };
const explanation: ExplanationDto = {
  ...{ name: 'web01', instanceUuid: 'uuid-web01', inventoryPath: '/Lab/vm/Production/web01' },
  ...{ level: 'crash', mechanism: 'none', certainty: 'likely', ceiling: 'filesystem', coverage: 'whole-vm' },
  base: { rule: 'OS-LINUX', text: 'Tools freeze it', certainty: 'certain', source },
  limits: [
    {
      ...{ rule: 'TLS-02', text: 'VMware Tools do not run', remedy: 'Start them', certainty: 'certain' },
      ...{ source, cap: 'crash', levelAfterFix: 'filesystem' },
    },
  ],
  ...{ outsideDisks: [], unknowns: [], remarks: [], notes: [] },
};
const summary = { vmName: 'web01', serverInstanceUuid: 's', proven: 'crash' as const };
const older = { ...summary, id: 'e'.repeat(64), takenAt: '2026-02-20T10:00:00Z' };
const newer = { ...summary, id: pointId, takenAt: '2026-03-01T10:00:00Z' };

function pointOf({ id, takenAt }: typeof older): PointDto {
  return {
    ...{ id, takenAt, startedAt: takenAt, finishedAt: takenAt, program: 'quiesce' },
    vm: {
      instanceUuid: 'uuid-web01',
      name: 'web01',
      inventoryPath: '',
      guestName: '',
      powerState: 'poweredOn',
    },
    server: { instanceUuid: 's', address: '', product: '' },
    consistency: {
      ...{ requested: 'filesystem', proven: 'crash', downgrades: [], attempts: [] },
      ...{ applications: [{ name: 'mariadb', rule: 'E9', isProven: true }], volumes: [] },
      evidence: [{ rule: 'E1', statement: 'the snapshot exists' }],
    },
    disks: [
      {
        deviceKey: 2000,
        label: 'Hard disk 1',
        capacityBytes: 1,
        read: {
          mode: 'whole',
          transport: 'nfc-lease',
          fullReason: 'first-backup',
          receivedBytes: 1,
          storedBytes: 1,
        },
      },
    ],
    leftOutDisks: [],
  };
}

const missed: StandingDto = {
  vmId: vm.id,
  goal: { goal: { minimumLevel: 'filesystem' }, setBy: 'kim', setAt: newer.takenAt },
  ...{ state: 'gap', gaps: [{ kind: 'level', text: 'Proven is crash' }], acceptances: [], expired: [] },
  recoveryTime: { kind: 'unknown', why: 'nothing was measured' },
};

/** The page in a real browser, the editor's side as it is, and a worker that answers as the test says. */
async function fixture() {
  const { host, worker, vmsChanged } = hostFixture(new ScriptedUi([]));
  await host.known.saveVCenter({ name: 'vc', url: 'https://vc', user: 'u', fingerprint: 'AA' });
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  await host.credentials.keep('vcenter/vc', 'right');
  await host.credentials.keep('repository/main', 'right');
  const state = {
    explanation,
    standings: [missed] as StandingDto[],
    points: [newer, older],
    failure: undefined as AppError | undefined,
  };
  worker
    .on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }))
    .on(explainVm, () => {
      if (state.failure !== undefined) throw state.failure;
      return state.explanation;
    })
    .on(readVm, () => ({ disks: [{ deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1 }] }) as never)
    .on(listVms, () => ({ vms: [vmDto()] }))
    .on(listStandings, () => ({ standings: state.standings, problems: [] }))
    .on(listPoints, () => {
      const set: BackupSetDto = { vmInstanceUuid: 'uuid-web01', vmName: 'web01', points: state.points };
      return { sets: state.points.length === 0 ? [] : [set], problems: [] };
    })
    .on(readPoint, ({ point }) => pointOf(state.points.find(({ id }) => id === point)!))
    .on(readPointRecovery, (): PointRecoveryDto => ({
      rows: [
        {
          ...{ granularity: 'transaction', isPossible: false, caveats: ['no log chain'], source },
          time: { kind: 'unknown', why: '' },
        },
        {
          ...{ granularity: 'guest-file', isPossible: true, operation: 'Copy files', caveats: [], source },
          time: { kind: 'unknown', why: 'how much is not known' },
        },
        {
          ...{ granularity: 'vm', isPossible: true, operation: 'Restore the whole VM', caveats: [], source },
          time: { kind: 'unknown', why: 'nothing of the kind was measured yet' },
        },
      ],
      volumes: [
        { deviceKey: 2000, volumeIndex: 1, name: 'Hard disk 1, root', fileSystem: 'ext4', isReadable: true },
      ],
      problems: [],
    }));
  const [lost, goals, finished] = [
    new EventEmitter<void>(),
    new EventEmitter<void>(),
    new EventEmitter<JobDto>(),
  ];
  const deps = {
    worker: Object.assign(worker, {
      ...{ onDidLose: lost.event, onDidChangeVms: vmsChanged.event, onDidChangeGoals: goals.event },
    }),
    ...{ known: host.known, places: host.places, clock: host.clock, random: systemRandom },
    jobs: { onDidFinish: finished.event },
    extensionUri: Uri.file('/extension'),
  };
  const panels = new RecoveryPanels(deps);
  const panel = new FakeWebviewPanel();
  const inBrowser = await PageInBrowser.open(panel, inject('bundles'));
  const closePanels = async () => {
    panels.dispose();
    await Promise.resolve();
  };
  opened.push(inBrowser, { [Symbol.asyncDispose]: closePanels });
  await panels.deserializeWebviewPanel(panel as unknown as WebviewPanel, { vm });
  await inBrowser.load();
  const { page } = inBrowser;
  page.setDefaultTimeout(30_000);
  const section = (question: string) => page.getByRole('region', { name: question });
  return { host, worker, state, inBrowser, page, panel, section, goals, finished, vmsChanged, panels };
}

const happy = 'Am I happy with this VM’s backup?';
const consistent = 'How consistent is it?';
const how = 'How can I recover?';
const what = 'What can I recover?';
const limits = 'What limits it';
const evidence = 'Evidence';
const ways = 'Ways to recover';
const contents = 'What is in the restore point';

chromiumTest('the four questions are answered, each with what the answer rests on', async () => {
  const { section, page, inBrowser } = await fixture();
  await section(happy).getByText('No: the goal is missed (1 gaps)').waitFor();
  await section(happy).getByText('Proven is crash.').waitFor();
  await section(happy).getByText('at least file-system-consistent').waitFor();
  for (const title of ['Predicted', 'Requested', 'Proven'])
    await section(consistent).getByText(title, { exact: true }).waitFor();
  await section(limits).getByText('What to do: Start them').waitFor();
  await section(limits).getByText('Hard disk 1: in').waitFor();
  expect(await section(limits).getByRole('link', { name: 'A guide' }).first().getAttribute('href')).toBe(
    'https://example.com/guide',
  );
  await section(how).getByText('Up to a certain transaction · not possible').waitFor();
  await section(ways).getByText('Time: unknown').last().waitFor();
  await section(ways).getByText('nothing of the kind was measured yet').waitFor();
  await section(evidence).getByText('by evidence: E1').waitFor();
  await section(evidence).getByText('Found in: the server: the snapshot as it lists it').waitFor();
  await section(contents)
    .getByRole('row', { name: 'mariadb was at rest E9 Its files are complete' })
    .waitFor();
  await section(what).getByText('mariadb: was at rest').waitFor();
  await section(what).getByText('Hard disk 1, root: ext4, files can be read').waitFor();
  expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
    happy,
    consistent,
    how,
    what,
    limits,
    evidence,
    ways,
    contents,
  ]);
  // The toolkit probes once whether it may add a style element.
  expect(inBrowser.refused.filter(text => !text.includes('style'))).toEqual([]);
});

chromiumTest('names are text, whatever is in them', async () => {
  const { state, page, finished } = await fixture();
  state.explanation = {
    ...explanation,
    inventoryPath: '/Lab/<img src=x onerror="globalThis.hacked=1">\u202E',
  };
  finished.fire({} as JobDto);
  await page.getByText('/Lab/<img src=x onerror="globalThis.hacked=1">⟨U+202E⟩').waitFor();
  expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
});

chromiumTest(
  'along the line of time with the keyboard; the chosen point is there after a reload',
  async () => {
    const { page, section, worker } = await fixture();
    const line = section(what).getByRole('listbox');
    await section(what)
      .getByRole('option', { selected: true, name: /2026-03-01/ })
      .waitFor();
    await line.focus();
    await page.keyboard.press('ArrowLeft');
    await section(what)
      .getByRole('option', { selected: true, name: /2026-02-20.*proven: crash/ })
      .waitFor();
    expect(await section(what).getByRole('option').allTextContents()).toEqual(['C', 'C']);
    await expect
      .poll(() => worker.paramsOf(readPointRecovery).map(({ point }) => point))
      .toEqual([newer.id, older.id]);
    await page.locator('[role=listbox]:focus').waitFor();
    await page.reload();
    await section(what)
      .getByRole('option', { selected: true, name: /2026-02-20/ })
      .waitFor();
  },
);

chromiumTest('Tab goes through the questions in their order, then through what they rest on', async () => {
  const { page, section } = await fixture();
  await section(how).getByRole('button', { name: 'Restore VM…' }).waitFor();
  const seen: string[] = [];
  await page.getByRole('link', { name: 'Glossary' }).focus();
  for (let tab = 0; tab < 14; tab += 1) {
    await page.keyboard.press('Tab');
    seen.push(
      await page.evaluate<string>(
        `document.activeElement.closest('section')?.querySelector('h2').textContent ?? ''`,
      ),
    );
  }
  const order = seen.filter((title, index) => title !== seen[index - 1]);
  expect(order.slice(0, 5)).toEqual([happy, consistent, how, what, limits]);
});

chromiumTest('four answers fit on one screen, and in a narrow window nothing is cut off', async () => {
  const { page, section } = await fixture();
  await section(what).getByText('mariadb: was at rest').waitFor();
  await page.setViewportSize({ width: 920, height: 690 });
  for (const question of [happy, consistent, how, what])
    expect((await section(question).boundingBox())!.y).toBeLessThan(500);
  await page.setViewportSize({ width: 380, height: 690 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(380);
  await section(contents).getByRole('cell', { name: 'Its files are complete' }).waitFor();
});

chromiumTest('what changes is shown and said, and the keyboard stays where it is', async () => {
  const { page, section, state, goals, finished, vmsChanged } = await fixture();
  await section(happy).getByText('No: the goal is missed (1 gaps)').waitFor();
  await section(happy).getByRole('button', { name: 'Set Recovery Goal…' }).focus();
  state.standings = [{ ...missed, state: 'met', gaps: [] }];
  goals.fire();
  await section(happy)
    .getByText(/^Yes: the goal is met now/)
    .waitFor();
  await expect.poll(async () => await page.getByRole('status').textContent()).toMatch(/^Updated\. Yes/);
  expect(await page.locator('tk-button:focus').getAttribute('data-key')).toBe('setGoal');
  state.points = [{ ...newer, id: 'f'.repeat(64), takenAt: '2026-03-01T11:00:00Z' }, newer, older];
  finished.fire({} as JobDto);
  await expect.poll(async () => await section(what).getByRole('option').count()).toBe(3);
  await section(what)
    .getByRole('option', { selected: true, name: /2026-03-01 11:00/ })
    .waitFor();
  state.explanation = { ...explanation, level: 'filesystem', limits: [] };
  vmsChanged.fire({ vcenter: 'vc', changed: [vmDto()], removed: [] });
  await section(limits).getByText('What to do: Start them').waitFor({ state: 'detached' });
});

chromiumTest('buttons lead to the commands, with the row or restore point they are about', async () => {
  const { section } = await fixture();
  const run: [string, unknown][] = [];
  for (const id of [
    'backUpNow',
    'setRecoveryGoal',
    'acceptRecoveryGap',
    'explainConsistency',
    'restoreGuestFile',
    'restoreToGuest',
    'restoreVm',
    'openRestoreBrowser',
  ])
    registeredCommands.set(`quiesce.${id}`, row => run.push([id, row]));
  for (const [question, name] of [
    [happy, 'Back Up Now'],
    [happy, 'Set Recovery Goal…'],
    [happy, 'Accept Gap…'],
    [consistent, 'Explain Consistency'],
    [how, 'Restore Guest File…'],
    [how, 'Restore to Guest…'],
    [how, 'Browse Files'],
    [how, 'Restore VM…'],
    [what, 'Open Restore Browser'],
  ] as const) {
    const before = run.length;
    await section(question).getByRole('button', { name }).click();
    await expect.poll(() => run.length).toBe(before + 1);
  }
  expect(run.map(([id, row]) => [id, (row as { readonly kind: string }).kind])).toEqual([
    ['backUpNow', 'vm'],
    ['setRecoveryGoal', 'vm'],
    ['acceptRecoveryGap', 'vm'],
    ['explainConsistency', 'vm'],
    ['restoreGuestFile', 'point'],
    ['restoreToGuest', 'point'],
    ['openRestoreBrowser', 'point'],
    ['restoreVm', 'point'],
    ['openRestoreBrowser', 'point'],
  ]);
});

chromiumTest(
  'a VM without a restore point, and a server that is away, are said and can be tried again',
  async () => {
    const { section, page, state, goals, host } = await fixture();
    state.points = [];
    state.standings = [];
    goals.fire();
    await section(how).getByText('Not at all: there is no restore point').waitFor();
    await section(what)
      .getByText(/^Nothing: there is no restore point/)
      .waitFor();
    await section(happy).getByText('No goal is set, and there is no restore point').waitFor();
    await host.credentials.forget('repository/main');
    goals.fire();
    await page.getByText(/main is left out: No password is kept/).waitFor();
    state.failure = new AppError('UNREACHABLE', 'the server does not answer');
    goals.fire();
    await page.getByText('The server does not answer.').waitFor();
    state.failure = undefined;
    await page.getByRole('button', { name: 'Try Again' }).click();
    await section(how).waitFor();
  },
);

chromiumTest('every tick of the clock brings ages and goals up to date', async () => {
  const { section, state, host } = await fixture();
  await section(happy).getByText('No: the goal is missed (1 gaps)').waitFor();
  state.standings = [{ ...missed, state: 'met', gaps: [] }];
  await (host.clock as unknown as { advance(ms: number): Promise<void> }).advance(60_000);
  await section(happy)
    .getByText(/^Yes: the goal is met now/)
    .waitFor();
});
