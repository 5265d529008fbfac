import { l10n } from 'vscode';

import type { VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { type VmNode, vmRef } from '../model/vmTreeModel.ts';
import { runSteps } from '../ui/wizard.ts';
import { chooseVm } from './choose.ts';

/** Opens the page that answers the four questions about a VM. */
export async function showRecovery(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Show Recovery');
  const { vm } = await runSteps<{ vm: VmRef }>(
    host.ui,
    [async (_, ask) => ({ vm: vmRef(given ?? (await chooseVm(host, ask, title))) })],
    {},
  );
  host.recovery.show(vm);
}
