import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { l10n } from 'vscode';

import { AppError, CancelledError } from '../base/errors.ts';
import { JsonReader } from '../base/jsonReader.ts';
import type { Logger } from '../base/logger.ts';

export interface LabAddress {
  readonly url: string;
  readonly fingerprint: string;
  readonly user: string;
  readonly password: string;
  /** Good in every guest of the lab. */
  readonly guestAccount: { readonly user: string; readonly password: string };
}

interface RunningLab {
  readonly process: ChildProcess;
  readonly address: LabAddress;
}

/** The simulated vCenter as a child of the editor: it ends with the window, or when it is disposed of. */
export class Lab {
  readonly #bundleFolder: string;
  readonly #storageFolder: string;
  readonly #logger: Logger;
  readonly #readyFile: string | undefined;
  #running: Promise<RunningLab> | undefined;

  /** @param readyFile  what a lab printed that others have started, if it shall be used instead of one of its own */
  constructor(bundleFolder: string, storageFolder: string, logger: Logger, readyFile?: string) {
    this.#bundleFolder = bundleFolder;
    this.#storageFolder = storageFolder;
    this.#logger = logger;
    this.#readyFile = readyFile;
  }

  /** Starts it, or gives the address of the one that runs. */
  async start(signal: AbortSignal): Promise<LabAddress> {
    if (this.#readyFile !== undefined) return await readAddress(await readFile(this.#readyFile, 'utf8'));
    const running = await this.#running?.catch(() => undefined);
    if (running?.process.exitCode === null && running.process.signalCode === null) return running.address;
    this.#running = this.#launch(signal);
    return (await this.#running).address;
  }

  dispose(): void {
    // The lab ends when its standard input does.
    this.#running?.then(
      ({ process }) => process.stdin?.end(),
      () => undefined,
    );
    this.#running = undefined;
  }

  async #launch(signal: AbortSignal): Promise<RunningLab> {
    const folder = join(this.#storageFolder, 'lab');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const program = join(this.#bundleFolder, 'lab.mjs');
    const child = spawn(
      process.execPath,
      [
        program,
        '--exit-with-parent',
        '--profile',
        'small',
        '--state',
        folder,
        '--images',
        join(folder, 'images'),
      ],
      {
        cwd: folder,
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
      },
    );
    createInterface(child.stderr).on('line', line => this.#logger.info(`lab: ${line}`));
    const stop = () => child.stdin.end();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return { process: child, address: await readAddress(await firstLine(child)) };
    } catch (error) {
      // It ended because it was told to.
      if (signal.aborted) throw new CancelledError();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

/** @throws INTERNAL if the process ends without having printed one */
async function firstLine(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }): Promise<string> {
  return await new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('exit', code => {
      reject(
        new AppError('INTERNAL', l10n.t('the lab ended with {0} before it answered', String(code)), {
          object: 'lab',
          remedy: l10n.t('See why in the log'),
        }),
      );
    });
  });
}

async function readAddress(line: string): Promise<LabAddress> {
  const ready = JsonReader.parse(line, 'first line of the lab');
  const guest = ready.objects('guestAccounts')[0];
  if (guest === undefined) {
    throw new AppError('INTERNAL', l10n.t('the lab names no account of its guests'), { object: 'lab' });
  }
  return {
    url: ready.string('url'),
    fingerprint: ready.string('fingerprint'),
    user: ready.string('user'),
    password: await readPassword(ready),
    guestAccount: { user: guest.string('user'), password: await readPassword(guest) },
  };
}

async function readPassword(account: JsonReader): Promise<string> {
  return (await readFile(account.string('passwordFile'), 'utf8')).replace(/\r?\n$/, '');
}
