import { l10n } from 'vscode';

import type { PointDto } from '../../protocol/point.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { findLiveVms } from '../findLiveVms.ts';
import type { Host } from '../host.ts';
import type { Ask } from '../ui/wizard.ts';
import { chooseVm } from './choose.ts';

/** The VM a restore point was made of; asks if it is not found, or found several times. */
export async function chooseLiveVm(host: Host, ask: Ask, title: string, { vm }: PointDto): Promise<VmRef> {
  const found = await host.ui.wait(
    l10n.t('Looking for {0}', vm.name),
    async signal => await findLiveVms(host, vm.instanceUuid, signal),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    const chosen = await chooseVm(host, ask, title);
    return { vcenter: chosen.vcenter, id: chosen.vm.id, name: chosen.vm.name };
  }
  return await ask.pick({
    title,
    placeholder: l10n.t('Several VMs are {0}; restore into which one?', vm.name),
    whenEmpty: l10n.t('No virtual machine: add a vCenter first'),
    choices: async () =>
      await Promise.resolve(
        found.map(candidate => ({
          label: candidate.name,
          description: candidate.id,
          detail: candidate.vcenter,
          icon: 'vm',
          value: candidate,
        })),
      ),
  });
}
