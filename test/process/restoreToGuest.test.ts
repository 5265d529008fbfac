import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { anySignal } from '../support/anySignal.ts';
import { filesBelow } from '../support/faultBench.ts';
import { type CliResult, QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';

const conf = '/etc/web/web.conf';
const numbers = '/home/user/numbers.txt';
const changedText = 'listen = 0.0.0.0\nname = web\nworkers = 400\n';

interface PlanValue {
  readonly items: readonly {
    readonly guestPath: string;
    readonly action: string;
    readonly mode: number;
    readonly uid?: number;
    readonly live?: { readonly sizeBytes: number };
  }[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

describe('guest files back into the running guest, by the command line', () => {
  const cli = new QuiesceCli(join(suiteFolder('to-guest'), 'cli'));
  const said: string[] = [];
  let lab: RunningLab;
  let original: Buffer;
  let originalNumbers: Buffer;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    await cli.setUp(lab);
    await cli.ok('backup', 'web01');
    await cli.ok('backup', 'db01');
    original = await lab.guestBytes('web01', conf);
    originalNumbers = await lab.guestBytes('web01', numbers);
  });
  afterEach(async () => {
    await lab.clearFaults();
    await lab.control('POST', 'vms/web01', { toolsRunning: true, powerState: 'poweredOn' });
    expect(await temporaryFiles()).toEqual([]);
    expect(journalRecords()).toEqual([]);
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    expectNoGuestPassword();
  });

  function journalRecords(): string[] {
    return filesBelow(join(cli.folder, 'state')).filter(path =>
      /owners\/[^/]+\/(?!owner\.json)[^/]+\.json$/.test(path),
    );
  }

  function passwordFileOf(user: string): string {
    return lab.ready.guestAccounts.find(account => account.user === user)!.passwordFile;
  }

  function restoreArguments(paths: readonly string[], user = 'root', password = user): string[] {
    const account = ['--guest-user', user, '--guest-password-file', passwordFileOf(password)];
    return ['restore', 'guest', 'web01', ...paths, ...account];
  }

  async function restore(paths: readonly string[], user = 'root', password = user): Promise<CliResult> {
    return remembered(await cli.run(...restoreArguments(paths, user, password), '--verbose'));
  }

  async function plan(paths: readonly string[], user = 'root'): Promise<PlanValue> {
    return (await cli.json(...restoreArguments(paths, user), '--plan')) as PlanValue;
  }

  function remembered(result: CliResult): CliResult {
    said.push(result.stdout.toString(), result.stderr);
    return result;
  }

  async function temporaryFiles(): Promise<string[]> {
    const names = await Promise.all(
      ['/etc/web', '/home/user'].map(async path => await lab.guestFolder('web01', path)),
    );
    return names.flat().filter(name => name.startsWith('.quiesce-'));
  }

  async function keptAside(folder: string): Promise<string[]> {
    return (await lab.guestFolder('web01', folder)).filter(name => name.includes('.quiesce-before-'));
  }

  async function expectUntouched(content: string): Promise<void> {
    expect((await lab.guestBytes('web01', conf)).toString()).toBe(content);
  }

  function expectNoGuestPassword(): void {
    const secrets = lab.ready.guestAccounts.map(({ passwordFile }) => firstLine(passwordFile));
    const texts = [...said, ...filesBelow(cli.folder).map(path => readFileSync(path, 'latin1'))];
    for (const secret of secrets) expect(texts.filter(text => text.includes(secret))).toEqual([]);
  }
  let firstLine: (path: string) => string = () => '';
  beforeAll(() => {
    const passwords = new Map(
      lab.ready.guestAccounts.map(({ passwordFile }) => [
        passwordFile,
        readFileSync(passwordFile, 'utf8').trim(),
      ]),
    );
    firstLine = path => passwords.get(path)!;
  });

  test('a file that is as it was is skipped, and the plan says so', async () => {
    expect(await plan([conf])).toMatchObject({
      items: [{ guestPath: conf, action: 'skip', mode: 0o644, uid: 0 }],
      problems: [],
      warnings: [],
    });
    const { code, stdout } = await restore([conf]);
    expect([code, stdout.toString()]).toEqual([0, 'Restored 0 files, 0 B, to web01, 1 file there already\n']);
  });

  test('a changed file gets back its bytes, owner, mode and time; what was there is kept under a clear name', async () => {
    const before = await lab.guestFile('web01', conf);
    await lab.writeGuestFile('web01', conf, changedText, { mode: 0o600, uid: 7 });
    const planned = await plan([conf]);
    expect(planned.items).toMatchObject([{ action: 'replace', live: { sizeBytes: changedText.length } }]);
    await expectUntouched(changedText);
    expect((await restore([conf])).code).toBe(0);
    expect(await lab.guestBytes('web01', conf)).toEqual(original);
    expect(await lab.guestFile('web01', conf)).toEqual(before);
    const [aside] = await keptAside('/etc/web');
    expect(aside).toMatch(/^web\.conf\.quiesce-before-\d{8}T\d{9}Z$/);
    expect((await lab.guestBytes('web01', `/etc/web/${aside}`)).toString()).toBe(changedText);
    expect(await lab.guestFile('web01', `/etc/web/${aside}`)).toMatchObject({ mode: 0o600, uid: 7 });
    // Done once more it finds everything there.
    expect((await restore([conf])).stdout.toString()).toContain('1 file there already');
  });

  test('content of the same size that differs is found; owner and mode alone are set without sending anything', async () => {
    await lab.writeGuestFile('web01', conf, original.toString().replace('4', '5'), {
      modifiedAt: (await lab.guestFile('web01', conf))!.modifiedAt,
    });
    expect((await plan([conf])).items).toMatchObject([{ action: 'replace', comparedBy: 'content' }]);
    await lab.writeGuestFile('web01', conf, original.toString(), { mode: 0o777, uid: 12 });
    expect((await plan([conf])).items).toMatchObject([{ action: 'attributes' }]);
    expect((await restore([conf])).stdout.toString()).toContain('Restored 1 file, 0 B');
    expect(await lab.guestFile('web01', conf)).toMatchObject({ mode: 0o644, uid: 0 });
  });

  test('a folder that is gone comes back whole, with its folders; links and what cannot be is told', async () => {
    await removeFromGuest('/home');
    const planned = await plan(['/home/user']);
    expect(planned.items.slice(0, 2)).toMatchObject([
      { kind: 'folder', guestPath: '/home' },
      { kind: 'folder', guestPath: '/home/user' },
    ]);
    expect(planned.problems).toEqual(
      expect.arrayContaining([
        expect.stringContaining(
          '/home/user/to-numbers is a link to numbers.txt, and VMware Tools cannot make links',
        ),
      ]),
    );
    // 3 GiB of holes do not fit into the lab's guest.
    expect(planned.warnings).toEqual([expect.stringContaining('/ has ')]);
    const deep = '/home/user/deep';
    expect((await restore([deep, numbers, '/home/user/Grüße, 世界 & Ωmega.txt'])).code).toBe(0);
    expect(await lab.guestBytes('web01', numbers)).toEqual(originalNumbers);
    expect(await lab.guestFile('web01', numbers)).toMatchObject({
      mode: 0o644,
      modifiedAt: '2026-01-15T08:00:00.000Z',
    });
    const levels = Array.from({ length: 12 }, (_, index) => `level-${String(index + 1).padStart(2, '0')}`);
    const deepest = `${deep}/${levels.join('/')}/here.txt`;
    expect((await lab.guestBytes('web01', deepest)).toString()).toBe('This file lies 12 folders deep\n');
    expect(await lab.guestFile('web01', '/home/user')).toMatchObject({ kind: 'directory', mode: 0o755 });
  });

  test('files of a second disk go to where the guest has it', async () => {
    const path = '/etc/hostname';
    const account = ['--guest-user', 'root', '--guest-password-file', passwordFileOf('root')];
    const command = ['restore', 'guest', 'db01', path, '--disk', '2001', ...account];
    await lab.writeGuestFile('db01', `/data${path}`, 'changed\n');
    await lab.writeGuestFile('db01', path, 'root disk\n');
    expect((await cli.json(...command, '--plan')) as PlanValue).toMatchObject({
      items: [{ guestPath: `/data${path}`, action: 'replace' }],
    });
    await cli.ok(...command);
    expect((await lab.guestBytes('db01', `/data${path}`)).toString()).toBe('guest\n');
    expect((await lab.guestBytes('db01', path)).toString()).toBe('root disk\n');
    const elsewhere = (await cli.json(...command, '--mount', '/', '--plan')) as PlanValue;
    expect(elsewhere.items).toMatchObject([{ guestPath: path, action: 'replace' }]);
  });

  test('a wrong password names VM and account, and nothing is done', async () => {
    await lab.writeGuestFile('web01', conf, changedText);
    const { code, stderr } = await restore([conf], 'root', 'user');
    expect(code).toBe(3);
    expect(stderr).toContain('the guest of web01 does not accept the user root with this password');
    await expectUntouched(changedText);
  });

  test('an account that may not write is told before anything is done', async () => {
    expect((await plan([conf], 'user')).problems).toEqual(['user may not write to /etc/web']);
    const { code, stderr } = await restore([conf], 'user');
    expect(code).toBe(4);
    expect(stderr).toContain('user may not write to /etc/web');
    await expectUntouched(changedText);
  });

  test('an ordinary account restores into its own folder, and the plan tells that the owner is another', async () => {
    await lab.writeGuestFile('web01', '/home/user', undefined, { uid: 1000, gid: 1000 });
    await lab.writeGuestFile('web01', numbers, 'changed\n', { uid: 1000, gid: 1000 });
    const planned = await plan([numbers], 'user');
    expect(planned.warnings).toEqual([
      `${numbers} will belong to user, not to 0:0: only root can give files away`,
    ]);
    expect((await restore([numbers], 'user')).code).toBe(0);
    expect(await lab.guestBytes('web01', numbers)).toEqual(originalNumbers);
    expect(await lab.guestFile('web01', numbers)).toMatchObject({ uid: 1000, gid: 1000, mode: 0o644 });
  });

  test.each([
    ['its tools are off', { toolsRunning: false }, 7, 'VMware Tools do not answer in the guest'],
    ['it is powered off', { powerState: 'poweredOff' }, 6, 'web01 is not powered on'],
  ])('a guest cannot be written to while %s', async (_, state, code, message) => {
    await lab.control('POST', 'vms/web01', state);
    const failed = await restore([conf]);
    expect(failed.code).toBe(code);
    expect(failed.stderr).toContain(message);
  });

  test.each([
    ['is cut in the middle', { kind: 'cut', direction: 'to', afterBytes: 100_000 }, 7],
    ['is refused by the host', { kind: 'unavailable', direction: 'to' }, 7],
    ['arrives damaged', { kind: 'flip', direction: 'to', afterBytes: 1000 }, 9],
    ['is cut while it is read back', { kind: 'cut', direction: 'from', afterBytes: 100_000 }, 7],
  ])('a file that %s leaves the former one as it was, and no temporary file', async (_, fault, code) => {
    await lab.writeGuestFile('web01', numbers, 'former\n', { modifiedAt: '2026-02-01T00:00:00Z' });
    const former = await lab.guestFile('web01', numbers);
    await lab.setFaults({ guestTransfers: [fault] });
    expect((await restore([numbers])).code).toBe(code);
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
    expect(await lab.guestFile('web01', numbers)).toEqual(former);
  });

  test.each([
    ['has run out before it begins', { guestTransferSeconds: 0 }, async () => await Promise.resolve()],
    [
      'its VM left behind when it went to another host',
      {},
      async () => {
        for (const host of ['esx02', 'esx01']) await lab.setVm('web01', { host: `${host}.lab.invalid` });
      },
    ],
  ])('a transfer that %s is told, and the file is what it was', async (_, faults, disturb) => {
    await lab.writeGuestFile('web01', numbers, 'former\n');
    await lab.setFaults({ ...faults, lateAnswers: { InitiateFileTransferToGuest: 500 } });
    const started = cli.start(...restoreArguments([numbers]), '--verbose');
    let isOver = false;
    void started.result.then(() => (isOver = true));
    while (!isOver) {
      await disturb();
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    const { code, stderr } = remembered(await started.result);
    expect({ code, stderr }).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(
        /web01 \/.*: the host no longer knows the transfer\n[^]*Try again: its time had run out, or the VM went to another host/,
      ) as unknown,
    });
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
  });

  test('a guest without room is told as such, and keeps what it had', async () => {
    await lab.writeGuestFile('web01', numbers, 'former\n');
    await lab.setFaults({ guestFreeBytes: { web01: 1000 } });
    const { code, stderr } = await restore([numbers]);
    expect(code).toBe(11);
    expect(stderr).toContain('web01: / has 1000 B left');
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
  });

  test('a file that changes between plan and exchange is not lost', async () => {
    await lab.writeGuestFile('web01', numbers, 'former\n');
    // The content is compared before the exchange; until then somebody writes.
    await lab.setFaults({ delays: { ChangeFileAttributesInGuest: 3000 } });
    const { result } = cli.start(...restoreArguments([numbers]));
    await until(async () => (await temporaryFiles()).length > 0);
    await lab.writeGuestFile('web01', numbers, 'written meanwhile\n');
    const { code, stderr } = remembered(await result);
    expect([code, stderr]).toEqual([6, expect.stringContaining('has changed since the plan was made')]);
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('written meanwhile\n');
  });

  test('cancelled in the middle, it leaves no temporary file', async () => {
    await lab.writeGuestFile('web01', numbers, 'former\n');
    await lab.setFaults({ guestTransfers: [{ kind: 'stall', direction: 'from', afterBytes: 1000 }] });
    const { child, result } = cli.start(...restoreArguments([numbers]));
    await until(async () => (await temporaryFiles()).length > 0);
    child.kill('SIGINT');
    expect(remembered(await result).code).toBe(130);
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
  });

  test('killed in the middle, its file waits for the password, and the guard removes it then', async () => {
    await lab.writeGuestFile('web01', numbers, 'former\n');
    await lab.setFaults({ guestTransfers: [{ kind: 'stall', direction: 'from', afterBytes: 1000 }] });
    const { child, result } = cli.start(...restoreArguments([numbers]));
    await until(async () => (await temporaryFiles()).length > 0);
    child.kill('SIGKILL');
    await result;
    expect(await temporaryFiles()).toHaveLength(1);
    const waiting = remembered(await cli.run('guard'));
    expect(waiting.code).toBe(13);
    expect(waiting.stdout.toString()).toContain('the password of root was not given');
    await guard();
    expect((await lab.guestBytes('web01', numbers)).toString()).toBe('former\n');
  });

  test('killed between the two renames, the guard puts the former file back', async () => {
    await lab.writeGuestFile('web01', numbers, 'former\n');
    const before = await keptAside('/home/user');
    await lab.setFaults({ delays: { MoveFileInGuest: 2000 } });
    const { child, result } = cli.start(...restoreArguments([numbers]));
    await until(async () => (await keptAside('/home/user')).length > before.length);
    expect(await lab.guestFile('web01', numbers)).toBeUndefined();
    child.kill('SIGKILL');
    await result;
    await lab.clearFaults();
    // A request that was on its way may still have been carried out; then the new file is whole.
    await systemClock.sleep(2500, anySignal);
    await guard();
    const now = await lab.guestBytes('web01', numbers);
    expect([originalNumbers.toString(), 'former\n']).toContain(now.toString());
    if (now.toString() === 'former\n') expect(await keptAside('/home/user')).toEqual(before);
  });

  async function guard(): Promise<void> {
    const account = ['--guest-user', 'root', '--guest-password-file', passwordFileOf('root')];
    const { leftovers: guarded } = (await cli.json('guard', ...account)) as {
      readonly leftovers: readonly { readonly kind: string; readonly outcome: string }[];
    };
    expect(guarded.map(({ kind }) => kind)).toContain('guest-temporary-file');
    expect(guarded.filter(({ outcome }) => outcome !== 'removed')).toEqual([]);
  }

  async function removeFromGuest(path: string): Promise<void> {
    await lab.control('POST', `guests/web01/remove?path=${encodeURIComponent(path)}`, {});
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 1) {
    if (waited > 1000) throw new Error('waited for too long');
    await systemClock.sleep(20, anySignal);
  }
}
