import { l10n } from 'vscode';

import { startBackup } from '../../protocol/job.ts';
import {
  type BackupParams,
  type ConsistencyPolicyDto,
  planBackup as planRequest,
  type TransportChoiceDto,
} from '../../protocol/plan.ts';
import type { Host } from '../host.ts';
import { roomText, transportChoices } from '../model/backupOutlook.ts';
import { vmRef, type VmNode } from '../model/vmTreeModel.ts';
import { readNbd, readWholeReads } from '../settings.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { choosePolicy } from './backups.ts';
import { chooseRepository, chooseVm } from './choose.ts';
import { decideKit } from './decideKit.ts';
import { startJob } from './jobs.ts';

interface Planned {
  readonly vm: VmNode;
  readonly repository: string;
  readonly policy: ConsistencyPolicyDto;
  readonly transport: TransportChoiceDto;
}

/** Shows before a backup by what its disks can be read and what that costs; picking one starts it. */
export async function planBackup(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Plan Backup');
  const steps: readonly Step<Planned>[] = [
    async (_, ask) => ({ vm: given ?? (await chooseVm(host, ask, title)) }),
    async (_, ask) => ({
      repository: await chooseRepository(host, ask, title, l10n.t('Repository for the restore point')),
    }),
    async ({ vm }, ask) => ({ policy: await choosePolicy(ask, title, vm === undefined ? [] : [vm]) }),
    async ({ vm, repository = '', policy }, ask) => {
      if (vm === undefined || policy === undefined) return {};
      const plan = await host.ui.wait(
        l10n.t('Looking at what a backup of {0} would cost', vm.vm.name),
        async signal => {
          await host.places.vcenter(vm.vcenter, signal);
          await host.places.repository(repository, signal);
          return await host.worker.request(planRequest, paramsOf({ vm, repository, policy }), signal);
        },
      );
      return {
        transport: await ask.pick({
          title,
          placeholder: l10n.t(
            'By what shall the disks of {0} be read? {1}',
            vm.vm.name,
            roomText(plan.room, l10n.t),
          ),
          whenEmpty: '',
          choices: async () => await Promise.resolve(transportChoices(plan, l10n.t)),
        }),
      };
    },
  ];
  const planned = await runSteps(host.ui, steps, {});
  await decideKit(host, planned.repository);
  await startJob(host, l10n.t('Starting the backup of {0}', planned.vm.vm.name), async signal => {
    await host.places.vcenter(planned.vm.vcenter, signal);
    await host.places.repository(planned.repository, signal);
    const params = { ...paramsOf(planned), transport: planned.transport };
    return await host.worker.request(startBackup, params, signal);
  });
}

function paramsOf({ vm, repository, policy }: Omit<Planned, 'transport'>): BackupParams {
  const wholeReads = readWholeReads();
  const nbd = readNbd();
  return {
    ...{ vm: vmRef(vm), repository, policy },
    ...(wholeReads !== undefined && { wholeReads }),
    ...(nbd !== undefined && { nbd }),
  };
}
