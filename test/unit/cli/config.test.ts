import { describe, expect, test } from 'vitest';
import { chooseEntry, type Config, decodeConfig, encodeConfig } from '../../../src/cli/config/config.ts';
import { findPlaces } from '../../../src/cli/config/places.ts';

const config: Config = {
  vcenters: {
    prod: {
      url: 'https://vcenter.example',
      user: 'backup@vsphere.local',
      fingerprint: '5A:0F',
      password: { file: '/home/me/.vc' },
    },
    test: { url: 'https://t', user: 'u', fingerprint: 'AA', password: { environment: 'VC_PASSWORD' } },
  },
  repositories: {
    main: {
      location: '/backups/main',
      password: { command: 'pass show backups' },
      compression: 'max',
      packMiB: 64,
    },
  },
};

test('a configuration survives its text form', () => {
  expect(decodeConfig(encodeConfig(config), 'config.json')).toEqual(config);
});

describe('a configuration is refused by file and field', () => {
  const text = encodeConfig(config);
  const without = (field: string) => text.replace(`"${field}"`, '"other"');

  test.each([
    ['half of it', text.slice(0, 100), /^c\.json is not valid JSON$/],
    ['a list', '[]', /^c\.json does not hold an object$/],
    ['no version', without('version'), /version is missing/],
    ['packs that are too small', text.replace(': 64', ': 2'), /repositories\.main\.packMiB/],
    ['another compression', text.replace('"max"', '"best"'), /repositories\.main\.compression/],
    ['a later version', text.replace('"version": 1', '"version": 2'), /is of version 2/],
    ['no repositories', without('repositories'), /repositories is missing/],
    ['a vCenter without its certificate', without('fingerprint'), /vcenters\.prod\.fingerprint is missing/],
    ['no place for a password', without('file'), /vcenters\.prod\.password must hold exactly one/],
    [
      'two places for a password',
      text.replace('"file": "/home/me/.vc"', '"file": "a", "command": "b"'),
      /vcenters\.prod\.password must hold exactly one/,
    ],
    [
      'a password in place of its place',
      text.replace('{\n        "file": "/home/me/.vc"\n      }', '"hunter2"'),
      /vcenters\.prod\.password is not an object$/,
    ],
  ])('%s', (_what, damaged, message) => {
    expect(damaged).not.toBe(text);
    expect(() => decodeConfig(damaged, 'c.json')).toThrow(message);
  });
});

describe('a command works on', () => {
  test.each([
    ['the one that is named', config.vcenters, 'test', 'vCenter', 'test'],
    ['the only one there is', config.repositories, undefined, 'repository', 'main'],
  ] as const)('%s', (_what, entries, wanted, kind, name) => {
    expect(chooseEntry<unknown>(entries, wanted, kind)).toEqual({
      name,
      entry: (entries as Readonly<Record<string, unknown>>)[name],
    });
  });

  test.each([
    ['nothing if there is none', {}, undefined, 'vCenter', 'NOT_FOUND', /quiesce vcenter add/],
    ['nothing if there is none', {}, undefined, 'repository', 'NOT_FOUND', /quiesce repo init/],
    ['none of several without a word', config.vcenters, undefined, 'vCenter', 'INVALID_INPUT', /--vcenter/],
    ['no other than the one named', config.vcenters, 'prd', 'vCenter', 'NOT_FOUND', /prod, test/],
    ['no property of every object', config.vcenters, 'toString', 'vCenter', 'NOT_FOUND', /prod, test/],
  ] as const)('%s', (_what, entries, wanted, kind, code, remedy) => {
    expect(() => chooseEntry<unknown>(entries, wanted, kind)).toThrow(
      expect.objectContaining({ code, remedy: expect.stringMatching(remedy) as string }) as Error,
    );
  });
});

test('options win over the environment, which wins over the usual places', () => {
  const environment = { QUIESCE_CONFIG: '/env/c.json', QUIESCE_STATE: '/env/state' };
  expect(findPlaces({ config: '/opt/c.json', state: undefined }, environment)).toEqual({
    configFile: '/opt/c.json',
    stateFolder: '/env/state',
  });
  const usual = findPlaces({ config: undefined, state: undefined }, {});
  expect(usual.configFile).toMatch(/quiesce[/\\]config\.json$/);
  expect(usual.stateFolder).toMatch(/quiesce$/);
});
