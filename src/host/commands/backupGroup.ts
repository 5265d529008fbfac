import { l10n } from 'vscode';

import { AppError } from '../../base/errors.ts';
import { startGroupBackup } from '../../protocol/job.ts';
import type { ConsistencyPolicyDto } from '../../protocol/plan.ts';
import type { Host } from '../host.ts';
import { vmRef, type VmNode } from '../model/vmTreeModel.ts';
import { readNbd, readTransport, readWholeReads } from '../settings.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { choosePolicy } from './backups.ts';
import { chooseRepository, chooseVms } from './choose.ts';
import { startJob } from './jobs.ts';
import { decideKit } from './decideKit.ts';

interface GroupBackup {
  readonly vms: readonly VmNode[];
  readonly name: string;
  readonly repository: string;
  readonly policy: ConsistencyPolicyDto;
}

/** Backs up VMs whose snapshots are taken as near together as possible. That is never consistency across VMs. */
export async function backUpGroup(host: Host, given: readonly VmNode[]): Promise<void> {
  const title = l10n.t('Back Up as a Group');
  const steps: readonly Step<GroupBackup>[] = [
    async (_, ask) => ({ vms: given.length > 1 ? given : await chooseVms(host, ask, title, given) }),
    async ({ vms = [], name = '' }, ask) => {
      assertIsGroup(vms);
      return {
        name: await ask.input({
          title,
          prompt: l10n.t(
            'Name of the group of {0}, or nothing. Snapshots are near each other, never consistent across VMs',
            vms.map(({ vm }) => vm.name).join(', '),
          ),
          value: name,
        }),
      };
    },
    async (_, ask) => ({
      repository: await chooseRepository(host, ask, title, l10n.t('Repository for the restore points')),
    }),
    async ({ vms = [] }, ask) => ({ policy: await choosePolicy(ask, title, vms) }),
  ];
  const { vms, name, repository, policy } = await runSteps<GroupBackup>(host.ui, steps, {});
  await decideKit(host, repository);
  const refs = vms.map(vmRef);
  const groupName = name.trim();
  await startJob(host, l10n.t('Starting the backup of the group'), async signal => {
    for (const { vcenter } of refs.slice(0, 1)) await host.places.vcenter(vcenter, signal);
    await host.places.repository(repository, signal);
    const transport = readTransport();
    const wholeReads = readWholeReads();
    const nbd = readNbd();
    const params = {
      ...{ vms: refs, repository, policy },
      ...(wholeReads !== undefined && { wholeReads }),
      ...(groupName !== '' && { groupName }),
      ...(transport !== undefined && { transport }),
      ...(nbd !== undefined && { nbd }),
    };
    return await host.worker.request(startGroupBackup, params, signal);
  });
}

/** One session asks for all snapshots: no other moment could be measured by one clock. */
function assertIsGroup(vms: readonly VmNode[]): void {
  const isOneVCenter = new Set(vms.map(({ vcenter }) => vcenter)).size === 1;
  if (isOneVCenter && vms.length > 1) return;
  throw new AppError('INVALID_INPUT', l10n.t('a group is two or more VMs of one vCenter'), {
    object: 'group',
    remedy: l10n.t('Select VMs of one vCenter'),
  });
}
