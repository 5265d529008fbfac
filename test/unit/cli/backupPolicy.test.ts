import { expect, test } from 'vitest';

import { chosenPolicy, policyOptions } from '../../../src/cli/backupPolicy.ts';
import { parseArguments } from '../../../src/cli/command.ts';
import {
  type BackupDefaults,
  decodeConfig,
  emptyConfig,
  encodeConfig,
} from '../../../src/cli/config/config.ts';

const command = {
  ...{ name: 'backup', summary: '', operands: [], options: policyOptions },
  run: async () => await Promise.resolve(undefined),
};
const policy = (words: string, defaults?: BackupDefaults) =>
  chosenPolicy(parseArguments(command, words.split(' ').filter(Boolean)), defaults);

test.each([
  ['', {}, { wanted: 'application', minimum: 'filesystem', onShortfall: 'fail', vssBackupType: 'copy' }],
  ['--level crash', {}, { wanted: 'crash', minimum: 'crash' }],
  [
    '--minimum-level application --on-shortfall step-down',
    {},
    { minimum: 'application', onShortfall: 'step-down' },
  ],
  ['', { minimumLevel: 'application', onShortfall: 'ask' }, { minimum: 'application', onShortfall: 'ask' }],
  ['--minimum-level crash', { minimumLevel: 'application' }, { wanted: 'application', minimum: 'crash' }],
  ['--level filesystem', { minimumLevel: 'application' }, { wanted: 'filesystem', minimum: 'filesystem' }],
  ['--quiesce-timeout 30 --vss-backup-type full', {}, { timeoutMinutes: 30, vssBackupType: 'full' }],
] as const)('%j with the defaults %j', (words, defaults, expected) => {
  expect(policy(words, defaults)).toMatchObject(expected);
});

test.each([
  ['--level best', '--level'],
  ['--minimum-level none', '--minimum-level'],
  ['--on-shortfall panic', '--on-shortfall'],
  ['--level crash --minimum-level application', '--minimum-level'],
])('%s is refused', (words, object) => {
  expect(() => policy(words)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', object }) as Error);
});

test('defaults stand in the configuration file', () => {
  const backup = { level: 'application', minimumLevel: 'application', onShortfall: 'step-down' } as const;
  const config = {
    ...emptyConfig,
    backup: { ...backup, quiesceTimeoutMinutes: 20, vssBackupType: 'full' as const },
  };
  expect(decodeConfig(encodeConfig(config), 'config')).toEqual(config);
  expect(() =>
    decodeConfig(encodeConfig({ ...config, backup: { quiesceTimeoutMinutes: 4 } }), 'config'),
  ).toThrow(/quiesceTimeoutMinutes/);
});
