import { commands, l10n } from 'vscode';

import { probePrivileges } from '../../protocol/privileges.ts';
import type { Host } from '../host.ts';
import { privilegesMarkdown } from '../model/privilegeText.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import { chooseKnownVCenter } from './vcenters.ts';

/** Shows what the account of a vCenter may do, feature by feature, and what it lacks. */
export async function checkPrivileges(host: Host, given: VmTreeNode | undefined): Promise<void> {
  const { t } = l10n;
  const vcenter =
    given?.kind === 'vcenter' ? given.name : await chooseKnownVCenter(host, t('Check Privileges'));
  const report = await host.ui.wait(t('Asking {0} what the account may do', vcenter), async signal => {
    await host.places.vcenter(vcenter, signal);
    return await host.worker.request(probePrivileges, { vcenter }, signal);
  });
  const uri = host.pages.show(`${t('Privileges on {0}', vcenter)}.md`, privilegesMarkdown(report, t));
  await commands.executeCommand('markdown.showPreview', uri);
}
