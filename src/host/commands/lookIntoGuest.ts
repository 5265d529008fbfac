import { commands, l10n } from 'vscode';

import { AppError } from '../../base/errors.ts';
import { lookIntoGuest as lookRequest } from '../../protocol/liveGuest.ts';
import type { Host } from '../host.ts';
import { guestLookMarkdown } from '../model/guestLookText.ts';
import { type VmNode, vmRef } from '../model/vmTreeModel.ts';
import { runSteps } from '../ui/wizard.ts';
import { chooseVm } from './choose.ts';
import { chooseGuestAccount } from './guestAccounts.ts';

/** Looks inside a running guest, as one of its accounts, for what the server does not tell; nothing is changed there. */
export async function lookIntoGuest(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Look into the Guest');
  const { node } = await runSteps<{ node: VmNode }>(
    host.ui,
    [async (_, ask) => ({ node: given ?? (await chooseVm(host, ask, title)) })],
    {},
  );
  const { instanceUuid } = node.vm;
  const vm = vmRef(node);
  if (instanceUuid === undefined) {
    throw new AppError('PERMISSION', l10n.t('the identity of {0} cannot be read', vm.name), {
      object: vm.name,
      remedy: l10n.t('Use an account that may read its configuration'),
    });
  }
  await host.ui.wait(l10n.t('Looking at {0}', vm.name), async signal => {
    await host.places.vcenter(vm.vcenter, signal);
  });
  const guest = await chooseGuestAccount(host, title, { vm, instanceUuid });
  const look = await host.ui.wait(
    l10n.t('Looking into the guest of {0}', vm.name),
    async signal => await host.worker.request(lookRequest, guest, signal),
  );
  const name = `${l10n.t('Inside {0}', vm.name)}.md`;
  await commands.executeCommand(
    'markdown.showPreview',
    host.pages.show(name, guestLookMarkdown(vm.name, look, l10n.t)),
  );
}
