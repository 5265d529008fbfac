import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

import type { RunningLab } from './runningLab.ts';

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface StartedCli {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
}

/** A user of the command line: a configuration, a journal and password files of its own in one folder. */
export class QuiesceCli {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#environment = {
      ...process.env,
      QUIESCE_CONFIG: join(folder, 'config.json'),
      QUIESCE_STATE: join(folder, 'state'),
    };
  }

  setEnvironment(name: string, value: string): void {
    this.#environment[name] = value;
  }

  get repositoryFolder(): string {
    return join(this.folder, 'repository');
  }

  get repositoryPasswordFile(): string {
    return join(this.folder, 'repository-password');
  }

  /**
   * Knows the lab as `lab` and a new repository as `main`.
   * @param user  one of the lab's accounts instead of its administrator
   * @param storing  options of `repo init`
   */
  async setUp(lab: RunningLab, user?: string, storing: readonly string[] = []): Promise<void> {
    writeFileSync(this.repositoryPasswordFile, 'correct horse battery staple\n', { mode: 0o600 });
    await this.ok(
      'repo',
      'init',
      'main',
      '--location',
      this.repositoryFolder,
      '--password-file',
      this.repositoryPasswordFile,
      '--no-kit',
      ...storing,
    );
    await this.ok(...addLab('lab', lab, user));
  }

  /** Runs to the end, whatever the outcome. */
  async run(...args: readonly string[]): Promise<CliResult> {
    return await this.start(...args).result;
  }

  /** Runs and returns the result as JSON. @throws if the command fails */
  async json(...args: readonly string[]): Promise<unknown> {
    return JSON.parse((await this.ok(...args, '--json')).toString()) as unknown;
  }

  /** Runs and returns standard output. @throws with standard error if the command fails */
  async ok(...args: readonly string[]): Promise<Buffer> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code === 0) return stdout;
    throw new Error(`quiesce ${args.join(' ')} ended with ${code}\n${stdout.toString()}${stderr}`);
  }

  /** Starts a command that the test wants to disturb. */
  start(...args: readonly string[]): StartedCli {
    return this.#started(process.execPath, [join(inject('bundles'), 'cli.mjs'), ...args], 'ignore');
  }

  /** Starts a command on a terminal: what is written to the child's input is typed, all it says is on its output. */
  startOnTerminal(...args: readonly string[]): StartedCli {
    const terminal = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
    const command = [process.execPath, join(inject('bundles'), 'cli.mjs'), ...args];
    return this.#started('python3', ['-c', terminal, ...command], 'pipe');
  }

  #started(program: string, args: readonly string[], input: 'ignore' | 'pipe'): StartedCli {
    const child = spawn(program, args, { env: this.#environment, stdio: [input, 'pipe', 'pipe'] });
    const result = new Promise<CliResult>((resolve, reject) => {
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout?.on('data', (piece: Buffer) => stdout.push(piece));
      child.stderr?.on('data', (piece: Buffer) => stderr.push(piece));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
      });
    });
    return { child, result };
  }
}

/** The arguments that add a lab as a vCenter. */
export function addLab(name: string, { ready }: RunningLab, account?: string): string[] {
  const { url, fingerprint } = ready;
  const { user, passwordFile } = ready.accounts.find(known => known.user === account) ?? ready;
  return [
    'vcenter',
    'add',
    name,
    '--url',
    url,
    '--user',
    user,
    '--password-file',
    passwordFile,
    '--fingerprint',
    fingerprint,
  ];
}
