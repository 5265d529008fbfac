import { counted } from '../../base/units.ts';
import { addKey, changePassword, removeKey } from '../../core/jobs/repositoryKeys.ts';
import type { KeyEntry } from '../../core/repository/keys.ts';
import type { LockHolder } from '../../core/repository/locks.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { chooseEntry } from '../config/config.ts';
import { changeConfig, readConfig } from '../config/configFile.ts';
import { table } from '../output.ts';
import { credentialSource, describePlace } from '../passwordPlaces.ts';
import { newPasswordOptions, passwordPlace, repositoryOption } from './options.ts';

const shownDigits = 10;

export const keyList: Command = {
  name: 'repo key list',
  summary: 'List the passwords that open a repository, as far as they can be told apart',
  operands: [],
  options: { ...repositoryOption },
  run: async (context, args) => {
    await using repository = await openChosenRepository(context, args);
    const keys = await repository.listKeys(context.signal);
    context.output.result(keys, () => describeKeys(keys));
    return undefined;
  },
};

export const keyAdd: Command = {
  name: 'repo key add',
  summary: 'Let another password open a repository',
  operands: [],
  options: { ...newPasswordOptions, ...repositoryOption },
  run: async (context, args) => {
    const { signal } = context;
    const source = credentialSource(passwordPlace(args, 'new-'), 'the new key');
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const key = { password: await source.password(signal), isRecoveryKit: false };
    const id = await addKey(repository, journal, key, signal);
    context.output.result({ id }, () => `Added key ${id.slice(0, shownDigits)}`);
    return undefined;
  },
};

export const keyRemove: Command = {
  name: 'repo key remove',
  summary: 'Remove a password; whoever copied its key file before keeps access',
  operands: ['KEY'],
  options: { ...repositoryOption },
  run: async (context, args) => {
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const id = await removeKey(repository, journal, args.operand(0), context.signal);
    context.output.result({ id }, () => `Removed key ${id.slice(0, shownDigits)}`);
    return undefined;
  },
};

export const repositoryPassword: Command = {
  name: 'repo password',
  summary: 'Change the password of a repository, and remember where the new one is',
  operands: [],
  options: { ...newPasswordOptions, ...repositoryOption },
  run: async (context, args) => {
    const { signal, places } = context;
    const place = passwordPlace(args, 'new-');
    const { repositories } = await readConfig(places.configFile);
    const { name } = chooseEntry(repositories, args.option('repo'), 'repository');
    const password = await credentialSource(place, `repository ${name}`).password(signal);
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const id = await changePassword(repository, journal, password, signal);
    await changeConfig(places.configFile, config => {
      const entry = config.repositories[name];
      if (entry === undefined) return config;
      return { ...config, repositories: { ...config.repositories, [name]: { ...entry, password: place } } };
    });
    context.output.result(
      { id },
      () => `The password of ${name} is changed, and is found in ${describePlace(place)} from now on`,
    );
    return undefined;
  },
};

export const repositoryUnlock: Command = {
  name: 'repo unlock',
  summary: 'Remove the locks of holders that are gone, and list the others',
  operands: [],
  options: { ...repositoryOption },
  run: async (context, args) => {
    await using repository = await openChosenRepository(context, args);
    const removed = await repository.removeStaleLocks(context.signal);
    const locks = await repository.listLocks(context.signal);
    context.output.result({ removed, locks }, () =>
      [
        `${counted(removed, 'stale lock')} removed`,
        ...(locks.length === 0 ? [] : [describeLocks(locks)]),
      ].join('\n'),
    );
    return undefined;
  },
};

function describeKeys(keys: readonly KeyEntry[]): string {
  return table(
    ['', 'KEY', 'MADE BY', 'ON', 'AT', ''],
    keys.map(key => [
      key.isCurrent ? '*' : '',
      key.id.slice(0, shownDigits),
      key.username,
      key.hostname,
      key.createdAt?.toISOString() ?? '',
      key.isRecoveryKit ? 'recovery kit' : '',
    ]),
  );
}

function describeLocks(locks: readonly LockHolder[]): string {
  return table(
    ['LOCK', 'KIND', 'HELD BY', 'REFRESHED'],
    locks.map(({ id, exclusive, username, hostname, pid, time }) => [
      id.slice(0, shownDigits),
      exclusive ? 'exclusive' : 'shared',
      `${username}@${hostname} (process ${pid})`,
      time.toISOString(),
    ]),
  );
}
