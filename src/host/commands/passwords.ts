import { l10n } from 'vscode';

import { AppError } from '../../base/errors.ts';
import { openLiveGuest } from '../../protocol/liveGuest.ts';
import { findLiveVms } from '../findLiveVms.ts';
import type { Host } from '../host.ts';
import { settingIds } from '../ids.ts';
import { isOnServer } from '../knownPlaces.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import type { PasswordKey } from '../secrets.ts';
import { runSteps, type Step } from '../ui/wizard.ts';

interface Entered {
  readonly key: PasswordKey;
  readonly password: string;
}

/** For a server, repository or guest whose password was not kept, or has changed. */
export async function enterPassword(
  host: Host,
  given: VmTreeNode | PointTreeNode | undefined,
): Promise<void> {
  const title = l10n.t('Enter Password');
  const key = givenKey(given);
  const steps: readonly Step<Entered>[] = [
    async (_, ask) => ({
      key:
        key ??
        (await ask.pick<PasswordKey>({
          title,
          placeholder: l10n.t('vCenter, repository or guest'),
          whenEmpty: l10n.t('Nothing has been added'),
          choices: async () =>
            await Promise.resolve([
              ...host.known.vcenters().map(({ name, url }) => ({
                label: name,
                detail: url,
                icon: 'server-environment',
                value: `vcenter/${name}` as const,
              })),
              ...host.known.repositories().map(({ name, location }) => ({
                label: name,
                detail: location,
                icon: 'archive',
                value: `repository/${name}` as const,
              })),
              ...host.known
                .repositories()
                .filter(({ location }) => isOnServer(location))
                .map(({ name, location }) => ({
                  label: l10n.t('Account of the server of {0}', name),
                  detail: location,
                  icon: 'server',
                  value: `store/${name}` as const,
                })),
              ...host.known.guests().map(({ name, vmName, user }) => ({
                label: l10n.t('{0} in the guest of {1}', user, vmName),
                icon: 'vm',
                value: `guest/${name}` as const,
              })),
            ]),
        })),
    }),
    async (draft, ask) => ({
      password: await ask.input({
        title,
        prompt: draft.key?.startsWith('store/')
          ? l10n.t(
              'KEY-ID:SECRET-KEY or KEY-ID:SECRET-KEY:SESSION-TOKEN of S3, USER:PASSWORD of a REST server',
            )
          : l10n.t('Password of {0}', draft.key === undefined ? '' : ownerOf(host, draft.key)),
        isPassword: true,
        check: async (password, signal) => {
          if (draft.key !== undefined) await open(host, draft.key, password, signal);
          return undefined;
        },
      }),
    }),
  ];
  const entered = await runSteps(host.ui, steps, {});
  await keepPassword(host, entered.key, entered.password);
  host.refresh();
}

/** Keeps it for the next time; says so if the editor cannot, and what to do about it. */
export async function keepPassword(host: Host, key: PasswordKey, password: string): Promise<void> {
  if (await host.credentials.keep(key, password)) return;
  void host.ui.tell(
    'warning',
    l10n.t(
      'The editor does not keep the password of {0}: its secret storage gave back something else. Until the worker ends it is held in memory; to be asked no more, name a command in the setting {1}.',
      ownerOf(host, key),
      settingIds.passwordCommands,
    ),
    [],
  );
}

/** A guest's key says nothing to a person. */
function ownerOf(host: Host, key: PasswordKey): string {
  const guest = host.known.guests().find(({ name }) => key === `guest/${name}`);
  return guest === undefined ? key : l10n.t('{0} in the guest of {1}', guest.user, guest.vmName);
}

function notFound(vmName: string): AppError {
  return new AppError('NOT_FOUND', l10n.t('{0} is not found on the vCenters', vmName), {
    object: vmName,
    remedy: l10n.t('Connect to the vCenter it is on'),
  });
}

function noPasswordOf(repository: string): AppError {
  return new AppError('AUTHENTICATION', l10n.t('no password is kept for {0}', `repository/${repository}`), {
    object: repository,
    remedy: l10n.t('Enter the password of the repository first'),
  });
}

function givenKey(given: VmTreeNode | PointTreeNode | undefined): PasswordKey | undefined {
  if (given?.kind === 'vcenter') return `vcenter/${given.name}`;
  return given?.kind === 'repository' ? `repository/${given.name}` : undefined;
}

async function open(host: Host, key: PasswordKey, password: string, signal: AbortSignal): Promise<void> {
  const vcenter = host.known.vcenters().find(({ name }) => key === `vcenter/${name}`);
  if (vcenter !== undefined) await host.places.openVCenterWith(vcenter, password, signal);
  const repository = host.known.repositories().find(({ name }) => key === `repository/${name}`);
  if (repository !== undefined) {
    const account = await host.places.account(repository, signal);
    await host.places.openRepositoryWith(repository, { password, account }, signal);
  }
  const stored = host.known.repositories().find(({ name }) => key === `store/${name}`);
  if (stored !== undefined) {
    const own = await host.credentials.find(`repository/${stored.name}`, signal);
    if (own === undefined) throw noPasswordOf(stored.name);
    await host.places.openRepositoryWith(stored, { password: own, account: password }, signal);
  }
  const guest = host.known.guests().find(({ name }) => key === `guest/${name}`);
  if (guest !== undefined) {
    const [vm, ...others] = await findLiveVms(host, guest.name, signal);
    if (vm === undefined || others.length > 0) throw notFound(guest.vmName);
    await host.worker.request(openLiveGuest, { vm, user: guest.user, password }, signal);
  }
}
