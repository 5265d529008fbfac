import { commands, l10n } from 'vscode';

import type { VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { type VmNode, vmRef } from '../model/vmTreeModel.ts';
import { runSteps } from '../ui/wizard.ts';
import { chooseVm } from './choose.ts';

/** Shows what a backup of a VM can reach, why not more and what would help, with the source of every statement. */
export async function explainConsistency(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Explain Consistency');
  const { vm } = await runSteps<{ vm: VmRef }>(
    host.ui,
    [async (_, ask) => ({ vm: vmRef(given ?? (await chooseVm(host, ask, title))) })],
    {},
  );
  const uri = await host.ui.wait(
    l10n.t('Looking at {0}', vm.name),
    async signal => await host.explanations.prepare(vm, signal),
  );
  await commands.executeCommand('markdown.showPreview', uri);
}
