import { l10n } from 'vscode';

import { AppError } from '../../base/errors.ts';
import { type LiveGuestRef, openLiveGuest } from '../../protocol/liveGuest.ts';
import type { VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { keepPassword } from './passwords.ts';
import { required } from './vcenters.ts';

/** A VM whose guest has accounts; they are kept by its instance UUID. */
export interface GuestOwner {
  readonly vm: VmRef;
  readonly instanceUuid: string;
}

/** The account that is kept, or one that is asked for; the guest has let it in. */
export async function chooseGuestAccount(
  host: Host,
  title: string,
  owner: GuestOwner,
): Promise<LiveGuestRef> {
  return (await knownAccount(host, owner)) ?? (await askGuestAccount(host, title, owner));
}

/** The account that was used before, if the guest still accepts it. */
async function knownAccount(host: Host, { vm, instanceUuid }: GuestOwner): Promise<LiveGuestRef | undefined> {
  const known = host.known.guests().find(({ name }) => name === instanceUuid);
  if (known === undefined) return undefined;
  const guest = { vm, user: known.user };
  return await host.ui.wait(l10n.t('Logging in to the guest of {0}', vm.name), async signal => {
    const password = await host.credentials.find(`guest/${known.name}`, signal);
    if (password === undefined) return undefined;
    try {
      await host.worker.request(openLiveGuest, { ...guest, password }, signal);
      return guest;
    } catch (error) {
      if (!AppError.is(error, 'AUTHENTICATION')) throw error;
      return undefined;
    }
  });
}

/** Asks for an account until the guest accepts it, and keeps it. */
export async function askGuestAccount(
  host: Host,
  title: string,
  { vm, instanceUuid: name }: GuestOwner,
): Promise<LiveGuestRef> {
  const known = host.known.guests().find(guest => guest.name === name);
  const steps: readonly Step<{ readonly user: string; readonly password: string }>[] = [
    async (draft, ask) => ({
      user: await ask.input({
        title,
        prompt: l10n.t('Account in the guest of {0}', vm.name),
        value: draft.user ?? known?.user ?? 'root',
        check: async value => await required(value, l10n.t('Enter the name of an account in the guest')),
      }),
    }),
    async ({ user = '' }, ask) => ({
      password: await ask.input({
        title,
        prompt: l10n.t('Password of {0} in the guest of {1}', user, vm.name),
        isPassword: true,
        check: async (password, signal) => {
          await host.places.vcenter(vm.vcenter, signal);
          await host.worker.request(openLiveGuest, { vm, user, password }, signal);
          return undefined;
        },
      }),
    }),
  ];
  const { user, password } = await runSteps(host.ui, steps, {});
  await host.known.saveGuest({ name, vmName: vm.name, user });
  await keepPassword(host, `guest/${name}`, password);
  return { vm, user };
}
