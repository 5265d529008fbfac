import { basename, isAbsolute, normalize } from 'node:path';
import { l10n } from 'vscode';

import { AppError, toAppError } from '../../base/errors.ts';
import { closeRepository, createRepository as createRequest } from '../../protocol/repository.ts';
import type { Host } from '../host.ts';
import { freeName, type KnownRepository } from '../knownPlaces.ts';
import { sentence } from '../model/errorText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import type { Ask, Step } from '../ui/wizard.ts';
import { runSteps } from '../ui/wizard.ts';
import { keepPassword } from './passwords.ts';

interface NewRepository extends KnownRepository {
  readonly password: string;
}

export async function createRepository(host: Host): Promise<void> {
  const title = l10n.t('Create Repository');
  const steps: readonly Step<NewRepository>[] = [
    async (draft, ask) => await askFolder(host, ask, title, l10n.t('Empty or new folder'), draft.folder),
    async (draft, ask) => ({
      password: await ask.input({
        title,
        prompt: l10n.t(
          'Password that encrypts the repository. Nobody can read it without: keep it elsewhere too',
        ),
        value: draft.password ?? '',
        isPassword: true,
        check: async value => await Promise.resolve(value === '' ? l10n.t('Enter a password') : undefined),
      }),
    }),
    async (draft, ask) => {
      await ask.input({
        title,
        prompt: l10n.t('The same password again'),
        isPassword: true,
        check: async (value, signal) => {
          const { name = '', folder = '', password = '' } = draft;
          if (value !== password) return l10n.t('The two passwords differ');
          await host.worker.request(createRequest, { name, folder, password }, signal);
          return undefined;
        },
      });
      return {};
    },
  ];
  await remember(host, await runSteps(host.ui, steps, {}));
}

export async function openRepository(host: Host): Promise<void> {
  const title = l10n.t('Open Repository');
  const steps: readonly Step<NewRepository>[] = [
    async (draft, ask) => await askFolder(host, ask, title, l10n.t('Folder of the repository'), draft.folder),
    async (draft, ask) => ({
      password: await ask.input({
        title,
        prompt: l10n.t('Password of the repository'),
        isPassword: true,
        check: async (password, signal) => {
          const { name = '', folder = '' } = draft;
          await host.places.openRepositoryWith({ name, folder }, password, signal);
          return undefined;
        },
      }),
    }),
  ];
  await remember(host, await runSteps(host.ui, steps, {}));
}

export async function forgetRepository(host: Host, given: PointTreeNode | undefined): Promise<void> {
  const name = given?.kind === 'repository' ? given.name : await chooseKnownRepository(host);
  const isSure = await host.ui.confirm({
    question: l10n.t('Forget the repository {0}?', name),
    lines: [l10n.t('Its password is forgotten. The folder and the restore points in it stay as they are.')],
    action: l10n.t('Forget'),
  });
  if (!isSure) return;
  await host.ui.wait(l10n.t('Closing {0}', name), async signal => {
    await host.worker.request(closeRepository, { name }, signal).catch((error: unknown) => {
      // Not open, or no worker: there is nothing to close. A job that uses it is a reason not to.
      if (AppError.is(error, 'CONFLICT', 'CANCELLED')) throw error;
      host.log.info(`${name} was not closed: ${sentence(toAppError(error))}`);
    });
  });
  await host.credentials.forget(`repository/${name}`);
  await host.known.removeRepository(name);
}

async function chooseKnownRepository(host: Host): Promise<string> {
  const { name } = await runSteps<{ name: string }>(
    host.ui,
    [
      async (_, ask) => ({
        name: await ask.pick({
          title: l10n.t('Forget Repository'),
          placeholder: l10n.t('Repository'),
          whenEmpty: l10n.t('No repository has been added'),
          choices: async () => await Promise.resolve(repositoryChoices(host)),
        }),
      }),
    ],
    {},
  );
  return name;
}

export function repositoryChoices(host: Host) {
  return host.known.repositories().map(({ name, folder }) => ({
    label: name,
    detail: folder,
    icon: 'archive',
    value: name,
  }));
}

async function askFolder(
  host: Host,
  ask: Ask,
  title: string,
  prompt: string,
  value: string | undefined,
): Promise<KnownRepository> {
  const entered = await ask.input({
    title,
    prompt,
    placeholder: l10n.t('Absolute path on the machine where the worker runs'),
    value: value ?? '',
    browse: 'folder',
    check: async path =>
      await Promise.resolve(isAbsolute(path.trim()) ? undefined : l10n.t('Enter an absolute path')),
  });
  const folder = normalize(entered.trim()).replace(/(?<=.)[/\\]+$/, '');
  const known = host.known.repositories();
  const name = known.find(repository => repository.folder === folder)?.name;
  return { folder, name: name ?? freeName(basename(folder) || folder, known) };
}

async function remember(host: Host, { password, ...repository }: NewRepository): Promise<void> {
  await host.known.saveRepository(repository);
  await keepPassword(host, `repository/${repository.name}`, password);
}
