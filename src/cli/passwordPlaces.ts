import { exec } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import type { CredentialSource } from '../base/credentialSource.ts';
import { AppError } from '../base/errors.ts';
import { fileError } from '../base/node/fileErrors.ts';
import { Secret } from '../base/secret.ts';
import type { PasswordPlace } from './config/config.ts';

/** A password command that hangs (an agent waiting for a person who sleeps) must not hang a night's backups. */
const commandTimeoutMs = 60_000;

/**
 * The password at the place the configuration names.
 * @param owner  whose password it is, for errors
 */
export function credentialSource(place: PasswordPlace, owner: string): CredentialSource {
  return {
    password: async signal => {
      const password = firstLine(await read(place, owner, signal));
      if (password === '') {
        throw new AppError('AUTHENTICATION', `the password of ${owner} is empty: ${describePlace(place)}`, {
          object: owner,
          remedy: 'Put the password in the first line',
        });
      }
      return new Secret(password);
    },
  };
}

export function describePlace(place: PasswordPlace): string {
  if ('file' in place) return `file ${place.file}`;
  if ('command' in place) return `command "${place.command}"`;
  return `environment variable ${place.environment}`;
}

async function read(place: PasswordPlace, owner: string, signal: AbortSignal): Promise<string> {
  if ('file' in place) {
    return await readFile(place.file, { encoding: 'utf8', signal }).catch((error: unknown) => {
      throw fileError(place.file, error);
    });
  }
  if ('command' in place) {
    return await runPasswordCommand(place.command, owner, signal);
  }
  const value = process.env[place.environment];
  if (value !== undefined) return value;
  throw new AppError(
    'AUTHENTICATION',
    `the environment variable ${place.environment} for ${owner} is not set`,
    {
      object: owner,
      remedy: `Set ${place.environment}, or configure a password file or command`,
    },
  );
}

async function runPasswordCommand(command: string, owner: string, signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await promisify(exec)(command, {
      signal,
      timeout: commandTimeoutMs,
      windowsHide: true,
    });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    // The error of the system holds what the command printed, which may be the password: it is not kept as cause.
    const code = error instanceof Error && 'code' in error ? ` with ${String(error.code)}` : '';
    throw new AppError('AUTHENTICATION', `the password command of ${owner} failed${code}: "${command}"`, {
      object: owner,
      remedy: 'Run the command by hand and see what it says',
    });
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}
