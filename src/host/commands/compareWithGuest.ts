import { l10n } from 'vscode';

import type { GuestPath } from '../../protocol/guest.ts';
import type { VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { guestName } from '../model/guestPath.ts';
import { runSteps } from '../ui/wizard.ts';
import { chooseGuestAccount } from './guestAccounts.ts';
import { factsOf, isComparable, planFor, showDifference } from './guestPlan.ts';
import { chooseLiveVm } from './liveVm.ts';

/** Shows what is different between a file of a restore point and the same file in the running guest; changes nothing. */
export async function compareWithGuest(host: Host, title: string, at: GuestPath): Promise<void> {
  const { path, ...volume } = at;
  const pointFacts = await factsOf(host, at);
  const { vm } = await runSteps<{ readonly vm: VmRef }>(
    host.ui,
    [async (_, ask) => ({ vm: await chooseLiveVm(host, ask, title, pointFacts) })],
    {},
  );
  const owner = { vm, instanceUuid: pointFacts.vm.instanceUuid };
  const guest = await chooseGuestAccount(host, title, owner);
  const { params, plan } = await planFor(host, title, { ...volume, paths: [path], guest });
  const item = plan.items.find(({ kind }) => kind === 'file');
  const name = guestName(path);
  if (item?.live === undefined)
    void host.ui.tell('info', l10n.t('The guest of {0} has no {1} now.', vm.name, path), []);
  else if (isComparable(item)) await showDifference(host, params, plan, item);
  else void host.ui.tell('warning', l10n.t('{0} is too large to be compared in an editor.', name), []);
}
