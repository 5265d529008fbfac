import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { type CliResult, QuiesceCli } from './quiesceCli.ts';
import { Restic } from './restic.ts';
import { RunningLab } from './runningLab.ts';

/** How a command must fail. */
export interface ExpectedFailure {
  /** From docs/CLI.md. */
  readonly code: number;
  /** Each must stand in the message: the object it happened to, the cause, the remedy. */
  readonly says: readonly (string | RegExp)[];
}

const password = 'correct horse battery staple';

/**
 * One lab and one user of the command line, and the promises that hold whatever goes wrong: nothing is left on the
 * server or in the repository, the repository is whole, and no password is written anywhere.
 */
export class FaultBench implements AsyncDisposable {
  readonly lab: RunningLab;
  readonly cli: QuiesceCli;
  readonly restic: Restic;
  readonly #vmNames: readonly string[];
  readonly #said: string[] = [];
  readonly #secrets: string[];

  private constructor(lab: RunningLab, cli: QuiesceCli, vmNames: readonly string[]) {
    this.lab = lab;
    this.cli = cli;
    this.restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
    this.#vmNames = vmNames;
    this.#secrets = [password, firstLineOf(lab.ready.passwordFile)];
  }

  /** @param folder  removed by the caller */
  static async start(folder: string, labOptions: readonly string[] = []): Promise<FaultBench> {
    const lab = await RunningLab.start(['--profile', 'small', ...labOptions]);
    const cli = new QuiesceCli(join(folder, 'user'));
    await cli.setUp(lab);
    return new FaultBench(lab, cli, await namesOf(lab));
  }

  /** Runs with everything logged, and remembers what was said. */
  async run(...args: readonly string[]): Promise<CliResult> {
    return await this.start(...args).result;
  }

  /** The same for a command that is to be disturbed once it has said something. */
  start(...args: readonly string[]): {
    readonly child: ReturnType<QuiesceCli['start']>['child'];
    readonly result: Promise<CliResult>;
    /** Resolves when standard error matches; rejects if the command ends before. */
    readonly says: (pattern: RegExp) => Promise<void>;
  } {
    const { child, result } = this.cli.start(...args, '--verbose');
    let stderr = '';
    const remembered = result.then(done => {
      this.#said.push(done.stdout.toString(), done.stderr);
      return done;
    });
    const says = async (pattern: RegExp) => {
      await new Promise<void>((resolve, reject) => {
        const look = () => {
          if (pattern.test(stderr)) resolve();
        };
        child.stderr?.on('data', look);
        child.once('close', () => {
          look();
          reject(new Error(`${args.join(' ')} ended without saying ${String(pattern)}:\n${stderr}`));
        });
        look();
      });
    };
    child.stderr?.on('data', (piece: Buffer) => {
      stderr += piece.toString();
    });
    return { child, result: remembered, says };
  }

  async succeeds(...args: readonly string[]): Promise<CliResult> {
    const result = await this.run(...args);
    expect({ args, code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    return result;
  }

  async fails(args: readonly string[], expected: ExpectedFailure): Promise<CliResult> {
    const result = await this.run(...args);
    expectFailure(result, expected);
    return result;
  }

  /** A file with a password of its own, which must not show up elsewhere either. */
  secretFile(name: string, secret: string): string {
    this.#secrets.push(secret);
    const path = join(this.cli.folder, name);
    writeFileSync(path, `${secret}\n`, { mode: 0o600 });
    return path;
  }

  /** @param newVms  names of VMs that were restored on purpose */
  async expectNothingLeft(newVms: readonly string[] = []): Promise<void> {
    const vms = await this.lab.vms();
    expect({
      snapshots: vms.flatMap(vm => vm.snapshots),
      unexpectedVms: vms.map(vm => vm.name).filter(name => ![...this.#vmNames, ...newVms].includes(name)),
      leases: await this.lab.openLeases(),
      locks: filesBelow(join(this.cli.repositoryFolder, 'locks')),
      journal: this.journalRecords(),
      sessions: await this.liveSessions(),
      partial: filesBelow(this.cli.folder).filter(path => path.includes('.partial')),
    }).toEqual({
      snapshots: [],
      unexpectedVms: [],
      leases: [],
      locks: [],
      journal: [],
      sessions: [],
      partial: [],
    });
  }

  /** Records of leases that nobody has settled. */
  journalRecords(): string[] {
    return filesBelow(join(this.cli.folder, 'state')).filter(path =>
      /owners\/[^/]+\/(?!owner\.json)[^/]+\.json$/.test(path),
    );
  }

  async liveSessions(): Promise<readonly unknown[]> {
    return ((await this.lab.control('GET', 'sessions')) as { live: readonly unknown[] }).live;
  }

  /** Everything the program has said or written outside the password files, in the forms a password may take. */
  expectNoPasswords(): void {
    const written = filesBelow(this.cli.folder)
      .map(path => ({ path, bytes: readFileSync(path) }))
      .filter(({ bytes }) => !this.#secrets.some(secret => bytes.equals(Buffer.from(`${secret}\n`))));
    expect(written.map(({ path }) => path)).toContain(join(this.cli.folder, 'config.json'));
    expect(this.#said.length).toBeGreaterThan(1);
    for (const secret of this.#secrets) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        expect(this.#said.filter(text => text.includes(form))).toEqual([]);
        expect(written.filter(({ bytes }) => bytes.includes(form)).map(({ path }) => path)).toEqual([]);
      }
    }
  }

  /** What every suite ends with. */
  async expectAllGood(newVms: readonly string[] = []): Promise<void> {
    await this.expectNothingLeft(newVms);
    this.expectNoPasswords();
    await this.restic.checkEverything();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    rmSync(this.cli.folder, { recursive: true, force: true });
  }
}

export function expectFailure({ code, stderr }: CliResult, expected: ExpectedFailure): void {
  expect({ code, stderr }).toMatchObject({ code: expected.code });
  for (const part of expected.says) expect(stderr).toMatch(part);
  expect(stderr).toContain('What to do: ');
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
}

export async function namesOf(lab: RunningLab): Promise<readonly string[]> {
  return (await lab.vms()).map(({ name }) => name);
}

/** Paths of all files below a folder, links and sockets included; none if it does not exist. */
export function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function firstLineOf(path: string): string {
  return readFileSync(path, 'utf8').split('\n', 1)[0] ?? '';
}
