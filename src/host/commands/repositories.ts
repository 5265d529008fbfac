import { l10n } from 'vscode';

import { AppError, toAppError } from '../../base/errors.ts';
import { closeRepository } from '../../protocol/repository.ts';
import type { Host } from '../host.ts';
import { sentence } from '../model/errorText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { keepPassword } from './passwords.ts';
import { decideKit } from './decideKit.ts';
import { accountOf, knownOf, placeSteps, type RepositoryPlace } from './repositoryPlace.ts';

export async function createRepository(host: Host): Promise<void> {
  const title = l10n.t('Create Repository');
  const steps = (draft: Partial<RepositoryPlace>): readonly Step<RepositoryPlace>[] => [
    ...placeSteps(host, title, l10n.t('Empty or new folder'), draft),
    async (former, ask) => ({
      password: await ask.input({
        title,
        prompt: l10n.t(
          'Password that encrypts the repository. Nobody can read it without: keep it elsewhere too',
        ),
        value: former.password ?? '',
        isPassword: true,
        check: async value => await Promise.resolve(value === '' ? l10n.t('Enter a password') : undefined),
      }),
    }),
    async (complete, ask) => {
      await ask.input({
        title,
        prompt: l10n.t('The same password again'),
        isPassword: true,
        check: async (value, signal) => {
          const { password = '' } = complete;
          if (value !== password) return l10n.t('The two passwords differ');
          const secrets = { password, account: accountOf(complete) };
          await host.places.createRepositoryWith(knownOf(complete), secrets, signal);
          return undefined;
        },
      });
      return {};
    },
  ];
  const place = await runSteps(host.ui, steps, {});
  await remember(host, place);
  await decideKit(host, place.name);
}

export async function openRepository(host: Host): Promise<void> {
  const title = l10n.t('Open Repository');
  const steps = (draft: Partial<RepositoryPlace>): readonly Step<RepositoryPlace>[] => [
    ...placeSteps(host, title, l10n.t('Folder of the repository'), draft),
    async (complete, ask) => ({
      password: await ask.input({
        title,
        prompt: l10n.t('Password of the repository'),
        isPassword: true,
        check: async (password, signal) => {
          const secrets = { password, account: accountOf(complete) };
          await host.places.openRepositoryWith(knownOf(complete), secrets, signal);
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
    lines: [
      l10n.t('Its passwords are forgotten. The repository and the restore points in it stay as they are.'),
    ],
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
  await host.credentials.forget(`store/${name}`);
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
  return host.known.repositories().map(({ name, location }) => ({
    label: name,
    detail: location,
    icon: 'archive',
    value: name,
  }));
}

async function remember(host: Host, place: RepositoryPlace): Promise<void> {
  const known = knownOf(place);
  const account = accountOf(place);
  // The account first: whoever sees the repository in the view may open it at once.
  if (account !== undefined) await keepPassword(host, `store/${known.name}`, account);
  await keepPassword(host, `repository/${known.name}`, place.password);
  await host.known.saveRepository(known);
}
