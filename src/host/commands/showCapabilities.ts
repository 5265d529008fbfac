import { commands, l10n } from 'vscode';

import type { Host } from '../host.ts';
import { capabilitiesMarkdown } from '../model/capabilityText.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import { chooseKnownVCenter } from './vcenters.ts';

/** Shows what a vCenter or host can do by its version and kind, and what follows from what it cannot. */
export async function showCapabilities(host: Host, given: VmTreeNode | undefined): Promise<void> {
  const { t } = l10n;
  const name =
    given?.kind === 'vcenter' ? given.name : await chooseKnownVCenter(host, t('Show vCenter Capabilities'));
  const vcenter = await host.ui.wait(
    t('Asking {0} what it can do', name),
    async signal => await host.places.vcenter(name, signal),
  );
  const uri = host.pages.show(`${t('Capabilities of {0}', name)}.md`, capabilitiesMarkdown(vcenter, t));
  await commands.executeCommand('markdown.showPreview', uri);
}
