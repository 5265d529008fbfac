import { join } from 'node:path';
import { l10n } from 'vscode';

import { AppError } from '../../base/errors.ts';
import { listedVms } from '../../client/listedVms.ts';
import type { Host } from '../host.ts';
import type { LabAddress } from '../lab.ts';

/** The lab's data are simulated: this password protects nothing, it only opens. */
const labRepositoryPassword = 'built-in lab';

/** Starts the simulated vCenter and adds it, with a repository for its restore points. */
export async function tryLab(host: Host): Promise<void> {
  const name = l10n.t('Built-in Lab');
  await host.ui.wait(l10n.t('Starting the built-in lab'), async signal => {
    const { password, guestAccount, ...address } = await host.lab.start(signal);
    const vcenter = { name, ...address, isLab: true };
    await host.places.openVCenterWith(vcenter, password, signal);
    await host.credentials.keep(`vcenter/${name}`, password);
    const repository = {
      name: l10n.t('Lab Repository'),
      location: join(host.storageFolder, 'lab-repository'),
    };
    await openOrCreate(host, repository, signal);
    await host.credentials.keep(`repository/${repository.name}`, labRepositoryPassword);
    await host.known.saveRepository(repository);
    await host.known.saveVCenter(vcenter);
    await keepGuestAccounts(host, name, guestAccount, signal);
  });
}

/** Restoring into a guest of the lab asks for nothing either. */
async function keepGuestAccounts(
  host: Host,
  vcenter: string,
  { user, password }: LabAddress['guestAccount'],
  signal: AbortSignal,
): Promise<void> {
  for (const { name: vmName, instanceUuid } of await listedVms(host.worker, vcenter, signal)) {
    if (instanceUuid === undefined) continue;
    await host.credentials.keep(`guest/${instanceUuid}`, password);
    await host.known.saveGuest({ name: instanceUuid, vmName, user });
  }
}

async function openOrCreate(
  host: Host,
  repository: { readonly name: string; readonly location: string },
  signal: AbortSignal,
): Promise<void> {
  const secrets = { password: labRepositoryPassword, account: undefined };
  try {
    await host.places.openRepositoryWith(repository, secrets, signal);
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND')) throw error;
    await host.places.createRepositoryWith(repository, secrets, signal, { withoutKit: true });
  }
}
