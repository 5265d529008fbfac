import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { toAppError } from '../../../src/base/errors.ts';
import type { PasswordPlace } from '../../../src/cli/config/config.ts';
import { describeError, errorValue } from '../../../src/cli/output.ts';
import { credentialSource } from '../../../src/cli/passwordPlaces.ts';
import { anySignal } from '../../support/anySignal.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** A command line that runs a script in this very program, on any system. */
function command(script: string): PasswordPlace {
  const path = join(temporaryFolder('password'), 'command.mjs');
  writeFileSync(path, script);
  return { command: `"${process.execPath}" "${path}"` };
}

function file(content: string): PasswordPlace {
  const path = join(temporaryFolder('password'), 'secret');
  writeFileSync(path, content);
  return { file: path };
}

async function fetched(place: PasswordPlace, signal = anySignal): Promise<string> {
  return (await credentialSource(place, 'vCenter prod').password(signal)).reveal();
}

describe('a password is the first line', () => {
  test.each([
    ['of a file', () => file('hunter2')],
    ['of a file with more lines', () => file('hunter2\nnotes\n')],
    ['of a file from Windows', () => file('hunter2\r\n')],
    ['that a command prints', () => command('console.log("hunter2"); console.log("user: me");')],
  ])('%s', async (_where, place) => {
    expect(await fetched(place())).toBe('hunter2');
  });

  test('of a variable, looked up each time', async () => {
    vi.stubEnv('QUIESCE_TEST_PASSWORD', 'hunter2');
    expect(await fetched({ environment: 'QUIESCE_TEST_PASSWORD' })).toBe('hunter2');
    vi.stubEnv('QUIESCE_TEST_PASSWORD', 'changed');
    expect(await fetched({ environment: 'QUIESCE_TEST_PASSWORD' })).toBe('changed');
    vi.unstubAllEnvs();
  });

  test('with its blanks: they may belong to it', async () => {
    expect(await fetched(file(' hunter 2 \n'))).toBe(' hunter 2 ');
  });
});

describe('a place without a password', () => {
  test.each([
    ['a missing file', () => ({ file: join(temporaryFolder('password'), 'absent') }), 'NOT_FOUND', /absent/],
    ['an empty file', () => file(''), 'AUTHENTICATION', /password of vCenter prod is empty/],
    ['an empty first line', () => file('\nhunter2'), 'AUTHENTICATION', /is empty: file/],
    [
      'a variable that is not set',
      () => ({ environment: 'QUIESCE_NOT_SET' }),
      'AUTHENTICATION',
      /QUIESCE_NOT_SET/,
    ],
    ['a command that prints nothing', () => command(''), 'AUTHENTICATION', /is empty: command/],
    ['a command that fails', () => command('process.exit(3)'), 'AUTHENTICATION', /failed with 3/],
  ] as const)('is named: %s', async (_what, place, code, message) => {
    await expect(fetched(place())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('does not give away what a failing command printed, in no form of the error', async () => {
    const script = 'console.log("hunter2"); console.error("wrong: hunter2"); process.exit(1);';
    const error = toAppError(await fetched(command(script)).catch((thrown: unknown) => thrown));
    expect(error.code).toBe('AUTHENTICATION');
    const shown = [
      inspect(error, { depth: Infinity, showHidden: true }),
      describeError(error),
      JSON.stringify(errorValue(error)),
      JSON.stringify(error),
    ];
    expect(shown.join(' ')).not.toContain('hunter2');
  });

  test('is not waited for once the work is cancelled', async () => {
    const abort = new AbortController();
    const waiting = fetched(command('setTimeout(() => {}, 5_000);'), abort.signal);
    abort.abort();
    const error = toAppError(await waiting.catch((thrown: unknown) => thrown));
    expect(error.code).toBe('CANCELLED');
  });
});
