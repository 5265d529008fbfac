import { commands, l10n } from 'vscode';

import { AppError, CancelledError } from '../../base/errors.ts';
import {
  addKey,
  changeRepositoryPassword,
  type KeyDto,
  listKeys,
  removeKey,
} from '../../protocol/maintenance.ts';
import type { Host } from '../host.ts';
import { keysMarkdown, keyText, shortKey } from '../model/maintenanceText.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { chosenRepository } from './maintainRepository.ts';
import { keepPassword } from './passwords.ts';

/** Which passwords open a repository, as far as they can be told apart. */
export async function listRepositoryPasswords(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const repository = await chosenRepository(host, row, l10n.t('List Repository Passwords'));
  const keys = await host.ui.wait(
    l10n.t('Looking at the keys of {0}', repository),
    async signal => await keysOf(host, repository, signal),
  );
  const uri = host.pages.show(
    `${l10n.t('Passwords of {0}', repository)}.md`,
    keysMarkdown(repository, keys, l10n.t),
  );
  await commands.executeCommand('markdown.showPreview', uri);
}

/** Lets another password open the repository; the editor goes on with the one it has. */
export async function addRepositoryPassword(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Add Repository Password');
  const repository = await chosenRepository(host, row, title);
  await runSteps(
    host.ui,
    newPasswordSteps(title, l10n.t('Another password for {0}', repository), async (password, signal) => {
      await host.places.repository(repository, signal);
      await host.worker.request(addKey, { repository, password }, signal);
    }),
    {},
  );
  await host.ui.tell('info', l10n.t('The password opens {0} from now on', repository), []);
}

/** Puts another password in the place of the one the editor uses, and keeps it. */
export async function changePasswordOfRepository(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Change Repository Password');
  const repository = await chosenRepository(host, row, title);
  assertIsKeptHere(host, repository);
  const { password } = await runSteps(
    host.ui,
    newPasswordSteps(title, l10n.t('New password of {0}', repository), async (entered, signal) => {
      await host.places.repository(repository, signal);
      await host.worker.request(changeRepositoryPassword, { repository, password: entered }, signal);
    }),
    {},
  );
  await keepPassword(host, `repository/${repository}`, password);
  const known = host.known.repositories().find(({ name }) => name === repository);
  if (known !== undefined) {
    await host.ui.wait(l10n.t('Opening {0}', repository), async signal => {
      const account = await host.places.account(known, signal);
      await host.places.openRepositoryWith(known, { password, account }, signal);
    });
  }
  await host.ui.tell(
    'info',
    l10n.t(
      'The password of {0} is changed. Whoever copied its key before keeps access with the old one',
      repository,
    ),
    [],
  );
}

/** The command would go on giving the former one, with which the repository could not be opened any more. */
function assertIsKeptHere(host: Host, repository: string): void {
  if (!host.credentials.hasCommand(`repository/${repository}`)) return;
  throw new AppError(
    'CONFLICT',
    l10n.t('the password of {0} comes from a command in the setting quiesce.passwordCommands', repository),
    {
      object: repository,
      remedy: l10n.t(
        'Add the new password, put it where the command finds it, open the repository anew, and then remove the former one',
      ),
    },
  );
}

/** Never the one the editor uses: the repository could not be opened any more. */
export async function removeRepositoryPassword(host: Host, row: PointTreeNode | undefined): Promise<void> {
  const title = l10n.t('Remove Repository Password');
  const repository = await chosenRepository(host, row, title);
  const steps: readonly Step<{ key: KeyDto }>[] = [
    async (_, ask) => ({
      key: await ask.pick({
        title,
        placeholder: l10n.t('Which password shall no longer open {0}?', repository),
        whenEmpty: l10n.t('No other password opens {0}', repository),
        choices: async signal =>
          (await keysOf(host, repository, signal))
            .filter(({ isCurrent }) => !isCurrent)
            .map(key => ({
              label: shortKey(key.id),
              detail: keyText(key, l10n.t),
              icon: 'key',
              value: key,
            })),
      }),
    }),
  ];
  const { key } = await runSteps(host.ui, steps, {});
  const isSure = await host.ui.confirm({
    question: l10n.t('Remove the password with key {0} from {1}?', shortKey(key.id), repository),
    lines: [
      keyText(key, l10n.t),
      l10n.t('It no longer opens the repository. Whoever copied its key before keeps access.'),
    ],
    action: l10n.t('Remove'),
  });
  if (!isSure) throw new CancelledError();
  await host.ui.wait(title, async signal => {
    await host.worker.request(removeKey, { repository, keyId: key.id }, signal);
  });
}

async function keysOf(host: Host, repository: string, signal: AbortSignal): Promise<readonly KeyDto[]> {
  await host.places.repository(repository, signal);
  return (await host.worker.request(listKeys, { repository }, signal)).keys;
}

/** Asks twice, for nobody sees what is typed; `use` is tried with the second answer. */
function newPasswordSteps(
  title: string,
  prompt: string,
  use: (password: string, signal: AbortSignal) => Promise<void>,
): readonly Step<{ password: string }>[] {
  return [
    async (_, ask) => ({
      password: await ask.input({
        title,
        prompt,
        isPassword: true,
        check: async value => await Promise.resolve(value === '' ? l10n.t('Enter a password') : undefined),
      }),
    }),
    async ({ password }, ask) => {
      await ask.input({
        title,
        prompt: l10n.t('The same password again'),
        isPassword: true,
        check: async (value, signal) => {
          if (value !== password) return l10n.t('The two passwords differ');
          await use(value, signal);
          return undefined;
        },
      });
      return {};
    },
  ];
}
