import { resolve } from 'node:path';

import { AppError } from '../../base/errors.ts';
import { MiB } from '../../base/units.ts';
import { formatLocation, parseLocation } from '../../core/repository/location.ts';
import { declineKit } from '../../core/jobs/recoveryKit/kitDecision.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { Command, CommandArguments } from '../command.ts';
import type { RepositoryConfig } from '../config/config.ts';
import { changeConfig, readConfig } from '../config/configFile.ts';
import type { CommandContext } from '../context.ts';
import { kitOption } from '../decideKit.ts';
import { table } from '../output.ts';
import { describePlace } from '../passwordPlaces.ts';
import { chosenStoring, storingOptions } from '../storing.ts';
import { accountOptions, accountPlace, passwordOptions, passwordPlace } from './options.ts';

const options = {
  location: {
    value: 'LOCATION',
    help: 'a folder, s3:https://HOST/BUCKET/PREFIX or rest:https://HOST/PATH',
  },
  ...passwordOptions,
  ...accountOptions,
  ...storingOptions,
  region: { value: 'REGION', help: 'of an S3 bucket, if its server has several' },
  'ca-file': { value: 'FILE', help: "certificates in PEM of the authorities that issued the server's" },
} as const;

export const repositoryInit: Command = {
  name: 'repo init',
  summary: 'Create a repository in an empty or new folder, or on a server',
  operands: ['NAME'],
  options: { ...options, ...kitOption },
  run: async (context, args) => {
    await remember(context, args, 'Created', async (name, configured) => {
      const repository = await context.createRepository(name, configured);
      if (args.flag('no-kit')) await declineKit(repository, context.signal);
      return repository;
    });
    return undefined;
  },
};

export const repositoryOpen: Command = {
  name: 'repo open',
  summary: 'Remember a repository that exists, made by Quiesce or by restic',
  operands: ['NAME'],
  options,
  run: async (context, args) => {
    await remember(
      context,
      args,
      'Opened',
      async (name, repository) => await context.openRepository(name, repository),
    );
    return undefined;
  },
};

export const repositoryList: Command = {
  name: 'repo list',
  summary: 'List the repositories this configuration knows',
  operands: [],
  options: {},
  run: async context => {
    const { repositories } = await readConfig(context.places.configFile);
    context.output.result(repositories, () =>
      table(
        ['NAME', 'LOCATION', 'PASSWORD FROM'],
        Object.entries(repositories).map(([name, { location, password }]) => [
          name,
          location,
          describePlace(password),
        ]),
      ),
    );
    return undefined;
  },
};

export const repositoryRemove: Command = {
  name: 'repo remove',
  summary: 'Forget where a repository is; the repository itself is not touched',
  operands: ['NAME'],
  options: {},
  run: async (context, args) => {
    const name = args.operand(0);
    const { repositories } = await readConfig(context.places.configFile);
    const known = repositories[name];
    if (known === undefined) {
      throw new AppError('NOT_FOUND', `no repository named ${name} is configured`, {
        object: name,
        remedy: 'List them with "quiesce repo list"',
      });
    }
    await changeConfig(context.places.configFile, config => ({
      ...config,
      repositories: Object.fromEntries(
        Object.entries(config.repositories).filter(([other]) => other !== name),
      ),
    }));
    context.output.result(
      { name, location: known.location },
      () => `${name} is forgotten; ${known.location} stays as it is`,
    );
    return undefined;
  },
};

async function remember(
  context: CommandContext,
  args: CommandArguments,
  verb: string,
  open: (name: string, repository: RepositoryConfig) => Promise<Repository>,
): Promise<void> {
  const name = args.operand(0);
  const configured = configuredIn(args);
  await using repository = await open(name, configured);
  await changeConfig(context.places.configFile, config => ({
    ...config,
    repositories: { ...config.repositories, [name]: configured },
  }));
  context.output.result(
    { name, id: repository.id, location: configured.location },
    () => `${verb} repository ${name} (${repository.id.slice(0, 10)}) in ${configured.location}`,
  );
}

function configuredIn(args: CommandArguments): RepositoryConfig {
  const location = parseLocation(args.required('location'));
  const [account, region, caFile] = [accountPlace(args), args.option('region'), args.option('ca-file')];
  const { compression, packBytes } = chosenStoring(args);
  return {
    location: location.kind === 'folder' ? resolve(location.path) : formatLocation(location),
    password: passwordPlace(args),
    ...(account !== undefined && { account }),
    ...(region !== undefined && { region }),
    ...(caFile !== undefined && { caFile: resolve(caFile) }),
    ...(compression !== undefined && { compression }),
    ...(packBytes !== undefined && { packMiB: packBytes / MiB }),
  };
}
