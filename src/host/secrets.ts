import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { l10n, type SecretStorage } from 'vscode';

import { AppError } from '../base/errors.ts';
import type { Settings } from './settings.ts';

/**
 * What a password belongs to: `vcenter/NAME`, `repository/NAME` or `guest/INSTANCE-UUID` of a VM;
 * `volumes/INSTANCE-UUID` is the passphrase of its encrypted volumes. `store/NAME` is the
 * account of the server that stores a repository, with its name in front: `USER:PASSWORD`.
 */
export type PasswordKey =
  `vcenter/${string}` | `repository/${string}` | `store/${string}` | `guest/${string}` | `volumes/${string}`;

/** A command that waits for somebody who is not there must not wait for ever. */
const commandTimeoutMs = 60_000;

/** Passwords of servers, repositories and guests: the configured command's, else the one in the editor's secret storage. */
export class Credentials {
  readonly #secrets: SecretStorage;
  readonly #settings: () => Settings;

  constructor(secrets: SecretStorage, settings: () => Settings) {
    this.#secrets = secrets;
    this.#settings = settings;
  }

  /** @throws AUTHENTICATION if a command is configured and fails */
  async find(key: PasswordKey, signal: AbortSignal): Promise<string | undefined> {
    const commandLine = this.#settings().passwordCommands[key];
    return commandLine === undefined
      ? await this.#secrets.get(key)
      : await runPasswordCommand(key, commandLine, signal);
  }

  /** Whether a command gives it, which goes before whatever is kept. */
  hasCommand(key: PasswordKey): boolean {
    return this.#settings().passwordCommands[key] !== undefined;
  }

  /** Whether the storage gives back what was put in: without a keyring it may accept a secret and lose it. */
  async keep(key: PasswordKey, password: string): Promise<boolean> {
    try {
      await this.#secrets.store(key, password);
      return (await this.#secrets.get(key)) === password;
    } catch {
      return false;
    }
  }

  async forget(key: PasswordKey): Promise<void> {
    await this.#secrets.delete(key);
  }
}

async function runPasswordCommand(key: string, commandLine: string, signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await promisify(exec)(commandLine, {
      signal,
      timeout: commandTimeoutMs,
      windowsHide: true,
    });
    return stdout.split(/\r?\n/, 1)[0] ?? '';
  } catch {
    signal.throwIfAborted();
    // The system's error holds what the command printed, which may be the password: it is not kept as cause.
    throw new AppError('AUTHENTICATION', l10n.t('the password command of {0} failed', key), {
      object: key,
      remedy: l10n.t(
        'Run the command of the setting quiesce.passwordCommands in a terminal and see what it says',
      ),
    });
  }
}
